// An instance as the API shows it, and its times. All times are ISO 8601 in UTC with milliseconds; the end of a lease
// is kept in monotonic time and shown in wall-clock time, counted from now.

import { addressToText } from '../../model/address.ts';
import type { FrontParts } from '../../model/front-parts.ts';
import type { Health } from '../../model/health.ts';
import type { Instance } from '../../model/instance.ts';
import type { InstanceRecord } from '../../model/instance-record.ts';
import type { InstanceKey } from '../../model/names.ts';
import type { Override, Status } from '../../model/status.ts';
import type { Clock } from '../../runtime/clock.ts';

/** The second that was asked for last: the ends of leases that are renewed at one time lie in one. */
let lastSecond = { atMs: Number.NaN, text: '' };

/** ISO 8601 text of wall-clock milliseconds. */
export function isoTime(wallMs: number): string {
  const ms = Math.trunc(wallMs) % 1000;
  // Before 1970 seconds are counted the other way.
  if (ms < 0) return new Date(wallMs).toISOString();
  const atMs = Math.trunc(wallMs) - ms;
  if (atMs !== lastSecond.atMs) lastSecond = { atMs, text: new Date(wallMs).toISOString().slice(0, -4) };
  return `${lastSecond.text}${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}Z`;
}

/** A time of the lease clock, by the clock on the wall. */
export function isoOfMonotonic(monotonicMs: number, clock: Clock): string {
  return isoTime(clock.wallMs() + Math.round(monotonicMs - clock.monotonicMs()));
}

/** When the lease ends; null: it has checks, and no lease that ends. */
export function leaseEndsAt({ deadlineMs }: Pick<InstanceRecord, 'deadlineMs'>, clock: Clock): string | null {
  if (deadlineMs === Number.POSITIVE_INFINITY) return null;
  return isoOfMonotonic(deadlineMs, clock);
}

/** The content of an instance, ready for JSON: the document without times, for states that are past. */
export function contentDocument(instance: Instance): Record<string, unknown> {
  return {
    env: instance.env,
    appid: instance.appid,
    instance: instance.instance,
    label: instance.label,
    addrs: instance.addrs.map(addressToText),
    version: instance.version,
    zone: instance.zone,
    group: instance.group,
    tags: instance.tags,
    weight: instance.weight,
    priority: instance.priority,
    status: instance.status,
    metadata: Object.fromEntries(instance.metadata),
    leaseSeconds: instance.leaseSeconds,
    dnsTtl: instance.dnsTtl,
    ...(instance.health === undefined
      ? {}
      : { checks: instance.checks, health: healthDocument(instance.health, instance.wanted) }),
    ...(instance.override === undefined ? {} : { override: overrideDocument(instance) }),
    ...(instance.fronts === undefined ? {} : { fronts: frontsDocument(instance.fronts) }),
  };
}

function healthDocument({ verdict, reason, file }: Health, wanted: Status): Record<string, unknown> {
  return { verdict, reason, file, wanted };
}

/** `until`: null for a plain drain, which ends with the next registration or patch with `up`. */
function overrideDocument({ override, wanted }: Instance): Record<string, unknown> {
  const { status, by, reason, until } = override as Override;
  const end = until === 'next-up' ? null : until === 'unbounded' ? until : isoTime(until);
  return { status, wanted, by, ...(reason === undefined ? {} : { reason }), until: end };
}

function frontsDocument(fronts: FrontParts): Record<string, unknown> {
  const parts = Object.entries(fronts).map(([name, { appName, content }]) => [
    name,
    { appName, content: JSON.parse(content) as unknown },
  ]);
  return Object.fromEntries(parts) as Record<string, unknown>;
}

/** The document, ready for JSON. */
export function instanceDocument(stored: Omit<InstanceRecord, 'isNearExpiry'>, clock: Clock): Record<string, unknown> {
  return {
    ...contentDocument(stored.instance),
    registeredAt: isoTime(stored.registeredAtMs),
    upAt: stored.upAtMs === undefined ? null : isoTime(stored.upAtMs),
    renewedAt: isoTime(stored.renewedAtMs),
    updatedAt: isoTime(stored.updatedAtMs),
    dirtyAt: isoTime(stored.dirtyAtMs),
    leaseEndsAt: leaseEndsAt(stored, clock),
    ...(stored.isSuspect ? { suspect: true } : {}),
    revision: stored.revision,
  };
}

/** The path of an instance: each part percent-encoded so far that it needs no quoting in a shell. */
export function instancePath(key: InstanceKey): string {
  return `/api/v1/apps/${key.env}/${key.appid}/${encodeSegment(key.instance)}`;
}

/** How messages call an instance: `prod/pay/a1`. */
export function instanceName(key: InstanceKey): string {
  return `${key.env}/${key.appid}/${key.instance}`;
}

function encodeSegment(text: string): string {
  const encoded = encodeURIComponent(text.toWellFormed());
  return encoded.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Of a write in a cluster: whether the other nodes have it. */
export function replication({ replicated }: { readonly replicated?: boolean | undefined }) {
  return replicated === undefined ? {} : { replicated };
}
