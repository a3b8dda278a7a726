// How long an instance may stay: with checks, for as long as nobody cancels it, since rollcall looks after it itself;
// without, by its lease (leases.ts). An instance with checks stands in no queue, is expected to renew nothing, and counts
// neither for nor against the guard. It may pass from one kind to the other at any change.

import type { MutableRecord } from '../mutable-record.ts';
import { Leases } from './leases.ts';

export class Tenures extends Leases {
  #checked = 0;

  override get size(): number {
    return super.size + this.#checked;
  }

  override start(stored: MutableRecord, nowMs: number, isNew: boolean): void {
    if (isEndless(stored)) this.#checked++;
    else super.start(stored, nowMs, isNew);
  }

  override heard(stored: MutableRecord, nowMs: number, leaseSeconds?: number): void {
    if (!isEndless(stored)) super.heard(stored, nowMs, leaseSeconds);
  }

  override patched(stored: MutableRecord, nowMs: number, leaseSeconds: number): void {
    if (!isEndless(stored)) super.patched(stored, nowMs, leaseSeconds);
  }

  /** To be called once the instance has its new content: it may now be of the other kind. */
  override moved(stored: MutableRecord, nowMs: number): void {
    const isChecked = stored.instance.health !== undefined;
    if (isChecked === isEndless(stored)) {
      if (!isChecked) super.moved(stored, nowMs);
      return;
    }
    this.ended(stored, nowMs, false);
    stored.deadlineMs = isChecked ? Number.POSITIVE_INFINITY : nowMs + stored.instance.leaseSeconds * 1000;
    stored.shortenedMs = 0;
    this.start(stored, nowMs, false);
  }

  override ended(stored: MutableRecord, nowMs: number, isEvicted: boolean): void {
    if (isEndless(stored)) this.#checked--;
    else super.ended(stored, nowMs, isEvicted);
  }
}

function isEndless({ deadlineMs }: MutableRecord): boolean {
  return deadlineMs === Number.POSITIVE_INFINITY;
}
