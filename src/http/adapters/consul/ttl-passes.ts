// When the TTL checks of instances that have several of them passed last. Such an instance has one lease, for as long as
// the shortest of its TTLs, which is renewed by any of its checks as long as none of the others is overdue. So a check that
// falls silent makes the instance critical one shortest TTL after its own at the latest.
// Limits: one entry for each check of such an instance, the oldest go first. A check without one counts as heard when it
// is first asked for: after a restart every lease starts afresh.

import { LRUCache } from 'lru-cache';
import type { Instance } from '../../../model/instance.ts';
import { checkKey, type KeptCheck } from './part.ts';

const checksMax = 20_000;

export class TtlPasses {
  readonly #heardMs = new LRUCache<string, number>({ max: checksMax });

  /** Monotonic milliseconds. */
  heard(instance: Instance, { id }: KeptCheck, nowMs: number): void {
    this.#heardMs.set(checkKey(instance, id), nowMs);
  }

  isOverdue(instance: Instance, { id, ttlMs = 0 }: KeptCheck, nowMs: number): boolean {
    const key = checkKey(instance, id);
    const heardMs = this.#heardMs.get(key);
    if (heardMs === undefined) this.#heardMs.set(key, nowMs);
    return heardMs !== undefined && nowMs - heardMs > ttlMs;
  }
}
