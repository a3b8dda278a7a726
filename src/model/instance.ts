// A service instance's registration, parsed from untrusted input into a frozen value. `parseRegistration` is the
// only gate: HTTP bodies, merge patches and (later) restored state all pass it, and it reports every problem at once.
// Design §3 lists fields and limits.

import { type Address, type AddressFault, addressToText, parseAddress } from './address.ts';
import { type Check, checksOf, targetProblems } from './checks.ts';
import type { FrontParts } from './front-parts.ts';
import type { Health } from './health.ts';
import type { Liveness } from './liveness.ts';
import type { InstanceKey } from './names.ts';
import { type Problem, problem } from './problem.ts';
import type { Override, Status } from './status.ts';
import { isPrintable, utf8Length } from './text.ts';

/** The part of an instance that its owner decides. Frozen; two equal registrations are equal in every field. */
export interface Registration {
  readonly addrs: readonly Address[];
  readonly version: string;
  readonly zone: string;
  readonly group: string;
  readonly tags: readonly string[];
  readonly weight: number;
  readonly priority: number;
  readonly status: Status;
  readonly metadata: ReadonlyMap<string, string>;
  readonly leaseSeconds: number;
  /** DNS TTL in seconds. */
  readonly dnsTtl: number;
  /** Empty: it renews a lease instead. */
  readonly checks: readonly Check[];
}

/** What belongs to an instance beside its registration. */
export interface Supervision {
  readonly liveness: Liveness;
  /** Undefined: its lease alone decides whether it is there. */
  readonly health: Health | undefined;
  /** An operator's decision about its status; undefined: none. */
  readonly override: Override | undefined;
  /** What fronts of other registries' APIs keep with it; undefined: nothing. */
  readonly fronts?: FrontParts | undefined;
  /** The entry of the token file whose `instancesMax` it counts for; undefined: none. */
  readonly quotaEntry?: string | undefined;
}

/** `status` is the effective one; what the registrant wants is `wanted`. See status.ts. */
export interface Instance extends InstanceKey, Registration, Supervision {
  /** Its own DNS label below the app's name; given once and kept. */
  readonly label: string;
  readonly wanted: Status;
}

/** What a registration that leaves them out gets. */
export interface RegistrationDefaults {
  readonly leaseSeconds: number;
  readonly dnsTtl: number;
}

export const limits = {
  addrs: 32,
  /** Free text that callers select by: long enough for any version string, short enough for a DNS label. */
  textOctets: 63,
  tags: 32,
  metadataKeys: 64,
  metadataOctets: 8192,
  weight: 65_535,
  leaseSeconds: { min: 5, max: 86_400 },
  dnsTtl: { min: 0, max: 3600 },
} as const;

/** One for all instances that have none: an empty map of its own takes 200 octets. */
const noMetadata: ReadonlyMap<string, string> = new Map();
const none: readonly string[] = Object.freeze([]);

export const weightDefault = 10;
export const priorityDefault = 0;

const fields = {
  addrs: addrsOf,
  version: textOf,
  zone: textOf,
  group: textOf,
  tags: tagsOf,
  weight: sixteenBits(weightDefault),
  priority: sixteenBits(priorityDefault),
  status: statusOf,
  metadata: metadataOf,
  leaseSeconds: seconds('leaseSeconds'),
  dnsTtl: seconds('dnsTtl'),
  checks: checksOf,
} as const satisfies { [F in keyof Registration]: Reader<Registration[F]> };

export function isRegistrationField(name: string): boolean {
  return Object.hasOwn(fields, name);
}

/** Reads one field; `undefined` input means the field is absent. Adds to `problems` instead of throwing. */
type Reader<T> = (value: unknown, field: string, problems: Problem[], defaults: RegistrationDefaults) => T;

/**
 * Parses a registration: a plain object as JSON.parse gives it.
 * Returns all problems, in the order of the fields; unknown fields are problems too.
 */
export function parseRegistration(input: unknown, defaults: RegistrationDefaults): Registration | Problem[] {
  if (!isObject(input)) return [problem('', 'must be a JSON object', input ?? 'nothing')];
  const problems: Problem[] = [];
  for (const key of Object.keys(input)) {
    if (!Object.hasOwn(fields, key))
      problems.push(problem(key.slice(0, limits.textOctets), 'is not a field of a registration'));
  }
  const read = <F extends keyof Registration>(field: F): Registration[F] => {
    const value = Object.hasOwn(input, field) ? input[field] : undefined;
    return (fields[field] as Reader<Registration[F]>)(value, field, problems, defaults);
  };
  const registration: Registration = Object.freeze({
    addrs: read('addrs'),
    version: read('version'),
    zone: read('zone'),
    group: read('group'),
    tags: read('tags'),
    weight: read('weight'),
    priority: read('priority'),
    status: read('status'),
    metadata: read('metadata'),
    leaseSeconds: read('leaseSeconds'),
    dnsTtl: read('dnsTtl'),
    checks: read('checks'),
  });
  if (problems.length === 0) problems.push(...targetProblems(registration.checks, registration.addrs));
  return problems.length > 0 ? problems : registration;
}

/** The registration as JSON, of an instance too: what `parseRegistration` reads back to the same value. */
export function registrationToJson(
  registration: Registration & { readonly wanted?: Status },
): Record<keyof Registration, unknown> {
  const { addrs, version, zone, group, tags, weight, priority, metadata, leaseSeconds, dnsTtl, checks } = registration;
  const status = registration.wanted ?? registration.status;
  return {
    addrs: addrs.map(addressToText),
    version,
    zone,
    group,
    tags: [...tags],
    weight,
    priority,
    status,
    metadata: Object.fromEntries(metadata),
    leaseSeconds,
    dnsTtl,
    checks: [...checks],
  };
}

/** True where both are equal; the order of addresses, tags and keys counts, as their owner wrote them. */
export function isSameRegistration(a: Registration, b: Registration): boolean {
  return JSON.stringify(registrationToJson(a)) === JSON.stringify(registrationToJson(b));
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function addrsOf(value: unknown, field: string, problems: Problem[]): readonly Address[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > limits.addrs) {
    problems.push(
      problem(
        field,
        `must be a list of 1-${limits.addrs} addresses`,
        Array.isArray(value) ? `${value.length} addresses` : value,
      ),
    );
    return [];
  }
  const [only] = value as readonly unknown[];
  const alone = value.length === 1 && typeof only === 'string' ? parseAddress(only) : undefined;
  if (alone !== undefined && !('fault' in alone)) return Object.freeze([alone]);
  const seen = new Map<string, Address>();
  for (const [index, text] of value.entries()) {
    const at = `${field}[${index}]`;
    const parsed: Address | AddressFault =
      typeof text === 'string' ? parseAddress(text) : { fault: 'must be text of the form name://host:port' };
    if ('fault' in parsed) problems.push(problem(at, parsed.fault, parsed.value ?? text));
    else if (seen.has(addressToText(parsed))) problems.push(problem(at, 'is listed twice', text));
    else seen.set(addressToText(parsed), parsed);
  }
  return Object.freeze([...seen.values()]);
}

function textOf(value: unknown, field: string, problems: Problem[]): string {
  if (value === undefined) return '';
  const fault = textFault(value);
  if (fault === undefined) return value as string;
  problems.push(problem(field, fault, value));
  return '';
}

function textFault(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'must be text';
  if (utf8Length(value) > limits.textOctets) return `must be at most ${limits.textOctets} bytes`;
  return isPrintable(value) ? undefined : 'must be printable text';
}

function tagsOf(value: unknown, field: string, problems: Problem[]): readonly string[] {
  if (value === undefined) return none;
  if (!Array.isArray(value) || value.length > limits.tags) {
    problems.push(
      problem(
        field,
        `must be a list of at most ${limits.tags} tags`,
        Array.isArray(value) ? `${value.length} tags` : value,
      ),
    );
    return [];
  }
  for (const [index, tag] of value.entries()) {
    const fault = tag === '' ? 'must not be empty' : textFault(tag);
    if (fault !== undefined) problems.push(problem(`${field}[${index}]`, fault, tag));
  }
  return value.length === 0 ? none : Object.freeze([...new Set(value as string[])]);
}

function sixteenBits(fallback: number): Reader<number> {
  return (value, field, problems) =>
    integerOf(value === undefined ? fallback : value, field, 0, limits.weight, problems);
}

function seconds(field: 'leaseSeconds' | 'dnsTtl'): Reader<number> {
  const { min, max } = limits[field];
  return (value, at, problems, defaults) =>
    integerOf(value === undefined ? defaults[field] : value, at, min, max, problems);
}

function integerOf(value: unknown, field: string, min: number, max: number, problems: Problem[]): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  problems.push(problem(field, `must be a whole number ${min}-${max}`, value));
  return min;
}

/** `up` and `waiting`, or the numbers 1 and 2 by which other registries know them. */
function statusOf(value: unknown, field: string, problems: Problem[]): Status {
  if (value === undefined || value === 'up' || value === 1) return 'up';
  if (value === 'waiting' || value === 2) return 'waiting';
  problems.push(problem(field, 'must be "up" or "waiting"', value));
  return 'waiting';
}

function metadataOf(value: unknown, field: string, problems: Problem[]): ReadonlyMap<string, string> {
  if (value === undefined) return noMetadata;
  const metadata = new Map<string, string>();
  if (!isObject(value)) {
    problems.push(problem(field, 'must be an object of text values', value));
    return metadata;
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return noMetadata;
  if (entries.length > limits.metadataKeys) {
    problems.push(problem(field, `must have at most ${limits.metadataKeys} keys`, `${entries.length} keys`));
    return metadata;
  }
  let octets = 0;
  for (const [key, text] of entries) {
    const at = `${field}.${key.slice(0, limits.textOctets)}`;
    const fault = metadataKeyFault(key);
    if (fault !== undefined) problems.push(problem(at, fault, key));
    else if (typeof text !== 'string') problems.push(problem(at, 'must be text', text));
    else if (/\p{Cs}/u.test(text)) problems.push(problem(at, 'must be well-formed Unicode text', text));
    else {
      octets += utf8Length(key) + utf8Length(text);
      metadata.set(key, text);
    }
  }
  if (octets > limits.metadataOctets) {
    problems.push(problem(field, `must be at most ${limits.metadataOctets} bytes in all`, `${octets} bytes`));
  }
  return metadata;
}

/** A key comes before the `=` of a TXT string (RFC 6763 §6.4): printable ASCII without `=`. */
function metadataKeyFault(key: string): string | undefined {
  if (key === '__proto__') return 'must not be used as a key';
  if (/^[\x20-\x3c\x3e-\x7e]+$/.test(key) && key.length <= limits.textOctets) return undefined;
  return `must be a key of 1-${limits.textOctets} printable ASCII characters without "="`;
}
