// How many renewals a minute are expected of all instances, each at its own interval, and how many came. Other registries
// recount from time to time what they expect; here the sum follows every change, in whole thousandths, so that it
// stays exact over millions of additions.

import { RollingMinute } from '../../runtime/rolling-minute.ts';

export class RenewalRates {
  readonly #seen = new RollingMinute();
  #thousandths = 0;

  expect(intervalMs: number): void {
    this.#thousandths += thousandthsPerMinute(intervalMs);
  }

  expectNoMore(intervalMs: number): void {
    this.#thousandths -= thousandthsPerMinute(intervalMs);
  }

  /** An instance has another interval from now on. */
  move(member: { intervalMs: number }, intervalMs: number): void {
    this.expectNoMore(member.intervalMs);
    this.expect(intervalMs);
    member.intervalMs = intervalMs;
  }

  /** Hot: called with every renewal. */
  seen(nowMs: number): void {
    this.#seen.add(nowMs);
  }

  get expectedPerMinute(): number {
    return Math.round(this.#thousandths / 1000);
  }

  ofLastMinute(nowMs: number): number {
    return this.#seen.count(nowMs);
  }
}

function thousandthsPerMinute(intervalMs: number): number {
  return Math.round(60_000_000 / intervalMs);
}
