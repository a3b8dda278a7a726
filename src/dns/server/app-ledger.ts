// The answers with instances of one app that may be cached: an entry for each RRset, with the serve record of its answer,
// the TTL and the keys of the instances that its records lead to. Nothing is kept for each instance, since most are never
// asked about: a question reads the entries. An entry is removed when its record is closed and nothing can be cached of it.
// Limits: `instancesMax` instances in all entries. Above it the oldest entries are closed, so that their answers are made
// anew, and what they knew goes into one number an instance.

import type { ServeRecord } from '../../model/answers-held.ts';
import { instanceKey } from '../../model/names.ts';
import type { LeasedInstance } from '../../model/view.ts';
import type { InstanceSource } from '../message/message.ts';

/** Until when answers with an instance may be held, and when the last one was served; monotonic milliseconds. */
export interface Held {
  lastServedMs: number;
  heldUntilMs: number;
}

interface Entry {
  readonly record: ServeRecord;
  readonly ttl: number;
  /** See instanceKey. An instance may be in it twice; `everyInstance`: all are. */
  readonly keys: readonly string[];
}

/** Resolvers count a TTL in whole seconds from the one in which the answer came: Unbound and dnsmasq hold up to one longer. */
const resolverGranularityMs = 1000;
/** Our answer's way to the resolver, and from a client's look-up to its first packet, on a machine that is busy. */
const onTheWayMs = 500;
/** Reading this many takes some 5 ms: what a drain may have to wait for. */
const instancesMax = 65_536;
/** Once the entries are too many, room for as many as this is made at once: each entry is then moved once. */
const instancesKept = 49_152;
/** Looked through whenever the cleanup cursor comes by; more entries only after some time. */
const entriesAtOnce = 16;
const cleanAfterMs = 10_000;

/** No instance has it as its key. */
const everyInstance = '';

export class AppLedger {
  readonly env: string;
  readonly appid: string;
  #entries: Entry[] = [];
  /** Instances in all entries. */
  #instances = 0;
  /** Entries before this one are closed. */
  #openFrom = 0;
  /** Entries that may be added before it is worth while to look for some to remove. */
  #room = entriesAtOnce;
  #cleanedAtMs = Number.NEGATIVE_INFINITY;
  /** Of removed entries, by key. Few apps have any. */
  #held: Map<string, Held> | undefined;

  constructor(env: string, appid: string) {
    this.env = env;
    this.appid = appid;
  }

  /** An answer is served at `nowMs` that leads to these instances for `ttl` seconds. */
  open(record: ServeRecord, instances: readonly InstanceSource[] | 'all', ttl: number, nowMs: number): void {
    if (--this.#room < 0) this.#clean(nowMs);
    const entry = { record, ttl, keys: instances === 'all' ? [everyInstance] : keysOf(instances) };
    // Of most apps it stays the only one, and a list that was pushed to has room for sixteen more.
    if (this.#entries.length === 0) this.#entries = [entry];
    else this.#entries.push(entry);
    this.#instances += entry.keys.length;
    if (this.#instances > instancesMax) this.#makeRoom();
  }

  /** No answer made before is served again. */
  closeAll(): void {
    for (let at = this.#openFrom; at < this.#entries.length; at++) (this.#entries[at] as Entry).record.isOpen = false;
    this.#openFrom = this.#entries.length;
  }

  /** Adds to what is known of an instance (see instanceKey). */
  note(key: string, lastServedMs: number, heldUntilMs: number): void {
    this.#held ??= new Map();
    const held = this.#held.get(key);
    if (held === undefined) this.#held.set(key, { lastServedMs, heldUntilMs });
    else join(held, lastServedMs, heldUntilMs);
  }

  /** The answers with it that may still be held; undefined: there are none. */
  held(key: string, nowMs: number): Held | undefined {
    let held: Held | undefined;
    for (const one of [key, everyInstance]) {
      const known = this.#held?.get(one);
      if (known === undefined || known.heldUntilMs <= nowMs) continue;
      held ??= { ...known };
      join(held, known.lastServedMs, known.heldUntilMs);
    }
    for (const entry of this.#entries) {
      const untilMs = heldUntilMs(entry);
      if (untilMs <= nowMs || !(entry.keys.includes(key) || entry.keys[0] === everyInstance)) continue;
      held ??= { lastServedMs: entry.record.lastServedMs, heldUntilMs: untilMs };
      join(held, entry.record.lastServedMs, untilMs);
    }
    return held;
  }

  /** Called now and then; true: there is nothing left in it. */
  isEmptied(nowMs: number): boolean {
    const isShort = this.#size <= entriesAtOnce;
    if (isShort || nowMs - this.#cleanedAtMs >= cleanAfterMs) this.#clean(nowMs);
    return this.#size === 0;
  }

  /** Keys of the instances in it. */
  keys(): ReadonlySet<string> {
    const keys = new Set(this.#held?.keys());
    for (const entry of this.#entries) for (const key of entry.keys) keys.add(key);
    return keys;
  }

  *openRecords(): Generator<ServeRecord> {
    for (const { record } of this.#entries) if (record.isOpen) yield record;
  }

  get #size(): number {
    return this.#entries.length + (this.#held?.size ?? 0);
  }

  /** Removes what no cache can hold any more. */
  #clean(nowMs: number): void {
    const isKept = (entry: Entry) => entry.record.isOpen || heldUntilMs(entry) > nowMs;
    if (!this.#entries.every(isKept)) this.#keep(this.#entries.filter(isKept));
    for (const [key, held] of this.#held ?? []) if (held.heldUntilMs <= nowMs) this.#held?.delete(key);
    if (this.#held?.size === 0) this.#held = undefined;
    this.#room = Math.max(entriesAtOnce, this.#size);
    this.#cleanedAtMs = nowMs;
  }

  #makeRoom(): void {
    let gone = 0;
    let left = this.#instances;
    // The last one was just added.
    while (left > instancesKept && gone < this.#entries.length - 1) {
      const entry = this.#entries[gone++] as Entry;
      entry.record.isOpen = false;
      left -= entry.keys.length;
      for (const key of entry.keys) this.note(key, entry.record.lastServedMs, heldUntilMs(entry));
    }
    this.#keep(this.#entries.slice(gone));
  }

  #keep(entries: Entry[]): void {
    this.#entries = entries;
    this.#instances = entries.reduce((sum, { keys }) => sum + keys.length, 0);
    this.#openFrom = 0;
  }
}

/** How long after it was sent an answer may lead a client to an instance. TTL 0 is never cached (RFC 1035 §3.2.1). */
export function holdingMs(ttlSeconds: number): number {
  return (ttlSeconds === 0 ? 0 : ttlSeconds * 1000 + resolverGranularityMs) + onTheWayMs;
}

function heldUntilMs({ record, ttl }: Entry): number {
  return record.lastServedMs + holdingMs(ttl);
}

function join(held: Held, lastServedMs: number, untilMs: number): void {
  held.lastServedMs = Math.max(held.lastServedMs, lastServedMs);
  held.heldUntilMs = Math.max(held.heldUntilMs, untilMs);
}

function keysOf(instances: readonly InstanceSource[]): string[] {
  if (instances.some(isSeveral)) return instances.flat().map(keyOf);
  return instances.map((one) => keyOf(one as LeasedInstance));
}

function keyOf({ instance }: LeasedInstance): string {
  return instanceKey(instance.instance);
}

function isSeveral(one: InstanceSource): boolean {
  return Array.isArray(one);
}
