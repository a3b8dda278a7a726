// How many times something happened within the last minute, in sixty-one counters of a second each: exact memory, one
// addition an event, no timers. What happened between 60 and 61 s ago may be counted still, what is younger always is:
// a limit that is checked against it holds for every minute, wherever it begins.

const buckets = 61;

export class RollingMinute {
  readonly #counts = new Float64Array(buckets);
  /** The second that is being counted. */
  #second = Number.NEGATIVE_INFINITY;
  #slot = 0;
  #total = 0;

  /** `nowMs`: monotonic milliseconds, not before those of the last call. Called with every renewal: must be cheap. */
  add(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) this.#turnTo(second);
    this.#counts[this.#slot] = (this.#counts[this.#slot] as number) + 1;
    this.#total++;
  }

  count(nowMs: number): number {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) this.#turnTo(second);
    return this.#total;
  }

  /** Monotonic milliseconds at which the oldest that is counted will be no more; undefined where nothing is counted. */
  lessAtMs(nowMs: number): number | undefined {
    if (this.count(nowMs) === 0) return undefined;
    for (let age = buckets - 1; age > 0; age--) {
      if (this.#counts[slotOf(this.#second - age)] !== 0) return (this.#second - age + buckets) * 1000;
    }
    return (this.#second + buckets) * 1000;
  }

  #turnTo(second: number): void {
    const passed = Math.min(buckets, second - this.#second);
    for (let age = 0; age < passed; age++) {
      const slot = slotOf(second - age);
      this.#total -= this.#counts[slot] as number;
      this.#counts[slot] = 0;
    }
    this.#second = second;
    this.#slot = slotOf(second);
  }
}

function slotOf(second: number): number {
  return ((second % buckets) + buckets) % buckets;
}
