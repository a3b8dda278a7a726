// Changes and instances as rows: text and numbers, since rows cross threads and end in a database. Every row carries a
// CRC of its content, so that a flipped bit is seen and not served. Made where the change is (the main thread), so that
// each registration becomes text once; read by the gate that HTTP bodies pass, because a file is never trusted. Instances
// are read back by page-reader.ts.

import { crc32 } from 'node:zlib';
import type { Actor, Change } from '../model/change.ts';
import { compactInstance } from '../model/compact-instance.ts';

import { partsIn } from '../model/front-parts.ts';
import {
  type Instance,
  isObject,
  parseRegistration,
  type Registration,
  registrationToJson,
  type Supervision,
} from '../model/instance.ts';
import type { Timestamps } from '../model/instance-record.ts';
import { defaultLiveness, isSameLiveness } from '../model/liveness.ts';
import { instanceKey } from '../model/names.ts';
import type { Problem } from '../model/problem.ts';
import { isHold } from '../model/status.ts';
import { parsed } from './stored-json.ts';
import { type HoldRow, healthIn, holdRow, livenessIn, overrideIn } from './supervision-rows.ts';

/** An instance as it is written down. */
export interface InstanceRow {
  readonly env: string;
  readonly appid: string;
  readonly instance: string;
  readonly label: string;
  /** JSON of the registration. */
  readonly registration: string;
  /** JSON of the times. */
  readonly times: string;
  readonly revision: number;
}

/** What the flight recorder keeps of one change. */
export interface EventRow {
  readonly revision: number;
  readonly atMs: number;
  readonly env: string;
  readonly appid: string;
  /** The instance's id, folded: ids that differ in case alone are one instance. */
  readonly key: string;
  readonly why: string;
  /** JSON of the rest of the change. */
  readonly content: string;
}

/** One change: what is to be remembered of it, and the instance as it is now; without one it has left. */
export interface ChangeRow {
  readonly event: EventRow;
  readonly after: InstanceRow | undefined;
  /** A hold begins or is another one; `lifted`: it is over; undefined: nothing of that. */
  readonly hold?: HoldRow | 'lifted' | undefined;
}

export function changeRow(change: Change): ChangeRow {
  const { revision, atMs, kind, cause, origin, before, after } = change;
  const subject = after ?? before;
  const { env, appid, instance, label } = subject;
  const times = JSON.stringify(change.times);
  const registration = after && JSON.stringify(contentOf(after));
  const parts = [
    `"kind":"${kind}"`,
    `"instance":${JSON.stringify(instance)}`,
    `"label":"${label}"`,
    `"cause":${JSON.stringify(cause)}`,
    `"origin":${JSON.stringify(origin)}`,
    `"times":${times}`,
  ];
  if (before !== undefined) parts.push(`"before":${JSON.stringify(contentOf(before))}`);
  if (registration !== undefined) parts.push(`"after":${registration}`);
  const event = {
    revision,
    atMs: Math.round(atMs),
    env,
    appid,
    key: instanceKey(instance),
    why: cause.why,
    content: `{${parts.join()}}`,
  };
  return {
    event,
    after: registration === undefined ? undefined : { env, appid, instance, label, registration, times, revision },
    hold: heldBy(change),
  };
}

/** A hold outlives its instance, so it has a row of its own. */
function heldBy({ before, after }: Change): ChangeRow['hold'] {
  if (after === undefined) return undefined;
  if (isHold(after.override)) return holdRow(after, after.override);
  return isHold(before?.override) ? 'lifted' : undefined;
}

/** See checked-reading.ts, which makes the same text of a row. */
export function instanceCrc(row: InstanceRow): number {
  const { env, appid, instance, label, registration, times, revision } = row;
  return crc32([env, appid, instance, label, registration, times, revision].join('\0'));
}

export function eventCrc({ revision, atMs, env, appid, key, why, content }: EventRow): number {
  return crc32([revision, atMs, env, appid, key, why, content].join('\0'));
}

/** The change that an event was made from; undefined where the row cannot be understood. */
export function changeOf(row: EventRow): Change | undefined {
  const content = parsed(row.content) as Record<string, unknown> | undefined;
  if (content === undefined) return undefined;
  const { kind, instance, label, before, after } = content;
  const { by, ...cause } = isObject(content['cause']) ? content['cause'] : {};
  const times = timesIn(content['times']);
  const place = { env: row.env, appid: row.appid, instance: instance as string, label: label as string };
  const put = (content: unknown): Instance | undefined => {
    const { registration, supervision } = readContent(content);
    if (Array.isArray(registration)) return undefined;
    return compactInstance(place, place.instance, place.label, registration, [], supervision);
  };
  const was = before === undefined ? undefined : put(before);
  const is = after === undefined ? undefined : put(after);
  if (times === undefined || (before !== undefined && was === undefined) || (after !== undefined && is === undefined))
    return undefined;
  const origin = isObject(content['origin']) ? content['origin'] : formerOrigin(by, cause);
  const change = { revision: row.revision, atMs: row.atMs, kind, cause, origin, times };
  return { ...change, ...(was && { before: was }), ...(is && { after: is }) } as object as Change;
}

/** Of a row of schema 1, whose causes have `by` `{address, token?, reason?}` where a caller asked. */
function formerOrigin(by: unknown, cause: Record<string, unknown>): Actor {
  if (!isObject(by)) return { kind: 'system', front: cause['why'] === 'checked' ? 'checks' : 'leases', address: '' };
  const { address, token, reason } = by as { address: string; token?: string; reason?: string };
  const caller = reason === undefined ? { address } : { address, reason };
  if (token !== undefined) return { kind: 'token', principal: token, front: 'api', ...caller };
  // The path of a service file has a slash in it, an address none.
  return address.includes('/')
    ? { kind: 'file', front: 'file', ...caller }
    : { kind: 'anonymous', front: 'api', ...caller };
}

/** The instance that an event left behind, as a row; undefined where it took one away. */
export function instanceAfter(row: EventRow): InstanceRow | undefined {
  const { instance, label, times, after } = parsed(row.content) as Record<string, unknown>;
  if (after === undefined) return undefined;
  const { env, appid, revision } = row;
  const registration = JSON.stringify(after);
  const [id, name] = [instance as string, label as string];
  return { env, appid, instance: id, label: name, registration, times: JSON.stringify(times), revision };
}

/** What is written of an instance: its registration, and of its supervision what is not the same for nearly all. */
function contentOf(instance: Instance): Record<string, unknown> {
  const { health, override, liveness, fronts, quotaEntry } = instance;
  return {
    ...registrationToJson(instance),
    ...(health === undefined ? {} : { health }),
    ...(override === undefined ? {} : { override }),
    ...(isSameLiveness(liveness, defaultLiveness(instance)) ? {} : { liveness }),
    ...(fronts === undefined ? {} : { fronts }),
    ...(quotaEntry === undefined ? {} : { quotaEntry }),
  };
}

/** What was written of an instance, read back. */
export interface Content {
  readonly registration: Registration | Problem[];
  /** Undefined: that of nearly all. */
  readonly supervision: Partial<Supervision> | undefined;
}

export function readContent(content: unknown): Content {
  const { health, override, liveness, fronts, quotaEntry, ...rest } = isObject(content) ? content : {};
  const registration = parseRegistration(isObject(content) ? rest : content, noDefaults);
  if (Array.isArray(registration)) return { registration, supervision: undefined };
  const supervision: Partial<Supervision> = {
    ...(isObject(health) ? { health: healthIn(health) } : {}),
    ...(isObject(override) ? { override: overrideIn(override) } : {}),
    ...(isObject(liveness) ? { liveness: livenessIn(liveness, registration) } : {}),
    ...(isObject(fronts) ? { fronts: partsIn(fronts) } : {}),
    ...(typeof quotaEntry === 'string' ? { quotaEntry } : {}),
  };
  return { registration, supervision: Object.keys(supervision).length === 0 ? undefined : supervision };
}

/** Every field is in the file, but for those that are newer than it; what is missing there is damage and gets a harmless value. */
const noDefaults = { leaseSeconds: 90, dnsTtl: 5 };

const timeFields = ['registeredAtMs', 'renewedAtMs', 'updatedAtMs', 'dirtyAtMs'] as const;

export function timesIn(value: unknown): Timestamps | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const times = value as Timestamps;
  if (!timeFields.every((field) => Number.isFinite(times[field]))) return undefined;
  return { ...times, upAtMs: Number.isFinite(times.upAtMs) ? times.upAtMs : undefined };
}
