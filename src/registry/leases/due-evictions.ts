// Instances that may be evicted: those past the guard's ceiling, and those that nothing keeps but the evictions allowed
// per minute. Which of the latter go first is left to chance, fairly over apps (pending-evictions.ts).
// Those that were never heard again after their registration have a budget of their own: a client that registers and
// never renews would otherwise use up what lets the dead of others go.

import type { MutableRecord } from '../mutable-record.ts';
import { EvictionBudget } from './eviction-budget.ts';
import { PendingEvictions } from './pending-evictions.ts';

interface Room {
  readonly nowMs: number;
  /** Of the registry. */
  readonly size: number;
  readonly limit: number;
  /** Those whose leases have ended since the last time. */
  readonly fresh: readonly MutableRecord[];
}

interface Lane {
  readonly budget: EvictionBudget;
  readonly pending: PendingEvictions<MutableRecord>;
}

export class DueEvictions {
  readonly #heard: Lane;
  readonly #unheard: Lane;
  readonly #lanes: readonly Lane[];
  /** Of the pending ones, those that are not marked as kept yet. */
  #unmarked: MutableRecord[] = [];
  readonly #overdue = new Set<MutableRecord>();

  /** `percent` of the registry a minute, of each of the two kinds. */
  constructor(percent: number, random: () => number) {
    const lane = (): Lane => ({ budget: new EvictionBudget(percent), pending: new PendingEvictions(random) });
    this.#heard = lane();
    this.#unheard = lane();
    this.#lanes = [this.#heard, this.#unheard];
  }

  has(stored: MutableRecord): boolean {
    return this.#overdue.has(stored) || this.isPending(stored);
  }

  isPending(stored: MutableRecord): boolean {
    return this.#lanes.some(({ pending }) => pending.has(stored));
  }

  addOverdue(stored: MutableRecord): void {
    this.#overdue.add(stored);
  }

  delete(stored: MutableRecord): void {
    if (this.#overdue.size > 0) this.#overdue.delete(stored);
    for (const { pending } of this.#lanes) if (pending.size > 0) pending.delete(stored);
  }

  /** Takes out those to evict now. `isKept`: a hold may have begun since one was added. */
  take({ nowMs, size, limit, fresh }: Room, isKept: (stored: MutableRecord) => boolean): MutableRecord[] {
    if (this.#hasRoomForAll({ nowMs, size, limit, fresh })) {
      for (const { isHeard } of fresh) (isHeard ? this.#heard : this.#unheard).budget.spend(nowMs);
      return [...fresh];
    }
    for (const stored of fresh) this.#addPending(stored);
    // Those past the ceiling first and alone: without them the rest may be held no longer.
    const overdue = [...this.#overdue].slice(0, limit);
    for (const stored of overdue) this.#overdue.delete(stored);
    if (overdue.length > 0) return overdue;
    const taken: MutableRecord[] = [];
    for (const { budget, pending } of this.#lanes) {
      while (taken.length < limit && budget.left(size - taken.length, nowMs) > 0) {
        const stored = pending.draw();
        if (stored === undefined) break;
        if (isKept(stored)) continue;
        budget.spend(nowMs);
        taken.push(stored);
      }
    }
    return taken;
  }

  /** None waits, and all that come may go: then none has to be drawn. */
  #hasRoomForAll({ nowMs, size, limit, fresh }: Room): boolean {
    if (this.#overdue.size > 0 || this.#lanes.some(({ pending }) => pending.size > 0)) return false;
    const left = Math.min(...this.#lanes.map(({ budget }) => budget.left(size - fresh.length, nowMs)));
    return fresh.length <= Math.min(limit, left);
  }

  #addPending(stored: MutableRecord): void {
    const { pending } = stored.isHeard ? this.#heard : this.#unheard;
    pending.add(stored);
    this.#unmarked.push(stored);
  }

  /** Those that have to wait for another minute, each once. */
  takeUnmarked(nowMs: number, size: number): MutableRecord[] {
    if (this.#unmarked.length === 0) return [];
    if (this.#lanes.some((lane) => isNow(lane, nowMs, size))) return [];
    const waiting = this.#unmarked.filter((stored) => this.isPending(stored));
    this.#unmarked = [];
    return waiting;
  }

  /** When the next one can be evicted; undefined: there is none. */
  nextMs(nowMs: number, size: number): number | undefined {
    if (this.#overdue.size > 0) return nowMs;
    const waiting = this.#lanes.filter(({ pending }) => pending.size > 0);
    if (waiting.length === 0) return undefined;
    return Math.min(...waiting.map((lane) => (isNow(lane, nowMs, size) ? nowMs : lane.budget.moreAtMs(nowMs))));
  }

  /** Of those that had been heard; `waiting` are all. */
  counts(nowMs: number, size: number) {
    const { budget } = this.#heard;
    return {
      perMinute: budget.perMinute(size, nowMs),
      lastMinute: budget.spent(nowMs),
      waiting: this.#heard.pending.size + this.#unheard.pending.size,
    };
  }
}

function isNow({ budget, pending }: Lane, nowMs: number, size: number): boolean {
  return pending.size > 0 && budget.left(size, nowMs) > 0;
}
