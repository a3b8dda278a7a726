// An instance as the registry keeps it, with its lease and its times.

import type { Cause } from './change.ts';
import type { Clock } from './clock.ts';
import { lateAfterMs } from './heartbeat.ts';
import type { Instance, Registration } from './instance.ts';
import type { Queued } from './lease-queue.ts';
import type { LeasedInstance } from './view.ts';

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

/** An instance as the registry keeps it. `instance` is replaced as a whole; the lease moves. */
export class StoredInstance implements LeasedInstance, Queued, Timestamps {
  instance: Instance;
  deadlineMs: number;
  isSuspect = false;
  /** Owned by leases.ts, as are the fields around it. */
  phase: Phase = 'onTime';
  /** Whole milliseconds between its renewals, as learned so far. */
  intervalMs = 0;
  /** Whole milliseconds by which a patch made its lease end later than one that began when it was last heard. */
  shortenedMs = 0;
  /** Its lease is about to end, and those who hold a copy know when: see lapsing.ts. */
  isLapsing = false;
  /** It takes traffic, and is missed when it falls silent. */
  isMember = false;
  /** Whole second of the monotonic clock in which it began to; -1: before this process did. */
  joinedSecond = -1;
  heapIndex = -1;
  /** The registry's revision at the last change of this instance. */
  revision: number;
  registeredAtMs: number;
  upAtMs: number | undefined;
  renewedAtMs: number;
  updatedAtMs: number;
  dirtyAtMs: number;

  /** A fresh lease, not queued yet; for an instance with checks one without an end. */
  constructor(instance: Instance, times: Timestamps, nowMs: number, revision = 0) {
    this.instance = instance;
    this.deadlineMs = instance.health === undefined ? nowMs + instance.leaseSeconds * 1000 : Number.POSITIVE_INFINITY;
    this.revision = revision;
    this.registeredAtMs = times.registeredAtMs;
    this.upAtMs = times.upAtMs;
    this.renewedAtMs = times.renewedAtMs;
    this.updatedAtMs = times.updatedAtMs;
    this.dirtyAtMs = times.dirtyAtMs;
  }
}

/** Of an instance that joins now. `dirtyAtMs`: as its writer says. */
export function firstTimes({ status }: Registration, wallMs: number, dirtyAtMs = wallMs): Timestamps {
  const upAtMs = status === 'up' ? wallMs : undefined;
  return { registeredAtMs: wallMs, upAtMs, renewedAtMs: wallMs, updatedAtMs: wallMs, dirtyAtMs };
}

export function timesOf({ registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs }: StoredInstance): Timestamps {
  return { registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs };
}

export function leaseMs(stored: StoredInstance): number {
  return stored.instance.leaseSeconds * 1000;
}

/** Monotonic milliseconds at which it was last heard: registered or renewed. */
export function heardMs(stored: StoredInstance): number {
  return stored.deadlineMs - leaseMs(stored) - stored.shortenedMs;
}

/** Monotonic milliseconds at which it is late, if it was on time: never after its deadline. */
export function lateAtMs(stored: StoredInstance): number {
  return heardMs(stored) + lateAfterMs(stored.intervalMs, leaseMs(stored));
}

/** Whoever joined at that time (monotonic milliseconds) or later may have been meant to replace it, if it is late. */
export function replaceableMs(stored: StoredInstance): number {
  return heardMs(stored) - stored.intervalMs;
}

/** Why it leaves when it is evicted now. */
export function evictionOf(stored: StoredInstance, clock: Clock): Cause {
  const nowMs = clock.monotonicMs();
  return { why: 'evicted', silentMs: nowMs - heardMs(stored), heldMs: Math.max(0, nowMs - stored.deadlineMs) };
}
