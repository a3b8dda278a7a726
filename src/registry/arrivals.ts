// How many instances joined lately, each forgotten by degrees. Where instances are replaced by others under new names and
// the old ones are left to lapse (a rolling restart by kill), the newcomers make up for the lost: the app is as large
// as it was, and to hold the dead ones would only keep wrong addresses in its answers. Behind a cut network nobody can
// join, so this does not weaken the guard where it is needed.
// Small integers alone: there is one of these an app.

/** After this time an arrival counts for a third (1/e): about as long as its predecessor's lease. */
const fadeSeconds = 90;

export class Arrivals {
  #thousandths = 0;
  #second = 0;

  /** `nowMs`: monotonic milliseconds. */
  add(nowMs: number): void {
    this.#thousandths = Math.min(2 ** 30, Math.round(1000 * this.#faded(nowMs)) + 1000);
    this.#second = Math.floor(nowMs / 1000);
  }

  /** Whole arrivals that still count. */
  recent(nowMs: number): number {
    return this.#thousandths === 0 ? 0 : Math.floor(this.#faded(nowMs) + 0.001);
  }

  #faded(nowMs: number): number {
    return (this.#thousandths / 1000) * Math.exp((this.#second - Math.floor(nowMs / 1000)) / fadeSeconds);
  }
}
