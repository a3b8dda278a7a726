// An instance as the registry keeps it, with its lease and its times.

import type { Cause } from '../model/change.ts';
import type { Instance, Registration } from '../model/instance.ts';
import type { LeasedInstance } from '../model/view.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Queued } from '../runtime/deadline-heap.ts';
import { lateAfterMs } from './leases/heartbeat.ts';

/** Wall-clock milliseconds, for people. */
export interface Timestamps {
  registeredAtMs: number;
  /** When it last began to take traffic; undefined while it never has. */
  upAtMs: number | undefined;
  renewedAtMs: number;
  updatedAtMs: number;
  /** The writer's own time of the registration: orders two writers of one instance. */
  dirtyAtMs: number;
}

/** See leases.ts. */
export type Phase = 'onTime' | 'late' | 'suspect' | 'gone';

/** What is the same of most instances, which were registered once and are up: kept once for all of them. */
interface Rest {
  readonly shortenedMs: number;
  /** Milliseconds behind its registration, as the others. */
  readonly upAfterMs: number | undefined;
  readonly updatedAfterMs: number;
  readonly dirtyAfterMs: number;
}

const usual: Rest = { shortenedMs: 0, upAfterMs: 0, updatedAfterMs: 0, dirtyAfterMs: 0 };

/** In place of infinity, which would give every deadline a box: no lease ends before the process began. */
const endless = -1;

const phases: readonly Phase[] = ['onTime', 'late', 'suspect', 'gone'];
/** Of `#flags`: the phase's place in `phases`, and a bit each. */
const phaseMask = 3;
const suspectBit = 4;
const lapsingBit = 8;
const memberBit = 16;

/**
 * An instance as the registry keeps it. `instance` is replaced as a whole; the lease moves.
 * A million of them are to fit: V8 keeps small integers (31 bits with the sign) without a box of their own, so its
 * deadline is whole milliseconds (for twelve days of uptime they are small), its times stand behind the time of its
 * registration, as does its revision (counting begins at the second of the first start), and what is yes or no is a bit.
 */
export class InstanceRecord implements LeasedInstance, Queued, Timestamps {
  instance: Instance;
  /** Whole milliseconds, rounded down: no answer may outlive it. */
  #deadlineMs: number;
  #flags = 0;
  /** Owned by leases.ts, as are the fields around it. Whole milliseconds between its renewals, as learned so far. */
  intervalMs = 0;
  /** Whole second of the monotonic clock in which it began to take traffic; -1: before this process did. */
  joinedSecond = -1;
  heapIndex = -1;
  #revisionAfter: number;
  #registeredAtMs: number;
  #renewedAfterMs: number;
  #rest: Rest;

  /** A fresh lease, not queued yet; for an instance with checks one without an end. */
  constructor(instance: Instance, times: Timestamps, nowMs: number, revision = 0) {
    this.instance = instance;
    this.#deadlineMs = instance.health === undefined ? Math.floor(nowMs + instance.leaseSeconds * 1000) : endless;
    const { registeredAtMs, upAtMs } = times;
    this.#registeredAtMs = registeredAtMs;
    this.#revisionAfter = revision - Math.floor(registeredAtMs / 1000);
    this.#renewedAfterMs = times.renewedAtMs - registeredAtMs;
    const updatedAfterMs = times.updatedAtMs - registeredAtMs;
    const dirtyAfterMs = times.dirtyAtMs - registeredAtMs;
    const isUsual = upAtMs === registeredAtMs && updatedAfterMs === 0 && dirtyAfterMs === 0;
    const upAfterMs = upAtMs === undefined ? undefined : upAtMs - registeredAtMs;
    this.#rest = isUsual ? usual : { shortenedMs: 0, upAfterMs, updatedAfterMs, dirtyAfterMs };
  }

  get deadlineMs(): number {
    return this.#deadlineMs === endless ? Number.POSITIVE_INFINITY : this.#deadlineMs;
  }

  set deadlineMs(ms: number) {
    this.#deadlineMs = ms === Number.POSITIVE_INFINITY ? endless : Math.floor(ms);
  }

  get phase(): Phase {
    return phases[this.#flags & phaseMask] as Phase;
  }

  set phase(phase: Phase) {
    this.#flags = (this.#flags & ~phaseMask) | phases.indexOf(phase);
  }

  get isSuspect(): boolean {
    return (this.#flags & suspectBit) !== 0;
  }

  set isSuspect(is: boolean) {
    this.#flag(suspectBit, is);
  }

  /** Its lease is about to end, and those who hold a copy know when: see lapsing.ts. */
  get isNearExpiry(): boolean {
    return (this.#flags & lapsingBit) !== 0;
  }

  set isNearExpiry(is: boolean) {
    this.#flag(lapsingBit, is);
  }

  /** It takes traffic, and is missed when it falls silent. */
  get isMember(): boolean {
    return (this.#flags & memberBit) !== 0;
  }

  set isMember(is: boolean) {
    this.#flag(memberBit, is);
  }

  /** Whole milliseconds by which a patch made its lease end later than one that began when it was last heard. */
  get shortenedMs(): number {
    return this.#rest.shortenedMs;
  }

  set shortenedMs(shortenedMs: number) {
    if (shortenedMs !== this.#rest.shortenedMs) this.#rest = { ...this.#rest, shortenedMs };
  }

  /** The registry's revision at the last change of this instance. */
  get revision(): number {
    return Math.floor(this.#registeredAtMs / 1000) + this.#revisionAfter;
  }

  set revision(revision: number) {
    this.#revisionAfter = revision - Math.floor(this.#registeredAtMs / 1000);
  }

  get registeredAtMs(): number {
    return this.#registeredAtMs;
  }

  /** It was registered again: the rest stays what it is. */
  set registeredAtMs(ms: number) {
    const { revision } = this;
    const laterMs = ms - this.#registeredAtMs;
    const { shortenedMs, upAfterMs, updatedAfterMs, dirtyAfterMs } = this.#rest;
    this.#registeredAtMs = ms;
    this.revision = revision;
    this.#renewedAfterMs -= laterMs;
    this.#rest = {
      shortenedMs,
      upAfterMs: upAfterMs === undefined ? undefined : upAfterMs - laterMs,
      updatedAfterMs: updatedAfterMs - laterMs,
      dirtyAfterMs: dirtyAfterMs - laterMs,
    };
  }

  get upAtMs(): number | undefined {
    const { upAfterMs } = this.#rest;
    return upAfterMs === undefined ? undefined : this.#registeredAtMs + upAfterMs;
  }

  set upAtMs(ms: number) {
    this.#rest = { ...this.#rest, upAfterMs: ms - this.#registeredAtMs };
  }

  get renewedAtMs(): number {
    return this.#registeredAtMs + this.#renewedAfterMs;
  }

  set renewedAtMs(ms: number) {
    this.#renewedAfterMs = ms - this.#registeredAtMs;
  }

  get updatedAtMs(): number {
    return this.#registeredAtMs + this.#rest.updatedAfterMs;
  }

  set updatedAtMs(ms: number) {
    this.#rest = { ...this.#rest, updatedAfterMs: ms - this.#registeredAtMs };
  }

  get dirtyAtMs(): number {
    return this.#registeredAtMs + this.#rest.dirtyAfterMs;
  }

  set dirtyAtMs(ms: number) {
    this.#rest = { ...this.#rest, dirtyAfterMs: ms - this.#registeredAtMs };
  }

  #flag(bit: number, is: boolean): void {
    this.#flags = is ? this.#flags | bit : this.#flags & ~bit;
  }
}

/** Of an instance that joins now. `dirtyAtMs`: as its writer says. */
export function firstTimes({ status }: Registration, wallMs: number, dirtyAtMs = wallMs): Timestamps {
  const upAtMs = status === 'up' ? wallMs : undefined;
  return { registeredAtMs: wallMs, upAtMs, renewedAtMs: wallMs, updatedAtMs: wallMs, dirtyAtMs };
}

export function timesOf({ registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs }: InstanceRecord): Timestamps {
  return { registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs };
}

export function leaseMs(stored: InstanceRecord): number {
  return stored.instance.leaseSeconds * 1000;
}

/** Monotonic milliseconds at which it was last heard: registered or renewed. */
export function heardMs(stored: InstanceRecord): number {
  return stored.deadlineMs - leaseMs(stored) - stored.shortenedMs;
}

/** Monotonic milliseconds at which it is late, if it was on time: never after its deadline. */
export function lateAtMs(stored: InstanceRecord): number {
  return heardMs(stored) + lateAfterMs(stored.intervalMs, leaseMs(stored));
}

/** Whoever joined at that time (monotonic milliseconds) or later may have been meant to replace it, if it is late. */
export function replaceableMs(stored: InstanceRecord): number {
  return heardMs(stored) - stored.intervalMs;
}

/** Why it leaves when it is evicted now. */
export function evictionOf(stored: InstanceRecord, clock: Clock): Cause {
  const nowMs = clock.monotonicMs();
  return { why: 'evicted', silentMs: nowMs - heardMs(stored), heldMs: Math.max(0, nowMs - stored.deadlineMs) };
}
