// An instance as it is kept in etcd: JSON with short names, since there may be a hundred thousand of them. Who reads one
// reads what another node wrote: it is parsed like a request body, and every fault is reported. Nodes of two versions run
// side by side during an upgrade, so fields that this version does not know survive a rewrite; only with a registration
// that takes another's place do the unknown fields of the old registration go. `v` changes only when older nodes could
// not read it at all.

import { type FrontParts, partsIn } from '../../model/front-parts.ts';
import type { Health } from '../../model/health.ts';
import { type Registration, registrationToJson } from '../../model/instance.ts';
import { labelFault, parseInstanceId } from '../../model/names.ts';
import { type Problem, problem } from '../../model/problem.ts';
import { placesARevision } from './epoch.ts';
import { FieldReader, nothing, parseJson, type Unknown } from './json-fields.ts';
import { isNodeName } from './keys.ts';
import {
  causeOf,
  healthOf,
  type Policy,
  policyOf,
  type RecordCause,
  type RecordTimes,
  recordLimits,
  registrationOf,
  type StatusInputs,
  statusOf,
  timesOf,
} from './record-parts.ts';

export const recordVersion = 1;

export interface ClusterRecord {
  /** The id in its registrant's spelling. */
  readonly instance: string;
  readonly owner: string;
  readonly operation: string;
  /** The number of its last data change; undefined: that of this key's own revision, and of `place` there. */
  readonly dataRevision: number | undefined;
  /** Among the changes that share a revision. */
  readonly place: number;
  readonly registration: Registration;
  readonly label: string;
  readonly policy: Policy;
  readonly status: StatusInputs;
  readonly times: RecordTimes;
  readonly cause: RecordCause;
  readonly health: Health | undefined;
  /** What fronts of other registries' APIs keep with it. */
  readonly fronts?: FrontParts | undefined;
  /** The entry whose `instancesMax` it counts for. */
  readonly quotaEntry?: string | undefined;
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

export const noUnknown: RecordUnknown = Object.freeze({
  top: nothing,
  registration: nothing,
  policy: nothing,
  status: nothing,
  override: nothing,
  times: nothing,
  health: nothing,
});

export function parseRecord(value: Uint8Array): ClusterRecord | Problem[] {
  const parsed = parseJson(value, recordLimits.octets);
  return 'field' in parsed ? [parsed] : recordIn(parsed.json);
}

/** The same of JSON that was parsed already. */
export function recordIn(json: unknown): ClusterRecord | Problem[] {
  const problems: Problem[] = [];
  const reader = new FieldReader(json, '', problems);
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
    place: reader.has('x') ? reader.whole('x', 0, placesARevision - 1) : 0,
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
  const fronts = reader.has('f') ? partsIn(reader.raw('f')) : undefined;
  const quotaEntry = reader.has('q') ? reader.text('q', recordLimits.entryOctets) : undefined;
  const top = reader.unknown();
  if (problems.length > 0 || registration.value === undefined) return problems;
  const unknown: RecordUnknown = {
    top,
    registration: registration.unknown,
    policy: policy.unknown,
    status: status.unknown,
    override: status.override,
    times: times.unknown,
    health: health.unknown,
  };
  return {
    ...parts,
    registration: registration.value,
    policy: policy.value,
    status: status.value,
    times: times.value,
    cause,
    health: health.value,
    ...(fronts === undefined ? {} : { fronts }),
    ...(quotaEntry === undefined ? {} : { quotaEntry }),
    // Kept with each instance: one object for all that have none.
    unknown: Object.values(unknown).every((part) => part === nothing) ? noUnknown : unknown,
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
    ...(record.place === 0 ? {} : { x: record.place }),
    r: { ...unknown.registration, ...withoutEmpty(registrationToJson(record.registration)) },
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
    ...(record.fronts === undefined ? {} : { f: record.fronts }),
    ...(record.quotaEntry === undefined ? {} : { q: record.quotaEntry }),
  });
}

/** What is empty reads the same where it is left out, and is a third of most records. */
function withoutEmpty(registration: ReturnType<typeof registrationToJson>): Unknown {
  const { version, zone, group, tags, metadata, checks, ...rest } = registration;
  const shown: Record<string, unknown> = rest;
  if (version !== '') shown['version'] = version;
  if (zone !== '') shown['zone'] = zone;
  if (group !== '') shown['group'] = group;
  if ((tags as readonly string[]).length > 0) shown['tags'] = tags;
  if (Object.keys(metadata as object).length > 0) shown['metadata'] = metadata;
  if ((checks as readonly unknown[]).length > 0) shown['checks'] = checks;
  return shown;
}

/** The record with a registration in the place of its own: unknown fields of the old one were about the old one. */
export function withRegistration(record: ClusterRecord, registration: Registration): ClusterRecord {
  return { ...record, registration, unknown: { ...record.unknown, registration: nothing } };
}

/** The operation that wrote a record or a tombstone, without reading the rest; undefined: it has none. */
export function operationOf(value: Uint8Array): string | undefined {
  const parsed = parseJson(value, recordLimits.octets);
  if ('field' in parsed) return undefined;
  const problems: Problem[] = [];
  const operation = new FieldReader(parsed.json, '', problems).text('u', recordLimits.operationOctets);
  return problems.length === 0 ? operation : undefined;
}

function checked(text: string, field: string, problems: Problem[], parse: (text: string) => string | Problem): string {
  if (problems.some((one) => one.field === field)) return text;
  const parsed = parse(text);
  if (typeof parsed === 'string') return parsed;
  problems.push({ ...parsed, field });
  return text;
}
