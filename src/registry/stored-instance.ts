// An instance as the registry keeps it, with its lease and its times.

import type { Cause } from './change.ts';
import type { Instance, Registration } from './instance.ts';
import type { Lease } from './lease-queue.ts';
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

/** An instance as the registry keeps it. `instance` is replaced as a whole; the lease moves. */
export interface StoredInstance extends LeasedInstance, Lease, Timestamps {
  instance: Instance;
  deadlineMs: number;
  isSuspect: boolean;
  /** Its lease is about to end, and whoever wants to know has been told: see lapsing.ts. */
  isLapsing: boolean;
  /** The registry's revision at the last change of this instance. */
  revision: number;
}

/** A fresh lease, not queued yet. */
export function storedInstance(instance: Instance, times: Timestamps, nowMs: number, revision = 0): StoredInstance {
  const deadlineMs = nowMs + instance.leaseSeconds * 1000;
  return { instance, deadlineMs, isSuspect: false, isLapsing: false, heapIndex: -1, queuedMs: 0, revision, ...times };
}

export function timesOf({ registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs }: StoredInstance): Timestamps {
  return { registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs };
}

/** The cause of an eviction at `nowMs`. */
export function silenceOf({ instance, deadlineMs }: StoredInstance, nowMs: number): Cause {
  const heldMs = Math.max(0, nowMs - deadlineMs);
  return { why: 'evicted', silentMs: heldMs + instance.leaseSeconds * 1000, heldMs };
}

/** A registration at its place. */
export function place(key: InstanceKey, registration: Registration, label: string): Instance {
  const { env, appid, instance } = key;
  return Object.freeze({ ...registration, env, appid, instance, label });
}
