// The parts of an instance's record: policy, status, times, cause and health, each with what reads it. A reader reports
// every fault and keeps what it does not know.

import { combinedHealth, type Health, type Judgement, Verdict } from '../../model/health.ts';
import {
  isObject,
  isRegistrationField,
  parseRegistration,
  type Registration,
  type RegistrationDefaults,
} from '../../model/instance.ts';
import { type Problem, problem } from '../../model/problem.ts';
import { type Override, Status } from '../../model/status.ts';
import { FieldReader, nothing, type Unknown } from './json-fields.ts';

export const recordLimits = {
  /** A registration's body is at most 64 KiB; times, causes and fields of later versions come to it. */
  octets: 131_072,
  operationOctets: 64,
  reasonOctets: 512,
  entryOctets: 256,
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

/** A record always has both; these are for parseRegistration's sake. */
const defaults: RegistrationDefaults = { leaseSeconds: 90, dnsTtl: 5 };

export interface Part<T> {
  readonly value: T;
  readonly unknown: Unknown;
}

export function registrationOf(value: unknown, problems: Problem[]): Part<Registration | undefined> {
  const { known, unknown } = knownFields(value, problems);
  const registration = parseRegistration(known, defaults);
  if (!Array.isArray(registration)) return { value: registration, unknown };
  problems.push(...registration.map((one) => ({ ...one, field: `r.${one.field}` })));
  return { value: undefined, unknown };
}

/** Its own fields apart from those of later versions, of which there are none as a rule. */
function knownFields(value: unknown, problems: Problem[]): { readonly known: unknown; readonly unknown: Unknown } {
  if (isObject(value) && Object.keys(value).every(isRegistrationField)) return { known: value, unknown: nothing };
  const reader = new FieldReader(value, 'r', problems);
  const names = isObject(value) ? Object.keys(value).filter(isRegistrationField) : [];
  const known = Object.fromEntries(names.map((field) => [field, reader.raw(field)]));
  return { known, unknown: reader.unknown() };
}

export function policyOf(value: unknown, problems: Problem[]): Part<Policy> {
  const reader = new FieldReader(value, 'p', problems);
  const policy: Policy = {
    kind: reader.oneOf('kind', policyKinds),
    atEnd: reader.oneOf('atEnd', ['evict', 'waiting']),
    thenSeconds: reader.has('thenSeconds') ? reader.whole('thenSeconds', 1, 31_536_000) : undefined,
    deadline: reader.oneOf('deadline', ['first', 'second']),
  };
  return { value: policy, unknown: reader.unknown() };
}

export function statusOf(value: unknown, problems: Problem[]): Part<StatusInputs> & { readonly override: Unknown } {
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
    reason: reader.has('reason') ? reader.text('reason', recordLimits.reasonOctets) : undefined,
    until: untilOf(reader.raw('until'), problems),
  };
  return { value: override, unknown: reader.unknown() };
}

function untilOf(value: unknown, problems: Problem[]): Override['until'] {
  if (value === 'next-up' || value === 'unbounded') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  problems.push(
    problem('s.override.until', 'must be next-up, unbounded or wall-clock milliseconds', value ?? 'nothing'),
  );
  return 'next-up';
}

export function timesOf(value: unknown, problems: Problem[]): Part<RecordTimes> {
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

export function causeOf(value: unknown, problems: Problem[]): RecordCause {
  const reader = new FieldReader(value, 'c', problems);
  const why = reader.text('why', 64);
  const by = reader.has('by') ? new FieldReader(reader.raw('by'), 'c.by', problems).unknown() : undefined;
  return { why, by, rest: reader.unknown() };
}

export function healthOf(value: unknown, problems: Problem[]): Part<Health> {
  const reader = new FieldReader(value, 'h', problems);
  const plain = judgementOf(reader);
  const file = reader.has('file') ? reader.text('file', 4096) : undefined;
  if (!reader.has('parts')) return { value: { ...plain, file }, unknown: reader.unknown() };
  const parts = new FieldReader(reader.raw('parts'), 'h.parts', problems);
  const [lease, checks] = [parts.raw('lease'), parts.raw('checks')].map((part) =>
    judgementOf(new FieldReader(part, 'h.parts', problems)),
  ) as [Judgement, Judgement];
  return { value: combinedHealth({ lease, checks }, file), unknown: reader.unknown() };
}

function judgementOf(reader: FieldReader): Judgement {
  return { verdict: reader.oneOf('verdict', Verdict), reason: reader.text('reason', 4096) };
}
