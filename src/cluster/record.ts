// An instance as it is kept in etcd: JSON with short names, since there may be a hundred thousand of them. Who reads one
// reads what another node wrote: it is parsed like a request body, and every fault is reported. Nodes of two versions run
// side by side during an upgrade, so fields that this version does not know survive a rewrite; only with a registration
// that takes another's place do the unknown fields of the old registration go. `v` changes only when older nodes could
// not read it at all.

import { Verdict } from '../model/health.ts';
import {
  parseRegistration,
  type Registration,
  type RegistrationDefaults,
  registrationToJson,
  Status,
} from '../model/instance.ts';
import { labelFault, parseInstanceId } from '../model/names.ts';
import { type Problem, problem } from '../model/problem.ts';
import { FieldReader, parseJson, type Unknown } from './json-fields.ts';
import { isNodeName } from './keys.ts';

export const recordVersion = 1;

export const recordLimits = {
  /** A registration's body is at most 64 KiB; times, causes and fields of later versions come to it. */
  octets: 131_072,
  operationOctets: 64,
  reasonOctets: 512,
} as const;

/** What keeps an instance registered. */
export const policyKinds = ['lease', 'checks', 'none', 'connection', 'remote'] as const;

export interface Policy {
  readonly kind: (typeof policyKinds)[number];
  /** What the end of the lease does. */
  readonly atEnd: 'evict' | 'waiting';
  /** After `waiting`: so long until the eviction; undefined: never. */
  readonly thenSeconds: number | undefined;
  /** Which of the two deadlines runs. */
  readonly deadline: 'first' | 'second';
}

export interface Override {
  readonly status: Status;
  readonly by: string;
  readonly reason: string;
  /** Wall-clock milliseconds; undefined: without end. */
  readonly untilMs: number | undefined;
}

export interface StatusInputs {
  readonly wanted: Status;
  /** What liveness has found: a lease that ended in `waiting` is `lapsed`. */
  readonly verdict: 'alive' | 'lapsed';
  readonly override: Override | undefined;
}

/** Wall-clock milliseconds, for people, and two for the order of writers. */
export interface RecordTimes {
  readonly registeredAtMs: number;
  readonly upAtMs: number | undefined;
  readonly updatedAtMs: number;
  readonly dirtyAtMs: number;
  /** Whether the writer gave `dirtyAtMs` itself. */
  readonly isDirtyGiven: boolean;
  /** Hybrid logical clock of the registration, stamped by the node that accepted it. */
  readonly hlc: number;
}

/** Why it is as it is, for people: a word and what belongs to it. */
export interface RecordCause {
  readonly why: string;
  readonly by: Unknown | undefined;
  readonly rest: Unknown;
}

export interface RecordHealth {
  readonly verdict: Verdict;
  readonly reason: string;
  readonly file: string | undefined;
}

export interface ClusterRecord {
  /** The id in its registrant's spelling. */
  readonly instance: string;
  readonly owner: string;
  readonly operation: string;
  /** Its last data change; undefined: this key's own revision. */
  readonly dataRevision: number | undefined;
  readonly registration: Registration;
  readonly label: string;
  readonly policy: Policy;
  readonly status: StatusInputs;
  readonly times: RecordTimes;
  readonly cause: RecordCause;
  readonly health: RecordHealth | undefined;
  readonly unknown: RecordUnknown;
}

/** Of later versions, by the part that they are in. */
export interface RecordUnknown {
  readonly top: Unknown;
  readonly registration: Unknown;
  readonly policy: Unknown;
  readonly status: Unknown;
  readonly override: Unknown;
  readonly times: Unknown;
  readonly health: Unknown;
}

const nothing: Unknown = Object.freeze({});
export const noUnknown: RecordUnknown = Object.freeze({
  top: nothing,
  registration: nothing,
  policy: nothing,
  status: nothing,
  override: nothing,
  times: nothing,
  health: nothing,
});

/** A record always has both; these are for parseRegistration's sake. */
const defaults: RegistrationDefaults = { leaseSeconds: 90, dnsTtl: 5 };

const registrationFields = Object.keys({
  addrs: true,
  version: true,
  zone: true,
  group: true,
  tags: true,
  weight: true,
  priority: true,
  status: true,
  metadata: true,
  leaseSeconds: true,
  dnsTtl: true,
  checks: true,
} satisfies Record<keyof Registration, true>);

export function parseRecord(value: Uint8Array): ClusterRecord | Problem[] {
  const parsed = parseJson(value, recordLimits.octets);
  if ('field' in parsed) return [parsed];
  const problems: Problem[] = [];
  const reader = new FieldReader(parsed.json, '', problems);
  const version = reader.whole('v', 1, Number.MAX_SAFE_INTEGER);
  if (version > recordVersion)
    return [problem('v', `is of a later rollcall: this one reads ${recordVersion}`, version)];
  const parts = {
    instance: checked(reader.text('n', 512), 'n', problems, (id) => parseInstanceId(id)),
    owner: checked(reader.text('o', 63), 'o', problems, (node) =>
      isNodeName(node) ? node : problem('o', "must be a node's name", node),
    ),
    operation: reader.text('u', recordLimits.operationOctets),
    dataRevision: reader.has('d') ? reader.whole('d', 1, Number.MAX_SAFE_INTEGER) : undefined,
    label: checked(reader.text('l', 63), 'l', problems, (label) => {
      const fault = labelFault(label);
      return fault === undefined ? label : problem('l', fault, label);
    }),
  };
  const registration = registrationOf(reader.raw('r'), problems);
  const policy = policyOf(reader.raw('p'), problems);
  const status = statusOf(reader.raw('s'), problems);
  const times = timesOf(reader.raw('t'), problems);
  const cause = causeOf(reader.raw('c'), problems);
  const health = reader.has('h') ? healthOf(reader.raw('h'), problems) : { value: undefined, unknown: nothing };
  const top = reader.unknown();
  if (problems.length > 0 || registration.value === undefined) return problems;
  return {
    ...parts,
    registration: registration.value,
    policy: policy.value,
    status: status.value,
    times: times.value,
    cause,
    health: health.value,
    unknown: {
      top,
      registration: registration.unknown,
      policy: policy.unknown,
      status: status.unknown,
      override: status.override,
      times: times.unknown,
      health: health.unknown,
    },
  };
}

/** The record as it is written. Reading it back gives the same record. */
export function recordText(record: ClusterRecord): string {
  const { policy, status, times, cause, health, unknown } = record;
  return JSON.stringify({
    ...unknown.top,
    v: recordVersion,
    n: record.instance,
    o: record.owner,
    u: record.operation,
    ...(record.dataRevision === undefined ? {} : { d: record.dataRevision }),
    r: { ...unknown.registration, ...registrationToJson(record.registration) },
    l: record.label,
    p: { ...unknown.policy, ...policy },
    s: {
      ...unknown.status,
      ...status,
      ...(status.override === undefined ? {} : { override: { ...unknown.override, ...status.override } }),
    },
    t: { ...unknown.times, ...times },
    c: { ...cause.rest, why: cause.why, ...(cause.by === undefined ? {} : { by: cause.by }) },
    ...(health === undefined ? {} : { h: { ...unknown.health, ...health } }),
  });
}

/** The record with a registration in the place of its own: unknown fields of the old one were about the old one. */
export function withRegistration(record: ClusterRecord, registration: Registration): ClusterRecord {
  return { ...record, registration, unknown: { ...record.unknown, registration: nothing } };
}

/** The operation that wrote a record or a tombstone, without reading the rest; undefined: it says none. */
export function operationOf(value: Uint8Array): string | undefined {
  const parsed = parseJson(value, recordLimits.octets);
  if ('field' in parsed) return undefined;
  const problems: Problem[] = [];
  const operation = new FieldReader(parsed.json, '', problems).text('u', recordLimits.operationOctets);
  return problems.length === 0 ? operation : undefined;
}

interface Part<T> {
  readonly value: T;
  readonly unknown: Unknown;
}

function checked(text: string, field: string, problems: Problem[], parse: (text: string) => string | Problem): string {
  if (problems.some((one) => one.field === field)) return text;
  const parsed = parse(text);
  if (typeof parsed === 'string') return parsed;
  problems.push({ ...parsed, field });
  return text;
}

function registrationOf(value: unknown, problems: Problem[]): Part<Registration | undefined> {
  const reader = new FieldReader(value, 'r', problems);
  const known = registrationFields.filter((field) => reader.has(field)).map((field) => [field, reader.raw(field)]);
  const unknown = reader.unknown();
  const registration = parseRegistration(Object.fromEntries(known), defaults);
  if (!Array.isArray(registration)) return { value: registration as Registration, unknown };
  problems.push(...registration.map((one) => ({ ...one, field: `r.${one.field}` })));
  return { value: undefined, unknown };
}

function policyOf(value: unknown, problems: Problem[]): Part<Policy> {
  const reader = new FieldReader(value, 'p', problems);
  const policy: Policy = {
    kind: reader.oneOf('kind', policyKinds),
    atEnd: reader.oneOf('atEnd', ['evict', 'waiting']),
    thenSeconds: reader.has('thenSeconds') ? reader.whole('thenSeconds', 1, 31_536_000) : undefined,
    deadline: reader.oneOf('deadline', ['first', 'second']),
  };
  return { value: policy, unknown: reader.unknown() };
}

function statusOf(value: unknown, problems: Problem[]): Part<StatusInputs> & { readonly override: Unknown } {
  const reader = new FieldReader(value, 's', problems);
  const override = reader.has('override') ? overrideOf(reader.raw('override'), problems) : undefined;
  const status: StatusInputs = {
    wanted: reader.oneOf('wanted', Status),
    verdict: reader.oneOf('verdict', ['alive', 'lapsed']),
    override: override?.value,
  };
  return { value: status, unknown: reader.unknown(), override: override?.unknown ?? nothing };
}

function overrideOf(value: unknown, problems: Problem[]): Part<Override> {
  const reader = new FieldReader(value, 's.override', problems);
  const override: Override = {
    status: reader.oneOf('status', Status),
    by: reader.text('by', recordLimits.reasonOctets),
    reason: reader.text('reason', recordLimits.reasonOctets),
    untilMs: reader.has('untilMs') ? reader.wallMs('untilMs') : undefined,
  };
  return { value: override, unknown: reader.unknown() };
}

function timesOf(value: unknown, problems: Problem[]): Part<RecordTimes> {
  const reader = new FieldReader(value, 't', problems);
  const times: RecordTimes = {
    registeredAtMs: reader.wallMs('registeredAtMs'),
    upAtMs: reader.has('upAtMs') ? reader.wallMs('upAtMs') : undefined,
    updatedAtMs: reader.wallMs('updatedAtMs'),
    dirtyAtMs: reader.wallMs('dirtyAtMs'),
    isDirtyGiven: reader.boolean('isDirtyGiven'),
    hlc: reader.whole('hlc', 0, Number.MAX_SAFE_INTEGER),
  };
  return { value: times, unknown: reader.unknown() };
}

function causeOf(value: unknown, problems: Problem[]): RecordCause {
  const reader = new FieldReader(value, 'c', problems);
  const why = reader.text('why', 64);
  const by = reader.has('by') ? new FieldReader(reader.raw('by'), 'c.by', problems).unknown() : undefined;
  return { why, by, rest: reader.unknown() };
}

function healthOf(value: unknown, problems: Problem[]): Part<RecordHealth> {
  const reader = new FieldReader(value, 'h', problems);
  const health: RecordHealth = {
    verdict: reader.oneOf('verdict', Verdict),
    reason: reader.text('reason', 4096),
    file: reader.has('file') ? reader.text('file', 4096) : undefined,
  };
  return { value: health, unknown: reader.unknown() };
}
