// Leases that have ended and whose instances are still to be evicted, in the order in which that was decided: DNS may stop
// answering with very many of them before the first eviction, which takes ten times as long. One that is heard before
// its eviction is taken out, and stays.

import type { MutableRecord } from '../mutable-record.ts';

export class EndedLeases {
  /** And when it was decided: monotonic milliseconds. */
  readonly #endedMs = new Map<MutableRecord, number>();

  get size(): number {
    return this.#endedMs.size;
  }

  has(stored: MutableRecord): boolean {
    return this.#endedMs.has(stored);
  }

  add(stored: MutableRecord, nowMs: number): void {
    this.#endedMs.set(stored, nowMs);
  }

  /** False: it was not among them. */
  delete(stored: MutableRecord): boolean {
    return this.#endedMs.delete(stored);
  }

  /** Those that ended first, and when. They are among them until they have left. */
  first(limit: number): (readonly [stored: MutableRecord, endedMs: number])[] {
    const first: (readonly [MutableRecord, number])[] = [];
    for (const one of this.#endedMs) {
      if (first.length >= limit) break;
      first.push(one);
    }
    return first;
  }
}
