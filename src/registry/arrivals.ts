// Who joined lately and is on time. Where instances are replaced by others under new names and the old ones are left to
// lapse (a rolling restart by kill), the newcomers make up for the lost: the app is as large as it was, and to hold the
// dead ones would only keep wrong addresses in its answers. They do so only for those who fell silent at about the time
// at which they joined, or later, and only while they are heard themselves: so a fleet that has just started is guarded as
// any other is. Counted by their time of joining, in spans of 15 s; forgotten after eight minutes, when whoever they
// replaced has lapsed.
// Memory: some 300 octets an app, none for one that nobody ever joined (all its instances were restored).

const spanSeconds = 15;
const spans = 32;

export class Arrivals {
  #counts: number[] | undefined;
  /** The latest span that was counted. */
  #latest = 0;

  /** One that joined in `second` (of the monotonic clock) is on time now. */
  add(second: number): void {
    this.#change(second, 1);
  }

  /** It is late now, takes no traffic any more, or has left. To be called for those that were added, once. */
  remove(second: number): void {
    this.#change(second, -1);
  }

  /** Those on time that joined at `fromMs` or after it, or up to a span before. Monotonic milliseconds. */
  since(fromMs: number): number {
    if (this.#counts === undefined) return 0;
    let sum = 0;
    const first = Math.max(spanOf(fromMs / 1000), this.#latest - spans + 1);
    for (let span = first; span <= this.#latest; span++) sum += this.#counts[slotOf(span)] as number;
    return sum;
  }

  #change(second: number, by: number): void {
    const span = spanOf(second);
    this.#counts ??= new Array<number>(spans).fill(0);
    if (span > this.#latest) this.#turnTo(span);
    else if (span <= this.#latest - spans) return;
    const slot = slotOf(span);
    this.#counts[slot] = (this.#counts[slot] as number) + by;
  }

  #turnTo(span: number): void {
    const counts = this.#counts as number[];
    const passed = Math.min(spans, span - this.#latest);
    for (let age = 0; age < passed; age++) counts[slotOf(span - age)] = 0;
    this.#latest = span;
  }
}

function spanOf(second: number): number {
  return Math.floor(second / spanSeconds);
}

function slotOf(span: number): number {
  return ((span % spans) + spans) % spans;
}
