// What is in etcd as this node has it: every record goes from the list and the watch into the registry, in the order of
// revisions, with the number that all nodes give it. Own writes come in here too and nowhere else. A record that cannot be
// read is skipped, counted and reported, and hides no other.
// Limits: one entry an instance beside the registry's own; what etcd holds is bounded by those who write it.

import type { ChangeGroup } from '../model/decision.ts';
import type { InstanceKey } from '../model/names.ts';
import type { Entry, KeyEvent, Listing } from './engine.ts';
import { type Epoch, type Meta, numberAt, parseMeta, serialOf, withGroup } from './epoch.ts';
import { type ClusterKey, instancePath, metaKey, readKey, serialKey } from './keys.ts';
import type { OwnedRecord, RemovedWhy } from './ownership-events.ts';
import { type ClusterRecord, parseRecord, type RecordUnknown } from './record.ts';
import { changeOf, instanceOf, ownedOf, removalOf, timesOf } from './record-mapping.ts';
import type { RegistryPort } from './registry-port.ts';
import { parseTombstone, type Tombstone } from './tombstone.ts';

/** What of a record the registry does not hold. */
export interface Known {
  readonly owner: string;
  readonly modRevision: number;
  /** Of its last data change. */
  readonly number: number;
  readonly operation: string;
  readonly hlc: number;
  readonly isDirtyGiven: boolean;
  readonly unknown: RecordUnknown;
}

export interface ReplicaEvents {
  readonly record: (path: string, record: OwnedRecord, isRegistration: boolean) => void;
  /** Called before the registry lets go of it. */
  readonly removed: (path: string, why: RemovedWhy, operation: string, known: Known | undefined) => void;
  /** The key of a node: its session, or its death without a word; no value: deleted. */
  readonly node: (kind: 'node' | 'dead', node: string, value: Uint8Array | undefined, revision: number) => void;
  readonly stamp: (hlc: number) => void;
  readonly bad: (key: string, problem: string) => void;
}

export interface ReplicaOptions {
  readonly me: string;
  readonly prefix: string;
  readonly registry: RegistryPort;
  readonly now: () => ChangeGroup['at'];
  readonly events: ReplicaEvents;
}

export class Replica {
  readonly #options: ReplicaOptions;
  readonly #known = new Map<string, Known>();
  /** Owned records by node. */
  readonly #owned = new Map<string, number>();
  #epoch: Epoch | undefined;
  #applied = 0;
  readonly #waiting: { readonly revision: number; readonly settle: () => void }[] = [];
  badRecords = 0;

  constructor(options: ReplicaOptions) {
    this.#options = options;
  }

  /** Of etcd's: everything up to it is in the registry. */
  get applied(): number {
    return this.#applied;
  }

  get meta(): Meta | undefined {
    return this.#epoch?.meta;
  }

  get size(): number {
    return this.#known.size;
  }

  known(path: string): Known | undefined {
    return this.#known.get(path);
  }

  ownedBy(node: string): number {
    return this.#owned.get(node) ?? 0;
  }

  /** Calls once the registry has everything up to a revision of etcd's, in the turn in which it was applied. */
  whenApplied(revision: number, settle: () => void): () => void {
    if (revision <= this.#applied) {
      settle();
      return () => {};
    }
    const entry = { revision, settle };
    this.#waiting.push(entry);
    return () => {
      const at = this.#waiting.indexOf(entry);
      if (at >= 0) this.#waiting.splice(at, 1);
    };
  }

  /** The first list: into an empty registry, before anybody is answered. */
  load({ entries, revision }: Listing, meta: Meta): void {
    const { registry, me } = this.#options;
    const serial = entries.find(({ key }) => this.#path(key) === serialKey);
    this.#epoch = { node: me, meta, serialRevision: serial?.modRevision ?? 0, ownCount: 0 };
    registry.advance(serialOf(this.#epoch));
    for (const entry of entries) {
      const key = this.#read(entry.key);
      if (key?.kind === 'instance') this.#loadRecord(key.key, entry);
      else if (key?.kind === 'node' || key?.kind === 'dead')
        this.#options.events.node(key.kind, key.node, entry.value, entry.modRevision);
    }
    this.#done(revision);
  }

  /** A later list, after a gap in the watch: what differs is applied as changes. Returns how much did. */
  compare(listing: Listing): number {
    const listed = new Map<string, Entry>();
    const beside: KeyEvent[] = [];
    const nodes = new Set<string>();
    for (const entry of listing.entries) {
      const path = this.#path(entry.key);
      const kind = readKey(path)?.kind;
      if (kind === 'instance') listed.set(path, entry);
      else if (kind === 'node') nodes.add(path);
      if (kind === 'meta' || kind === 'serial' || kind === 'node' || kind === 'dead')
        beside.push({ kind: 'put', entry });
    }
    const gone = [...this.#known.keys()].filter((path) => !listed.has(path));
    const changed = [...listed]
      .filter(([path, entry]) => this.#known.get(path)?.modRevision !== entry.modRevision)
      .map(([, entry]) => entry)
      .sort((a, b) => a.modRevision - b.modRevision);
    this.#removeMissing(gone, changed, this.#tombstones(listing.entries.map((entry) => ({ kind: 'put', entry }))));
    for (const entry of changed) this.#events([{ kind: 'put', entry }], entry.modRevision);
    this.#events(beside, listing.revision);
    this.#done(listing.revision);
    return gone.length + changed.length;
  }

  /**
   * Each was removed at a revision of its own, which no record that is left has: they get such numbers, so that those of
   * the others stay what they are at all nodes.
   */
  #removeMissing(gone: readonly string[], changed: readonly Entry[], tombstones: ReadonlyMap<string, Tombstone>): void {
    const { registry } = this.#options;
    const meta = this.meta;
    const taken = new Set(changed.map(({ modRevision }) => (meta === undefined ? 0 : numberAt(meta, modRevision))));
    let number = registry.revision;
    for (const path of gone) {
      do number++;
      while (taken.has(number));
      const key = readKey(path);
      if (key?.kind === 'instance') this.#removed(key.key, number, tombstones.get(path));
    }
  }

  /** What one revision of etcd's changed. */
  group(revision: number, events: readonly KeyEvent[]): void {
    this.#events(events, revision);
    this.#done(revision);
  }

  #events(events: readonly KeyEvent[], revision: number): void {
    const tombstones = this.#tombstones(events);
    let [meta, serialRevision]: [Meta | undefined, number] = [undefined, 0];
    for (const event of events) {
      if (event.kind !== 'put') continue;
      const path = this.#path(event.entry.key);
      if (path === metaKey) meta = this.#meta(event.entry);
      if (path === serialKey) serialRevision = event.entry.modRevision;
    }
    if (this.#epoch !== undefined)
      this.#epoch = withGroup(this.#epoch, serialRevision || revision, meta, serialRevision > 0);
    const number = this.#epoch === undefined ? revision : numberAt(this.#epoch.meta, revision);
    for (const event of events) this.#event(event, { revision, number }, tombstones);
    if (this.#epoch !== undefined) this.#options.registry.advance(serialOf(this.#epoch));
  }

  #tombstones(events: readonly KeyEvent[]): Map<string, Tombstone> {
    const tombstones = new Map<string, Tombstone>();
    for (const event of events) {
      const key = event.kind === 'put' ? readKey(this.#path(event.entry.key)) : undefined;
      if (event.kind !== 'put' || key?.kind !== 'tombstone') continue;
      const tombstone = parseTombstone(event.entry.value);
      if ('why' in tombstone) tombstones.set(instancePath(key.key), tombstone);
      else this.#bad(event.entry.key, tombstone[0]?.message);
    }
    return tombstones;
  }

  #event(
    event: KeyEvent,
    { revision, number }: { readonly revision: number; readonly number: number },
    tombstones: ReadonlyMap<string, Tombstone>,
  ): void {
    const name = event.kind === 'put' ? event.entry.key : event.key;
    const key = this.#read(name);
    if (key === undefined) return;
    if (key.kind === 'node' || key.kind === 'dead') {
      const value = event.kind === 'put' ? event.entry.value : undefined;
      this.#options.events.node(key.kind, key.node, value, revision);
    } else if (key.kind === 'instance' && event.kind === 'put') this.#put(key.key, event.entry);
    else if (key.kind === 'instance') this.#removed(key.key, number, tombstones.get(this.#path(name)));
  }

  #loadRecord(key: InstanceKey, entry: Entry): void {
    const record = this.#record(entry);
    if (record === undefined) return;
    const { registry, me, events } = this.#options;
    const path = instancePath(key);
    const known = this.#knownOf(record, entry.modRevision);
    const { registration, label, instance, health } = record;
    const problem = registry.recover({
      key: { ...key, instance },
      ...{ label, registration, times: timesOf(record), revision: known.number },
      supervision: { liveness: instanceOf(key, record).liveness, health, override: record.status.override },
      isRemote: record.owner !== me,
    });
    if (problem !== undefined) {
      this.#bad(entry.key, problem.message);
      return;
    }
    this.#know(path, known);
    events.stamp(record.times.hlc);
    events.record(path, ownedOf(record, entry.modRevision), true);
  }

  #put(key: InstanceKey, entry: Entry): void {
    const record = this.#record(entry);
    if (record === undefined) return;
    const { registry, me, events, now } = this.#options;
    const path = instancePath(key);
    const before = this.#known.get(path);
    if (before !== undefined && before.modRevision >= entry.modRevision) return;
    const known = this.#knownOf(record, entry.modRevision);
    this.#know(path, known);
    events.stamp(record.times.hlc);
    const isRemote = record.owner !== me;
    const stored = registry.find(key);
    const isData = stored === undefined || before?.number !== known.number;
    if (isData) {
      const change = changeOf(key, record, stored?.instance, me);
      const revision = Math.max(known.number, registry.revision + 1);
      registry.apply({ changes: [change], revision, at: now(), isRemote });
    }
    registry.setRemote(key, isRemote);
    const isRegistration = isData && (record.cause.why === 'registered' || record.cause.why === 'replaced');
    events.record(path, ownedOf(record, entry.modRevision), isRegistration);
  }

  #removed(key: InstanceKey, at: number, tombstone: Tombstone | undefined): void {
    const { registry, me, events, now } = this.#options;
    const path = instancePath(key);
    if (tombstone !== undefined) events.stamp(tombstone.hlc);
    const stored = this.#known.has(path) ? registry.find(key) : undefined;
    const known = this.#known.get(path);
    this.#forget(path);
    events.removed(path, tombstone?.why ?? 'missing', tombstone?.operation ?? '', known);
    if (stored === undefined) return;
    const change = removalOf(stored.instance, stored, tombstone, me);
    registry.apply({ changes: [change], revision: Math.max(at, registry.revision + 1), at: now() });
  }

  #record(entry: Entry): ClusterRecord | undefined {
    const record = parseRecord(entry.value);
    if (!Array.isArray(record)) return record;
    const [first] = record;
    this.#bad(entry.key, first === undefined ? undefined : `${first.field} ${first.message}`);
    return undefined;
  }

  #knownOf(record: ClusterRecord, modRevision: number): Known {
    const { owner, operation, times, unknown, dataRevision } = record;
    const { hlc, isDirtyGiven } = times;
    const number = dataRevision ?? (this.#epoch === undefined ? modRevision : numberAt(this.#epoch.meta, modRevision));
    return { owner, modRevision, number, operation, hlc, isDirtyGiven, unknown };
  }

  #meta(entry: Entry): Meta | undefined {
    const meta = parseMeta(entry.value, entry.modRevision);
    if (!Array.isArray(meta)) return meta;
    this.#bad(entry.key, meta[0]?.message);
    return undefined;
  }

  #know(path: string, known: Known): void {
    this.#count(this.#known.get(path)?.owner, -1);
    this.#known.set(path, known);
    this.#count(known.owner, 1);
  }

  #forget(path: string): void {
    this.#count(this.#known.get(path)?.owner, -1);
    this.#known.delete(path);
  }

  #count(node: string | undefined, by: number): void {
    if (node === undefined) return;
    const count = this.ownedBy(node) + by;
    if (count === 0) this.#owned.delete(node);
    else this.#owned.set(node, count);
  }

  #done(revision: number): void {
    this.#applied = Math.max(this.#applied, revision);
    const due = this.#waiting.filter((one) => one.revision <= this.#applied);
    for (const one of due) this.#waiting.splice(this.#waiting.indexOf(one), 1);
    for (const { settle } of due) settle();
  }

  #path(key: string): string {
    return key.slice(this.#options.prefix.length);
  }

  #read(key: string): ClusterKey | undefined {
    const read = readKey(this.#path(key));
    if (read === undefined) this.#bad(key, 'is no key of a cluster');
    return read;
  }

  #bad(key: string, problem = 'cannot be read'): void {
    this.badRecords++;
    this.#options.events.bad(key, problem);
  }
}
