// Instances that joined lately and renew on time. Where instances are replaced by others under new names and the leases of
// the old ones just end (a rolling restart by kill), the new ones make up for the lost: the app is as large as it was, and
// holding the dead ones would only keep wrong addresses in its answers. A new instance makes up only for one that fell silent
// at about the time at which it joined, or later, and only while it renews: so a fleet that has just started is guarded
// like any other. Counted by their time of joining, in spans of 15 s; forgotten after eight minutes, when those that they
// replaced are gone.
// Memory: two numbers for each span with a join, none for an app without joins (all its instances
// were restored).

const spanSeconds = 15;
const spans = 32;

export class RecentJoins {
  /** A span and how many joined in it, by turns; in no order. */
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
    const counts = this.#counts;
    if (counts === undefined) return 0;
    const first = Math.max(spanOf(fromMs / 1000), this.#latest - spans + 1);
    let sum = 0;
    for (let at = 0; at < counts.length; at += 2) if ((counts[at] as number) >= first) sum += counts[at + 1] as number;
    return sum;
  }

  #change(second: number, by: number): void {
    const span = spanOf(second);
    const counts = this.#counts ?? [];
    this.#counts = counts;
    if (span > this.#latest) this.#latest = span;
    else if (span <= this.#latest - spans) return;
    for (let at = 0; at < counts.length; at += 2) {
      if (counts[at] !== span) continue;
      counts[at + 1] = (counts[at + 1] as number) + by;
      return;
    }
    // Copied once more, since a list that is built has room for sixteen to come.
    this.#counts = [...this.#known(), span, by].slice();
  }

  /** Without those that are forgotten: a new span is the time for it. */
  *#known(): Generator<number> {
    const counts = this.#counts as number[];
    for (let at = 0; at < counts.length; at += 2) {
      const [span, count] = [counts[at] as number, counts[at + 1] as number];
      if (span > this.#latest - spans && count !== 0) yield* [span, count];
    }
  }
}

function spanOf(second: number): number {
  return Math.floor(second / spanSeconds);
}
