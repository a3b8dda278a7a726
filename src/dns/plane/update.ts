// What a replica is told of one instance, and its form on the way to another thread: a row of plain JSON. Text is made
// once for all threads and copied fast, where a structured clone would walk every object again for each of them. A row
// has what DNS answers with; times, ids and causes stay in the main thread. A lease is open (no deadline) until it is
// lapsing: see registry/lapsing.ts.

import { type Address, addressToText, parseAddress } from '../../registry/address.ts';
import type { Instance } from '../../registry/instance.ts';
import { lapsingFromMs } from '../../registry/lapsing.ts';
import type { LeasedInstance } from '../../registry/view.ts';

export interface Place {
  readonly env: string;
  readonly appid: string;
  readonly label: string;
}

/** `deadlineMs` is infinite where the lease is open. */
export interface LeaseState {
  readonly deadlineMs: number;
  readonly isSuspect: boolean;
}

export type Update =
  | ({ readonly kind: 'put'; readonly revision: number; readonly instance: Instance } & LeaseState)
  | ({ readonly kind: 'remove'; readonly revision: number } & Place)
  | ({ readonly kind: 'mark' } & Place & LeaseState);

type Row = readonly unknown[];

/** An instance is there, new or changed. */
export function putRow(leased: LeasedInstance, revision: number, nowMs: number): Row {
  const { instance } = leased;
  const { env, appid, label, version, zone, group, tags, weight, priority, status, metadata } = instance;
  const addrs = instance.addrs.map(addressToText);
  const texts = [version, zone, group, tags, [...metadata].flat(), addrs];
  const numbers = [weight, priority, status === 'up' ? 1 : 0, instance.leaseSeconds, instance.dnsTtl];
  return ['+', env, appid, label, revision, ...leaseOf(leased, nowMs), ...numbers, ...texts];
}

/** An instance has left. */
export function removeRow({ env, appid, label }: Place, revision: number): Row {
  return ['-', env, appid, label, revision];
}

/** Nothing but the lease is another. */
export function markRow(leased: LeasedInstance, nowMs: number): Row {
  const { env, appid, label } = leased.instance;
  return ['~', env, appid, label, ...leaseOf(leased, nowMs)];
}

/** JSON has no infinity. */
function leaseOf(leased: LeasedInstance, nowMs: number): [number | null, 0 | 1] {
  const isOpen = nowMs < lapsingFromMs(leased);
  return [isOpen ? null : leased.deadlineMs, leased.isSuspect ? 1 : 0];
}

/** Rows as one text, in their order. */
export function readUpdates(text: string): Update[] {
  return (JSON.parse(text) as Row[]).map(updateOf);
}

type Lease = [deadlineMs: number | null, isSuspect: 0 | 1];
type Numbers = [weight: number, priority: number, isUp: 0 | 1, leaseSeconds: number, dnsTtl: number];
type Texts = [version: string, zone: string, group: string, tags: string[], metadata: string[], addrs: string[]];

function updateOf(row: Row): Update {
  const [kind, env, appid, label] = row as [string, string, string, string];
  if (kind === '~') return { kind: 'mark', env, appid, label, ...stateOf(row.slice(4) as Lease) };
  const revision = row[4] as number;
  if (kind === '-') return { kind: 'remove', revision, env, appid, label };
  const [weight, priority, isUp, leaseSeconds, dnsTtl] = row.slice(7, 12) as Numbers;
  const [version, zone, group, tags, metadata, addrs] = row.slice(12) as Texts;
  const instance: Instance = {
    env,
    appid,
    // Nobody asks DNS for it.
    instance: label,
    label,
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
  };
  return { kind: 'put', revision, instance, ...stateOf(row.slice(5, 7) as Lease) };
}

/** One for all instances that have none: a map of its own is some 200 octets. */
const noMetadata: ReadonlyMap<string, string> = new Map();
const noTags: readonly string[] = [];

function stateOf([deadlineMs, isSuspect]: Lease): LeaseState {
  return { deadlineMs: deadlineMs ?? Number.POSITIVE_INFINITY, isSuspect: isSuspect === 1 };
}

function* pairsOf(flat: readonly string[]): Generator<[string, string]> {
  for (let at = 0; at < flat.length; at += 2) yield [flat[at] as string, flat[at + 1] as string];
}
