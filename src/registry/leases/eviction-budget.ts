// How many instances may be evicted: a share of the registry within any minute, whatever the reason that so many leases
// ended, so that no mistake of ours or of the network's empties it before an operator can look. In small registries a few
// always may, or a share of ten would be one.

import { RollingMinute } from '../../runtime/rolling-minute.ts';

/** Single crashes in a small registry are never kept waiting. */
const evictionsPerMinuteMin = 3;

export class EvictionBudget {
  readonly #percent: number;
  readonly #spent = new RollingMinute();

  /** `percent` of the registry a minute; 100 and more: no limit. */
  constructor(percent: number) {
    this.#percent = percent;
  }

  /** Evictions a minute for a registry of `size` now: those that left within this minute count as its size. */
  perMinute(size: number, nowMs: number): number {
    if (this.#percent >= 100) return Number.POSITIVE_INFINITY;
    return Math.max(evictionsPerMinuteMin, Math.floor(((size + this.spent(nowMs)) * this.#percent) / 100));
  }

  left(size: number, nowMs: number): number {
    return this.perMinute(size, nowMs) - this.spent(nowMs);
  }

  spent(nowMs: number): number {
    return this.#spent.count(nowMs);
  }

  spend(nowMs: number): void {
    this.#spent.add(nowMs);
  }

  /** When there is more of it again, at the latest; monotonic milliseconds. */
  moreAtMs(nowMs: number): number {
    return this.#spent.lessAtMs(nowMs) ?? nowMs;
  }
}
