// An instance as the registry keeps it, with its lease and its times.

import type { Cause } from './change.ts';
import type { Clock } from './clock.ts';
import { effectiveStatus, type Health, type Judgement } from './health.ts';
import { lateAfterMs } from './heartbeat.ts';
import type { Instance, Registration, Status } from './instance.ts';
import type { Queued } from './lease-queue.ts';
import type { InstanceKey } from './names.ts';
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
export interface StoredInstance extends LeasedInstance, Queued, Timestamps {
  instance: Instance;
  deadlineMs: number;
  isSuspect: boolean;
  /** Owned by leases.ts, as are the fields around it. */
  phase: Phase;
  /** Whole milliseconds between its renewals, as learned so far. */
  intervalMs: number;
  /** Whole milliseconds by which a patch made its lease end later than one that began when it was last heard. */
  shortenedMs: number;
  /** The registry's revision at the last change of this instance. */
  revision: number;
}

/** A fresh lease, not queued yet. */
export function storedInstance(instance: Instance, times: Timestamps, nowMs: number, revision = 0): StoredInstance {
  const deadlineMs = instance.health === undefined ? nowMs + instance.leaseSeconds * 1000 : Number.POSITIVE_INFINITY;
  const lease = {
    deadlineMs,
    isSuspect: false,
    phase: 'onTime' as const,
    intervalMs: 0,
    shortenedMs: 0,
    heapIndex: -1,
  };
  return { instance, ...lease, revision, ...times };
}

export function timesOf({ registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs }: StoredInstance): Timestamps {
  return { registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs };
}

/** A registration at its place. */
export function place(
  key: InstanceKey,
  registration: Registration,
  label: string,
  health: Health | undefined,
): Instance {
  const { env, appid, instance } = key;
  const status = health === undefined ? registration.status : effectiveStatus(health);
  return Object.freeze({ ...registration, status, env, appid, instance, label, health });
}

/** The instance as a check has found it; undefined: it was found so before, or is none that is checked. */
export function judgedInstance(instance: Instance, { verdict, reason }: Judgement): Instance | undefined {
  const { health, label } = instance;
  if (health === undefined || health.verdict === verdict) return undefined;
  return place(instance, instance, label, { ...health, verdict, reason });
}

/** The times of an instance that is new now. */
export function newTimes(wallMs: number, status: Status, dirtyAtMs = wallMs): Timestamps {
  const upAtMs = status === 'up' ? wallMs : undefined;
  return { registeredAtMs: wallMs, upAtMs, renewedAtMs: wallMs, updatedAtMs: wallMs, dirtyAtMs };
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

/** Why it leaves when it is evicted now. */
export function evictionOf(stored: StoredInstance, clock: Clock): Cause {
  const nowMs = clock.monotonicMs();
  return { why: 'evicted', silentMs: nowMs - heardMs(stored), heldMs: Math.max(0, nowMs - stored.deadlineMs) };
}
