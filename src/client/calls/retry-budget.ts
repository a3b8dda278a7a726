// How many repeated calls there may be beside the first ones: a share of them, so that a failing service is not called
// twice as much by all its clients, just when it has trouble. A bucket: each call puts a share in, each repetition takes
// one out; it begins with, and in quiet times is filled up to, a small reserve, so that few calls may be repeated too.
// Limits: `ceiling` repetitions can be saved up.

import type { Time } from '../time.ts';

export interface RetryBudgetOptions {
  /** Repetitions for each first call; 0.2: one for five. */
  readonly ratio: number;
  /** Repetitions that are allowed anyhow, each second. */
  readonly perSecond: number;
}

const ceiling = 100;

export class RetryBudget {
  readonly #options: RetryBudgetOptions;
  readonly #time: Time;
  #tokens: number;
  #filledMs: number;

  constructor(options: RetryBudgetOptions, time: Time) {
    this.#options = options;
    this.#time = time;
    this.#tokens = options.perSecond;
    this.#filledMs = time.monotonicMs();
  }

  /** A first call. */
  earn(): void {
    this.#tokens = Math.min(ceiling, this.#tokens + this.#options.ratio);
  }

  /** Takes one; false: there is none, the call must not be repeated. */
  spend(): boolean {
    const { perSecond } = this.#options;
    const nowMs = this.#time.monotonicMs();
    // The reserve of a second, not of an hour of silence.
    const refill = ((nowMs - this.#filledMs) / 1000) * perSecond;
    if (this.#tokens < perSecond) this.#tokens = Math.min(perSecond, this.#tokens + refill);
    this.#filledMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
