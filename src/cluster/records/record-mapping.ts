// Between what the registry decides and what is kept in etcd: a change becomes a record or a tombstone, and a record that
// the watch brings becomes a change. Both ways lose nothing that an answer, a document or a later decision needs; who
// asked and why travel in the record's cause, with the node that accepted it.

import type { Actor, Cause, FrontName, NewChange, PrincipalKind } from '../../model/change.ts';
import { ownersRegistration } from '../../model/compact-instance.ts';
import { leasePart } from '../../model/health.ts';
import type { Instance } from '../../model/instance.ts';
import type { Timestamps } from '../../model/instance-record.ts';
import type { Liveness } from '../../model/liveness.ts';
import { effectiveStatus } from '../../model/status.ts';
import type { OwnedRecord } from '../ownership/ownership-events.ts';
import { nothing as noFields, type Unknown } from './json-fields.ts';
import { type ClusterRecord, noUnknown, type RecordUnknown } from './record.ts';
import type { Policy, RecordCause, RecordTimes } from './record-parts.ts';
import type { Tombstone } from './tombstone.ts';

/** What stamps a write. */
export interface Stamp {
  /** The node that accepts it. */
  readonly node: string;
  readonly operation: string;
  readonly hlc: number;
}

/** What is known of the record that a change replaces. */
export interface Replaced {
  readonly owner: string;
  readonly hlc: number;
  readonly isDirtyGiven: boolean;
  readonly unknown: RecordUnknown;
}

/** The record that a change leads to. A registration moves the owner; what an operator does leaves it. */
export function recordOf(
  change: NewChange & { readonly after: Instance },
  before: Replaced | undefined,
  { node, operation, hlc }: Stamp,
  isDirtyGiven = false,
): ClusterRecord {
  const { after, cause, origin, times } = change;
  const isRegistration = cause.why === 'registered' || cause.why === 'replaced';
  const kept = before?.unknown ?? noUnknown;
  return {
    instance: after.instance,
    owner: isRegistration ? node : (before?.owner ?? node),
    operation,
    dataRevision: undefined,
    place: 0,
    registration: ownersRegistration(after),
    label: after.label,
    policy: policyOfInstance(after),
    status: { wanted: after.wanted, verdict: isLapsed(after) ? 'lapsed' : 'alive', override: after.override },
    times: {
      ...timesIn(times),
      isDirtyGiven: isRegistration ? isDirtyGiven : (before?.isDirtyGiven ?? false),
      hlc: isRegistration ? hlc : (before?.hlc ?? hlc),
    },
    cause: causeIn(cause, { ...origin, node }),
    health: after.health,
    ...(after.fronts === undefined ? {} : { fronts: after.fronts }),
    ...(after.quotaEntry === undefined ? {} : { quotaEntry: after.quotaEntry }),
    unknown: isRegistration ? { ...kept, registration: noFields } : kept,
  };
}

export function tombstoneOf(
  change: NewChange & { readonly kind: 'cancelled' | 'evicted' },
  { node, operation, hlc }: Stamp,
): Tombstone {
  const { why, ...rest } = change.cause;
  return {
    why: change.kind,
    by: { ...change.origin, node },
    operation,
    place: 0,
    hlc,
    dirtyAtMs: change.times.dirtyAtMs,
    unknown: why === 'evicted' ? rest : noFields,
  };
}

/** The change that a record of the watch brings. */
export function changeOf(
  key: { readonly env: string; readonly appid: string },
  record: ClusterRecord,
  before: Instance | undefined,
  me: string,
): NewChange {
  const after = instanceOf(key, record);
  const decided = { origin: actorOf(record.cause.by, me), times: timesOf(record) };
  const cause = causeOf(record.cause);
  if (before === undefined) return { kind: 'registered', after, cause, ...decided };
  const isHeard = cause.why === 'registered' || cause.why === 'replaced';
  const isPassing = cause.why === 'checked' && cause.verdict === 'passing' && isLapsed(before);
  return { kind: 'updated', before, after, cause, ...decided, isRenewal: isHeard || isPassing };
}

/** The change that a tombstone brings; without one it is missing in a list. */
export function removalOf(
  before: Instance,
  times: Timestamps,
  tombstone: Tombstone | undefined,
  me: string,
): NewChange {
  const origin = actorOf(tombstone?.by, me);
  if (tombstone?.why !== 'evicted') return { kind: 'cancelled', before, origin, cause: { why: 'cancelled' }, times };
  const { silentMs, heldMs } = tombstone.unknown;
  const cause = { why: 'evicted', silentMs: msOf(silentMs), heldMs: msOf(heldMs) } as const;
  return { kind: 'evicted', before, origin, cause, times };
}

export function instanceOf({ env, appid }: { env: string; appid: string }, record: ClusterRecord): Instance {
  const { registration, instance, label, health, status, fronts, quotaEntry } = record;
  const { override, wanted } = status;
  return {
    ...registration,
    ...{ env, appid, instance, label, wanted, health, override },
    ...(fronts === undefined ? {} : { fronts }),
    ...(quotaEntry === undefined ? {} : { quotaEntry }),
    status: effectiveStatus(wanted, health?.verdict, override),
    liveness: livenessOf(record.policy),
  };
}

/** Renewals are not written: for a record alone the last renewal is its registration. */
export function timesOf({ times }: ClusterRecord): Timestamps {
  const { registeredAtMs, upAtMs, updatedAtMs, dirtyAtMs } = times;
  return { registeredAtMs, upAtMs, renewedAtMs: registeredAtMs, updatedAtMs, dirtyAtMs };
}

/** What of a record decides who runs its lease. */
export function ownedOf(record: ClusterRecord, modRevision: number): OwnedRecord {
  const { kind, atEnd, thenSeconds, deadline } = record.policy;
  const leaseMs = kind === 'lease' ? record.registration.leaseSeconds * 1000 : Number.POSITIVE_INFINITY;
  const thenMs = thenSeconds === undefined ? Number.POSITIVE_INFINITY : thenSeconds * 1000;
  const { owner, operation } = record;
  return { owner, modRevision, operation, leaseMs, intervalMs: leaseMs / 3, atEnd, deadline, thenMs };
}

function policyOfInstance(instance: Instance): Policy {
  const { liveness } = instance;
  const deadline = isLapsed(instance) ? 'second' : 'first';
  if (liveness.kind === 'checks' && liveness.evictAfterSeconds !== undefined)
    return { kind: 'checks', atEnd: 'evict', thenSeconds: liveness.evictAfterSeconds, deadline };
  if (liveness.kind !== 'lease-then-waiting')
    return { kind: liveness.kind, atEnd: 'evict', thenSeconds: undefined, deadline };
  return { kind: 'lease', atEnd: 'waiting', thenSeconds: liveness.evictAfterSeconds, deadline };
}

function livenessOf({ kind, atEnd, thenSeconds }: Policy): Liveness {
  if (kind === 'checks' && thenSeconds !== undefined) return { kind, evictAfterSeconds: thenSeconds };
  if (kind !== 'lease' || atEnd === 'evict') return { kind };
  return { kind: 'lease-then-waiting', evictAfterSeconds: thenSeconds };
}

function isLapsed({ liveness, health }: Instance): boolean {
  return liveness.kind === 'lease-then-waiting' && health !== undefined && leasePart(health).verdict === 'critical';
}

function timesIn({
  registeredAtMs,
  upAtMs,
  updatedAtMs,
  dirtyAtMs,
}: Timestamps): Omit<RecordTimes, 'isDirtyGiven' | 'hlc'> {
  return { registeredAtMs, upAtMs, updatedAtMs, dirtyAtMs };
}

function causeIn({ why, ...rest }: Cause, by: Actor): RecordCause {
  return { why, by: { ...by }, rest };
}

const plainWhys = ['registered', 'replaced', 'patched', 'drained', 'resumed', 'cancelled', 'hold-ended'] as const;

/** Of a later version, or damaged: a replacement, which is what it does. */
function causeOf({ why, rest }: RecordCause): Cause {
  const plain = plainWhys.find((one) => one === why);
  if (plain !== undefined) return { why: plain };
  const { verdict, reason } = rest;
  if (why === 'lapsed') return { why, silentMs: msOf(rest['silentMs']) };
  if (why === 'checked' && (verdict === 'passing' || verdict === 'critical' || verdict === 'unchecked'))
    return { why, verdict, reason: typeof reason === 'string' ? reason : '' };
  return { why: 'replaced' };
}

const kinds = ['anonymous', 'token', 'certificate', 'jwt', 'tsig', 'sig0', 'file', 'bridge', 'peer', 'system'] as const;
const fronts = {
  api: true,
  consul: true,
  eureka: true,
  nacos: true,
  discovery: true,
  tutorial: true,
  'dns-update': true,
  console: true,
  file: true,
  bridge: true,
  checks: true,
  peer: true,
  leases: true,
  recovery: true,
} satisfies Record<FrontName, true>;

/** Another node wrote it: what cannot be read is left out, and the node reports where it came in. */
export function actorOf(by: Unknown | undefined, me: string): Actor {
  const { kind, front, address, principal, reason, node } = by ?? noFields;
  const known: PrincipalKind = kinds.find((one) => one === kind) ?? 'peer';
  return {
    kind: known,
    front: typeof front === 'string' && Object.hasOwn(fronts, front) ? (front as FrontName) : 'peer',
    address: typeof address === 'string' ? address : '',
    principal: typeof principal === 'string' ? principal : undefined,
    reason: typeof reason === 'string' ? reason : undefined,
    node: typeof node === 'string' && node !== me ? node : undefined,
  };
}

function msOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0;
}
