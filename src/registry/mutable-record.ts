// The registry's own record of an instance, with its lease and its times. Outside the registry it is an `InstanceRecord`,
// which is read-only.

import type { Cause } from '../model/change.ts';
import type { Instance, Supervision } from '../model/instance.ts';
import { healthOf } from '../model/instance-health.ts';
import type { InstanceRecord, Timestamps } from '../model/instance-record.ts';
import { defaultLiveness } from '../model/liveness.ts';
import type { PersistedInstance } from '../model/persisted-instance.ts';
import type { Queued } from '../runtime/deadline-heap.ts';
import { clientBits } from './leases/client-of.ts';
import { lateAfterMs } from './leases/heartbeat.ts';
import { termMs } from './leases/term.ts';

/** See leases.ts. */
export type Phase = 'onTime' | 'late' | 'suspect' | 'gone';

/** What is the same of most instances, which were registered once and are up: kept once for all of them. */
interface RareFields {
  readonly shortenedMs: number;
  /** Milliseconds after its registration, as the others. */
  readonly upAfterMs: number | undefined;
  readonly updatedAfterMs: number;
  readonly dirtyAfterMs: number;
}

const common: RareFields = { shortenedMs: 0, upAfterMs: 0, updatedAfterMs: 0, dirtyAfterMs: 0 };

/** In place of infinity, which would give every deadline a box: no lease ends before the process began. */
const unbounded = -1;

const phases: readonly Phase[] = ['onTime', 'late', 'suspect', 'gone'];
/** Of `#flags`: the phase's place in `phases`, a bit each, and the client. */
const phaseMask = 3;
const suspectBit = 4;
const nearExpiryBit = 8;
const memberBit = 16;
const heardBit = 32;
const remoteBit = 64;
const clientShift = 7;
const clientMask = (2 ** clientBits - 1) << clientShift;

/**
 * An instance as the registry keeps it. `instance` is replaced as a whole; the lease moves.
 * A million of them are to fit: V8 keeps small integers (31 bits with the sign) without a box of their own, so its
 * deadline is whole milliseconds (for twelve days of uptime they are small), its times are offsets from the time of its
 * registration, as does its revision (counting begins at the second of the first start), and what is yes or no is a bit.
 */
export class MutableRecord implements InstanceRecord, Queued {
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
  #rare: RareFields;

  /** Its deadline is that of one that is heard at `nowMs`; not queued yet. */
  constructor(instance: Instance, times: Timestamps, nowMs: number, revision = 0) {
    this.instance = instance;
    this.#deadlineMs = unbounded;
    this.deadlineMs = nowMs + termMs(instance);
    this.#registeredAtMs = times.registeredAtMs;
    this.#revisionAfter = revision - Math.floor(times.registeredAtMs / 1000);
    this.#renewedAfterMs = times.renewedAtMs - times.registeredAtMs;
    this.#rare = rareFieldsOf(times, 0);
  }

  get deadlineMs(): number {
    return this.#deadlineMs === unbounded ? Number.POSITIVE_INFINITY : this.#deadlineMs;
  }

  set deadlineMs(ms: number) {
    this.#deadlineMs = ms === Number.POSITIVE_INFINITY ? unbounded : Math.floor(ms);
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

  /** Its lease is about to end, and those who hold a copy know when: see near-expiry.ts. */
  get isNearExpiry(): boolean {
    return (this.#flags & nearExpiryBit) !== 0;
  }

  set isNearExpiry(is: boolean) {
    this.#flag(nearExpiryBit, is);
  }

  /** It takes traffic, and is missed when it falls silent. */
  get isMember(): boolean {
    return (this.#flags & memberBit) !== 0;
  }

  set isMember(is: boolean) {
    this.#flag(memberBit, is);
  }

  /** It was heard again after its registration, or is known from before this process. */
  get isHeard(): boolean {
    return (this.#flags & heardBit) !== 0;
  }

  set isHeard(is: boolean) {
    this.#flag(heardBit, is);
  }

  /** Another node of the cluster runs its lease: here it has no deadline. */
  get isRemote(): boolean {
    return (this.#flags & remoteBit) !== 0;
  }

  set isRemote(is: boolean) {
    this.#flag(remoteBit, is);
  }

  /** Who registered it, see client-of.ts; 0: not known. */
  get client(): number {
    return (this.#flags & clientMask) >>> clientShift;
  }

  set client(client: number) {
    this.#flags = (this.#flags & ~clientMask) | (client << clientShift);
  }

  /** Whole milliseconds by which a patch made its lease end later than one that began when it was last heard. */
  get shortenedMs(): number {
    return this.#rare.shortenedMs;
  }

  set shortenedMs(shortenedMs: number) {
    if (shortenedMs !== this.#rare.shortenedMs) this.#rare = { ...this.#rare, shortenedMs };
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

  get upAtMs(): number | undefined {
    const { upAfterMs } = this.#rare;
    return upAfterMs === undefined ? undefined : this.#registeredAtMs + upAfterMs;
  }

  get renewedAtMs(): number {
    return this.#registeredAtMs + this.#renewedAfterMs;
  }

  set renewedAtMs(ms: number) {
    this.#renewedAfterMs = ms - this.#registeredAtMs;
  }

  get updatedAtMs(): number {
    return this.#registeredAtMs + this.#rare.updatedAfterMs;
  }

  get dirtyAtMs(): number {
    return this.#registeredAtMs + this.#rare.dirtyAfterMs;
  }

  get times(): Timestamps {
    const { registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs } = this;
    return { registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs };
  }

  set times(times: Timestamps) {
    const { revision } = this;
    this.#registeredAtMs = times.registeredAtMs;
    this.#revisionAfter = revision - Math.floor(times.registeredAtMs / 1000);
    this.#renewedAfterMs = times.renewedAtMs - times.registeredAtMs;
    this.#rare = rareFieldsOf(times, this.#rare.shortenedMs);
  }

  #flag(bit: number, is: boolean): void {
    this.#flags = is ? this.#flags | bit : this.#flags & ~bit;
  }
}

function rareFieldsOf(times: Timestamps, shortenedMs: number): RareFields {
  const { registeredAtMs, upAtMs } = times;
  const upAfterMs = upAtMs === undefined ? undefined : upAtMs - registeredAtMs;
  const updatedAfterMs = times.updatedAtMs - registeredAtMs;
  const dirtyAfterMs = times.dirtyAtMs - registeredAtMs;
  const isCommon = upAfterMs === 0 && updatedAfterMs === 0 && dirtyAfterMs === 0 && shortenedMs === 0;
  return isCommon ? common : { shortenedMs, upAfterMs, updatedAfterMs, dirtyAfterMs };
}

export function leaseMs(stored: MutableRecord): number {
  return termMs(stored.instance);
}

/** Monotonic milliseconds at which it was last heard: registered or renewed. */
export function heardMs(stored: MutableRecord): number {
  return stored.deadlineMs - leaseMs(stored) - stored.shortenedMs;
}

/** Monotonic milliseconds at which it is late, if it was on time: never after its deadline. */
export function lateAtMs(stored: MutableRecord): number {
  return heardMs(stored) + lateAfterMs(stored.intervalMs, leaseMs(stored));
}

/** An instance that joined at that time (monotonic milliseconds) or later may replace it, if it is late. */
export function replaceableMs(stored: MutableRecord): number {
  return heardMs(stored) - stored.intervalMs;
}

/** Why it leaves when it is evicted at `nowMs`. */
export function evictionOf(stored: MutableRecord, nowMs: number): Extract<Cause, { readonly why: 'evicted' }> {
  return { why: 'evicted', silentMs: nowMs - heardMs(stored), heldMs: Math.max(0, nowMs - stored.deadlineMs) };
}

export function recoveredSupervision({ registration, supervision = {} }: PersistedInstance): Supervision {
  const { liveness = defaultLiveness(registration), override, fronts, quotaEntry } = supervision;
  const fresh = healthOf(registration, undefined, { liveness, file: undefined, isHeard: true });
  return { liveness, override, fronts, quotaEntry, health: fresh && (supervision.health ?? fresh) };
}
