// Those who hold a copy of the registry (DNS threads) are told nothing of renewals, so they take a lease for open. Its end
// concerns them when an answer may not be cached for the whole TTL any more: with less than that left a lease is
// *lapsing*, and they are told its deadline, and again when it is renewed after all (design §6). They also hear who is kept
// beyond its lease (suspect), why, and when that is over; a suspect is lapsing too. Without a listener nothing is done.

import type { LeasedInstance } from '../../model/view.ts';
import { lateAtMs, type MutableRecord } from '../mutable-record.ts';

/** On top of the TTL: for the news to arrive in, before an answer would say a second too much. */
const noticeMsDefault = 1000;

export class NearExpiry {
  readonly #tell: ((stored: MutableRecord) => void) | undefined;

  readonly #noticeMs: number;

  constructor(tell: ((stored: MutableRecord) => void) | undefined, noticeMs = noticeMsDefault) {
    this.#tell = tell;
    this.#noticeMs = noticeMs;
  }

  /** Monotonic milliseconds at which the lease begins to lapse; infinite where that is known or concerns nobody. */
  dueMs(stored: MutableRecord): number {
    return this.#tell === undefined || stored.isNearExpiry ? Number.POSITIVE_INFINITY : this.#fromMs(stored);
  }

  /** When an instance whose lease runs is to be looked at next: at the end of its phase, or because it lapses. */
  stageMs(stored: MutableRecord): number {
    return Math.min(stored.phase === 'onTime' ? lateAtMs(stored) : stored.deadlineMs, this.dueMs(stored));
  }

  /** The lease is looked at: tells if it has begun to lapse. */
  look(stored: MutableRecord, nowMs: number): void {
    if (this.dueMs(stored) > nowMs) return;
    stored.isNearExpiry = true;
    this.#tell?.(stored);
  }

  /** To be called once the instance is another or new; its change tells the rest. */
  set(stored: MutableRecord, nowMs: number): void {
    stored.isNearExpiry = this.#tell !== undefined && this.#fromMs(stored) <= nowMs;
  }

  /** The instance was heard: what was told of its lease is no longer so. */
  renewed(stored: MutableRecord, nowMs: number): void {
    if (!stored.isNearExpiry) return;
    this.set(stored, nowMs);
    this.#tell?.(stored);
  }

  /** It is kept beyond its lease, or for another reason than before. */
  kept(stored: MutableRecord): void {
    this.#tell?.(stored);
  }

  /** From this time on (monotonic milliseconds) a lease is lapsing. */
  #fromMs({ instance, deadlineMs }: LeasedInstance): number {
    return deadlineMs - instance.dnsTtl * 1000 - this.#noticeMs;
  }
}
