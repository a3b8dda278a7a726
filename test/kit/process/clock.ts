// A clock that stands still until a test moves it. Monotonic and wall time are separate, as on a real machine: `advance`
// moves both, `stepWall` is what an NTP step or an operator does to the wall clock alone. Monotonic time starts far
// from 0, so that a forgotten addition shows.

import type { Clock } from '../../../src/runtime/clock.ts';

export class FakeClock implements Clock {
  #monotonicMs = 1_000_000;
  #wallMs = Date.UTC(2026, 0, 1);

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  advance(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`Cannot advance by ${ms} ms: monotonic time only goes forward`);
    this.#monotonicMs += ms;
    this.#wallMs += ms;
  }

  stepWall(ms: number): void {
    this.#wallMs += ms;
  }
}
