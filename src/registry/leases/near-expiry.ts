// DNS threads have a copy of the registry and get no renewals, so to them a lease has no end. The end matters once an
// answer may no longer be cached for its whole TTL: with less than that left a lease is near expiry, and the threads get its
// deadline, and another update when it is renewed after all (design §6). They also get which instances are kept beyond
// their lease (suspects), why, and when that ends; a suspect is near expiry too. Without a listener nothing is done.

import type { LeasedInstance } from '../../model/view.ts';
import { lateAtMs, type MutableRecord } from '../mutable-record.ts';

/** On top of the TTL: for the update to arrive before an answer has a TTL of a second too much. */
const noticeMsDefault = 1000;

export class NearExpiry {
  readonly #notify: ((stored: MutableRecord) => void) | undefined;
  readonly #noticeMs: number;

  constructor(notify: ((stored: MutableRecord) => void) | undefined, noticeMs = noticeMsDefault) {
    this.#notify = notify;
    this.#noticeMs = noticeMs;
  }

  /** Monotonic milliseconds from which the lease is near its end; infinite where that is known already or has no listener. */
  dueMs(stored: MutableRecord): number {
    return this.#notify === undefined || stored.isNearExpiry ? Number.POSITIVE_INFINITY : this.#fromMs(stored);
  }

  /** When an instance whose lease runs is to be looked at next: at the end of its phase, or when it is near its end. */
  stageMs(stored: MutableRecord): number {
    return Math.min(stored.phase === 'onTime' ? lateAtMs(stored) : stored.deadlineMs, this.dueMs(stored));
  }

  /** The lease is looked at: notifies if it is near its end. */
  look(stored: MutableRecord, nowMs: number): void {
    if (this.dueMs(stored) > nowMs) return;
    stored.isNearExpiry = true;
    this.#notify?.(stored);
  }

  /** To be called once the instance is another or new; its change carries the rest. */
  set(stored: MutableRecord, nowMs: number): void {
    stored.isNearExpiry = this.#notify !== undefined && this.#fromMs(stored) <= nowMs;
  }

  /** The instance renewed: the announced deadline is no longer right. */
  renewed(stored: MutableRecord, nowMs: number): void {
    if (!stored.isNearExpiry) return;
    this.set(stored, nowMs);
    this.#notify?.(stored);
  }

  /** It is held beyond its lease, or for another reason than before. */
  held(stored: MutableRecord): void {
    this.#notify?.(stored);
  }

  /** From this time on (monotonic milliseconds) a lease is near its end. */
  #fromMs({ instance, deadlineMs }: LeasedInstance): number {
    return deadlineMs - instance.dnsTtl * 1000 - this.#noticeMs;
  }
}
