// Changes and instances as rows: text and numbers, since rows cross threads and end in a database. Every row carries a
// CRC of its content, so that a flipped bit is seen and not served. Made where the change is (the main thread), so that
// each registration becomes text once; read by the gate that HTTP bodies pass, because a file is never trusted.

import { crc32 } from 'node:zlib';
import type { Change } from '../registry/change.ts';
import { type Instance, parseRegistration, type Registration, registrationToJson } from '../registry/instance.ts';
import { instanceKey, labelFault, parseInstanceKey } from '../registry/names.ts';
import type { SavedInstance } from '../registry/options.ts';
import { PlacedInstance } from '../registry/placed-instance.ts';
import { type Problem, problem } from '../registry/problem.ts';
import type { Timestamps } from '../registry/stored-instance.ts';

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
}

export function changeRow(change: Change): ChangeRow {
  const { revision, atMs, kind, cause, before, after } = change;
  const subject = after ?? before;
  const { env, appid, instance, label } = subject;
  const times = JSON.stringify(change.times);
  const registration = after && JSON.stringify(registrationToJson(after));
  const parts = [
    `"kind":"${kind}"`,
    `"instance":${JSON.stringify(instance)}`,
    `"label":"${label}"`,
    `"cause":${JSON.stringify(cause)}`,
    `"times":${times}`,
  ];
  if (before !== undefined) parts.push(`"before":${JSON.stringify(registrationToJson(before))}`);
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
  };
}

export function instanceCrc(row: InstanceRow): number {
  const { env, appid, instance, label, registration, times, revision } = row;
  return crcOfColumns([env, appid, instance, label, registration, times, revision]);
}

/** In the order in which the columns of an instance stand. */
export function crcOfColumns(columns: readonly unknown[]): number {
  return crc32(columns.join('\0'));
}

export function eventCrc({ revision, atMs, env, appid, key, why, content }: EventRow): number {
  return crc32([revision, atMs, env, appid, key, why, content].join('\0'));
}

/**
 * A row back to what the registry takes; a problem names what no longer is as it has to be. `readRegistration`: a
 * RegistrationReader's.
 */
export function savedInstance(
  row: InstanceRow,
  readRegistration: (text: string) => Registration | Problem,
): SavedInstance | Problem {
  const key = parseInstanceKey(row.env, row.appid, row.instance);
  if (Array.isArray(key)) return key[0] as Problem;
  const label = labelFault(row.label);
  if (label !== undefined) return problem('label', label, row.label);
  const registration = readRegistration(row.registration);
  if ('message' in registration) return registration;
  const times = timesIn(parsed(row.times));
  if (times === undefined) return problem('times', 'are not times', row.times);
  return { key, label: row.label, registration, times, revision: row.revision };
}

/** What follows the addresses in `registrationToJson`; no text inside it can hold these quotes. */
const behindAddrs = '],"version":';

/**
 * Reads registrations one after the other. Most differ from the one before in nothing but their addresses, so of those
 * no more is read: at a million that is seconds of a restart.
 */
export class RegistrationReader {
  #rest = '';
  #said: Registration | undefined;

  read(text: string): Registration | Problem {
    const end = text.indexOf(behindAddrs);
    const isSame = end > 0 && this.#said !== undefined && text.slice(end) === this.#rest;
    const registration = parseRegistration(parsed(isSame ? `${text.slice(0, end)}]}` : text), noDefaults);
    if (Array.isArray(registration)) return registration[0] as Problem;
    if (isSame) return { ...(this.#said as Registration), addrs: registration.addrs };
    this.#said = registration;
    this.#rest = end > 0 ? text.slice(end) : '';
    return registration;
  }
}

/** The change that an event was made from; undefined where the row says nothing that can be understood. */
export function changeOf(row: EventRow): Change | undefined {
  const content = parsed(row.content) as Record<string, unknown> | undefined;
  if (content === undefined) return undefined;
  const { kind, instance, label, cause, before, after } = content;
  const times = timesIn(content['times']);
  const place = { env: row.env, appid: row.appid, instance: instance as string, label: label as string };
  const put = (registration: unknown): Instance | undefined => {
    const read = parseRegistration(registration, noDefaults);
    return Array.isArray(read) ? undefined : new PlacedInstance(place, place.instance, place.label, read);
  };
  const was = before === undefined ? undefined : put(before);
  const is = after === undefined ? undefined : put(after);
  if (times === undefined || (before !== undefined && was === undefined) || (after !== undefined && is === undefined))
    return undefined;
  const change = { revision: row.revision, atMs: row.atMs, kind, cause, times };
  return { ...change, ...(was && { before: was }), ...(is && { after: is }) } as object as Change;
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

/** Every field is in the file; what is missing there is damage and gets a harmless value. */
const noDefaults = { leaseSeconds: 90, dnsTtl: 5 };

const timeFields = ['registeredAtMs', 'renewedAtMs', 'updatedAtMs', 'dirtyAtMs'] as const;

function timesIn(value: unknown): Timestamps | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const times = value as Timestamps;
  if (!timeFields.every((field) => Number.isFinite(times[field]))) return undefined;
  return { ...times, upAtMs: Number.isFinite(times.upAtMs) ? times.upAtMs : undefined };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
