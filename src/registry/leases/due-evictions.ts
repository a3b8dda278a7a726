// Instances that may be evicted: those past the guard's ceiling, and those that nothing keeps but the evictions allowed
// per minute. Which of the latter go first is left to chance, fairly over apps (pending-evictions.ts).

import type { MutableRecord } from '../mutable-record.ts';
import { EvictionBudget } from './eviction-budget.ts';
import { PendingEvictions } from './pending-evictions.ts';

export class DueEvictions {
  readonly #budget: EvictionBudget;
  readonly #pending: PendingEvictions<MutableRecord>;
  /** Of the pending ones, those that are not marked as kept yet. */
  #unmarked: MutableRecord[] = [];
  readonly #overdue = new Set<MutableRecord>();

  /** `percent` of the registry a minute. */
  constructor(percent: number, random: () => number) {
    this.#budget = new EvictionBudget(percent);
    this.#pending = new PendingEvictions(random);
  }

  has(stored: MutableRecord): boolean {
    return this.#overdue.has(stored) || this.#pending.has(stored);
  }

  isPending(stored: MutableRecord): boolean {
    return this.#pending.has(stored);
  }

  addOverdue(stored: MutableRecord): void {
    this.#overdue.add(stored);
  }

  addPending(stored: MutableRecord): void {
    this.#pending.add(stored);
    this.#unmarked.push(stored);
  }

  delete(stored: MutableRecord): void {
    this.#overdue.delete(stored);
    this.#pending.delete(stored);
  }

  /** Takes out those to evict now, of `size` instances in all. `isKept`: a hold may have begun since it was added. */
  take(nowMs: number, size: number, limit: number, isKept: (stored: MutableRecord) => boolean): MutableRecord[] {
    // Those past the ceiling first and alone: without them the rest may be held no longer.
    const overdue = [...this.#overdue].slice(0, limit);
    for (const stored of overdue) this.#overdue.delete(stored);
    if (overdue.length > 0) return overdue;
    const taken: MutableRecord[] = [];
    while (taken.length < limit && this.#budget.left(size - taken.length, nowMs) > 0) {
      const stored = this.#pending.draw();
      if (stored === undefined) break;
      if (isKept(stored)) continue;
      this.#budget.spend(nowMs);
      taken.push(stored);
    }
    return taken;
  }

  /** Those that have to wait for another minute, each once. */
  takeUnmarked(nowMs: number, size: number): MutableRecord[] {
    if (this.#unmarked.length === 0) return [];
    if (this.#pending.size > 0 && this.#budget.left(size, nowMs) > 0) return [];
    const waiting = this.#unmarked.filter((stored) => this.#pending.has(stored));
    this.#unmarked = [];
    return waiting;
  }

  /** When the next one can be evicted; undefined: there is none. */
  nextMs(nowMs: number, size: number): number | undefined {
    if (this.#overdue.size === 0 && this.#pending.size === 0) return undefined;
    const isNow = this.#overdue.size > 0 || this.#budget.left(size, nowMs) > 0;
    return isNow ? nowMs : this.#budget.moreAtMs(nowMs);
  }

  counts(nowMs: number, size: number) {
    return {
      perMinute: this.#budget.perMinute(size, nowMs),
      lastMinute: this.#budget.spent(nowMs),
      waiting: this.#pending.size,
    };
  }
}
