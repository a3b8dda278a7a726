// A limit on repeated calls: a share of the first ones, so that a service in trouble is not called twice as often by all
// its clients. A token bucket: each first call adds a share, each repetition takes one; it starts with, and refills to, a
// small reserve, so that a client with few calls may repeat them too.
// Limits: at most `ceiling` repetitions are saved up.

import type { Scheduler } from '../../runtime/scheduler.ts';

export interface RetryBudgetOptions {
  /** Repetitions for each first call; 0.2: one for five. */
  readonly ratio: number;
  /** Repetitions that are allowed in any case, each second. */
  readonly perSecond: number;
}

const ceiling = 100;

export class RetryBudget {
  readonly #options: RetryBudgetOptions;
  readonly #scheduler: Scheduler;
  #tokens: number;
  #filledMs: number;

  constructor(options: RetryBudgetOptions, scheduler: Scheduler) {
    this.#options = options;
    this.#scheduler = scheduler;
    this.#tokens = options.perSecond;
    this.#filledMs = scheduler.nowMs();
  }

  /** A first call. */
  earn(): void {
    this.#tokens = Math.min(ceiling, this.#tokens + this.#options.ratio);
  }

  /** Takes one; false: there is none, and the call must not be repeated. */
  spend(): boolean {
    const { perSecond } = this.#options;
    const nowMs = this.#scheduler.nowMs();
    // The reserve of a second, not of an hour of silence.
    const refill = ((nowMs - this.#filledMs) / 1000) * perSecond;
    if (this.#tokens < perSecond) this.#tokens = Math.min(perSecond, this.#tokens + refill);
    this.#filledMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
