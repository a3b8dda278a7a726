// What a replica knows of one instance, and its form on the way to another thread: a row of plain JSON. Text is made
// once for all threads and copied fast, where a structured clone would walk every object again for each of them. A row
// has what DNS answers with; times and causes stay in the main thread. A lease is open (no deadline) until it is near
// its end: see LeaseOptions.onNearExpiry of the registry.
// Limit: why a suspect is kept is sent when it becomes one and when it is looked at again; between, its numbers may be others.

import { type Address, addressToText, parseAddress } from '../../model/address.ts';
import { isAlike } from '../../model/compact-instance.ts';
import type { Health } from '../../model/health.ts';
import type { Instance, Registration, Supervision } from '../../model/instance.ts';
import type { Override } from '../../model/status.ts';
import type { LeasedInstance } from '../../model/view.ts';

export interface InstanceLabel {
  readonly env: string;
  readonly appid: string;
  readonly label: string;
}

/** An instance as the registry has it. */
export interface ReplicaInstance extends LeasedInstance {
  /** Its deadline is for those to know who hold a copy. */
  readonly isNearExpiry: boolean;
}

export interface ReplicaLease {
  /** Infinite where the lease is open. */
  readonly deadlineMs: number;
  /** Why the guard keeps it, in words; undefined where it is no suspect. */
  readonly why: string | undefined;
}

export type Update =
  | Put
  | ({ readonly kind: 'remove'; readonly revision: number } & InstanceLabel)
  | ({ readonly kind: 'lease' } & InstanceLabel & ReplicaLease);

export interface Put extends InstanceLabel, ReplicaLease {
  readonly kind: 'put';
  readonly revision: number;
  /** Mostly the label itself. */
  readonly id: string;
  readonly registration: Registration;
  /** What a thread knows of its supervision. */
  readonly supervision: Pick<Supervision, 'health' | 'override'>;
}

type Row = readonly unknown[];

/**
 * An instance is there, new or changed. `why`: of a suspect. `before`: the result of `openInstance` for the last one for which
 * this made a row of the same text; if both are equal but for names and their only address, the row has no more.
 */
export function putRow(leased: ReplicaInstance, revision: number, why: string, before?: Instance): Row {
  const { instance } = leased;
  if (before !== undefined && isAlike(instance, before) && openInstance(leased) !== undefined) {
    const { addrs } = instance;
    const [only] = addrs;
    if (only !== undefined && addrs.length === 1) return alikeRow(instance, only, revision, before);
  }
  const { env, appid, label, version, zone, group, tags, weight, priority, wanted, metadata } = instance;
  const addrs = instance.addrs.map(addressToText);
  const id = instance.instance === label ? '' : instance.instance;
  const texts = [id, version, zone, group, tags, [...metadata].flat(), addrs];
  const numbers = [weight, priority, wanted === 'up' ? 1 : 0, instance.leaseSeconds, instance.dnsTtl];
  const { health, override } = instance;
  const supervision = health === undefined && override === undefined ? [] : [health ?? null, override ?? null];
  return ['+', env, appid, label, revision, ...leaseOf(leased, why), ...numbers, ...texts, ...supervision];
}

/** The instance as it is now, if its lease is not near its end. */
export function openInstance({ isNearExpiry, isSuspect, instance }: ReplicaInstance): Instance | undefined {
  return isNearExpiry || isSuspect ? undefined : instance;
}

function alikeRow(instance: Instance, { host, port }: Address, revision: number, before: Instance): Row {
  const { env, appid, label } = instance;
  const id = instance.instance === label ? '' : instance.instance;
  const row = ['=', label, id, revision, host, port];
  return env === before.env && appid === before.appid ? row : [...row, env, appid];
}

/** An instance has left. */
export function removeRow({ env, appid, label }: InstanceLabel, revision: number): Row {
  return ['-', env, appid, label, revision];
}

/** Nothing but the lease is another. */
export function leaseRow(leased: ReplicaInstance, why: string): Row {
  const { env, appid, label } = leased.instance;
  return ['~', env, appid, label, ...leaseOf(leased, why)];
}

/** JSON has no infinity. */
function leaseOf({ isNearExpiry, deadlineMs, isSuspect }: ReplicaInstance, why: string): Lease {
  return [isNearExpiry ? deadlineMs : null, isSuspect ? why : null];
}

/** Rows as one text, in their order. */
export function readUpdates(text: string): Update[] {
  let before: Put | undefined;
  return (JSON.parse(text) as Row[]).map((row) => {
    const update = row[0] === '=' ? alikeOf(row as AlikeRow, before as Put) : updateOf(row);
    if (update.kind === 'put') before = update;
    return update;
  });
}

type AlikeRow = ['=', label: string, id: string, revision: number, host: string, port: number, ...Partial<AppOf>];
type AppOf = [env: string, appid: string];

function alikeOf([, label, id, revision, host, port, ...app]: AlikeRow, before: Put): Put {
  const [env = before.env, appid = before.appid] = app;
  const { registration, supervision, deadlineMs, why } = before;
  const [{ portName, protocol, family }] = registration.addrs as readonly [Address];
  const addrs = [{ portName, protocol, host, family, port }];
  const place = { env, appid, label, id: id === '' ? label : id };
  return { kind: 'put', revision, ...place, registration: { ...registration, addrs }, supervision, deadlineMs, why };
}

type Lease = [deadlineMs: number | null, why: string | null];
type Numbers = [weight: number, priority: number, isUp: 0 | 1, leaseSeconds: number, dnsTtl: number];
type Texts = [id: string, version: string, zone: string, group: string, ...lists: [string[], string[], string[]]];

function updateOf(row: Row): Update {
  const [kind, env, appid, label] = row as [string, string, string, string];
  if (kind === '~') return { kind: 'lease', env, appid, label, ...stateOf(row.slice(4) as Lease) };
  const revision = row[4] as number;
  if (kind === '-') return { kind: 'remove', revision, env, appid, label };
  const [weight, priority, isUp, leaseSeconds, dnsTtl] = row.slice(7, 12) as Numbers;
  const [id, version, zone, group, tags, metadata, addrs] = row.slice(12, 19) as Texts;
  const registration: Registration = {
    addrs: addrs.map((text) => parseAddress(text) as Address),
    version,
    zone,
    group,
    tags: tags.length === 0 ? noTags : tags,
    weight,
    priority,
    status: isUp === 1 ? 'up' : 'waiting',
    metadata: metadata.length === 0 ? noMetadata : new Map(pairsOf(metadata)),
    leaseSeconds,
    dnsTtl,
    // Asked by the main thread alone.
    checks: noChecks,
  };
  const place = { env, appid, label, id: id === '' ? label : id };
  const [health = null, override = null] = row.slice(19) as [(Health | null)?, (Override | null)?];
  const supervision = { health: health ?? undefined, override: override ?? undefined };
  return { kind: 'put', revision, ...place, registration, supervision, ...stateOf(row.slice(5, 7) as Lease) };
}

/** One for all instances that have none: a map of its own is some 200 octets. */
const noMetadata: ReadonlyMap<string, string> = new Map();
const noTags: readonly string[] = [];
const noChecks: Registration['checks'] = [];

function stateOf([deadlineMs, why]: Lease): ReplicaLease {
  return { deadlineMs: deadlineMs ?? Number.POSITIVE_INFINITY, why: why ?? undefined };
}

function* pairsOf(flat: readonly string[]): Generator<[string, string]> {
  for (let at = 0; at < flat.length; at += 2) yield [flat[at] as string, flat[at + 1] as string];
}
