// What is in etcd as this node has it: every record goes from the list and the watch into the registry, in the order of
// revisions, with the number that all nodes give it. Own writes come in here too and nowhere else. A record that cannot be
// read is skipped, counted and reported, and hides no other.
// Limits: one entry an instance beside the registry's own; what etcd holds is bounded by those who write it.

import type { NewChange } from '../../model/change.ts';
import type { InstanceKey } from '../../model/names.ts';
import type { Entry, KeyEvent, Listing } from '../engine.ts';
import { type Epoch, type Meta, numberAt, parseMeta, placeIn, serialOf, withGroup } from '../records/epoch.ts';
import { type ClusterKey, instancePath, labelsPath, metaKey, readKey, serialKey } from '../records/keys.ts';
import { type ClusterRecord, parseRecord } from '../records/record.ts';
import { changeOf, instanceOf, ownedOf, removalOf, timesOf } from '../records/record-mapping.ts';
import { type Tombstone, tombstonesIn } from '../records/tombstone.ts';
import { AppliedWaits } from './applied-waits.ts';
import { BadKeys } from './bad-keys.ts';
import { type Known, KnownRecords } from './known-records.ts';
import { isOlder, listDifference, serialIn } from './list-difference.ts';
import { NodeAndHoldKeys } from './node-and-hold-keys.ts';
import { OwnRecords } from './own-records.ts';
import type { ReplicaOptions } from './replica-options.ts';

/** A record of a list, and the number of its change. */
interface ReadRecord {
  readonly key: InstanceKey;
  readonly entry: Entry;
  readonly record: ClusterRecord;
  readonly at: number;
}

export class ClusterReplica {
  readonly #options: ReplicaOptions;
  readonly records = new KnownRecords();
  readonly own = new OwnRecords();
  readonly #waits = new AppliedWaits();
  #epoch: Epoch | undefined;
  /** Those whose number here is not the cluster's. */
  readonly #offNumber = new Set<string>();
  #isDiverged = false;
  readonly #badKeys: BadKeys;
  readonly #nodeAndHoldKeys: NodeAndHoldKeys;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.#badKeys = new BadKeys(options.prefix, options.events.bad);
    this.#nodeAndHoldKeys = new NodeAndHoldKeys(options, this.#badKeys);
  }

  /** Of etcd's: everything up to it is in the registry. */
  get applied(): number {
    return this.#waits.applied;
  }

  get meta(): Meta | undefined {
    return this.#epoch?.meta;
  }

  /** The cluster's; this node may have used higher ones. */
  get serial(): number {
    return this.#epoch === undefined ? 0 : serialOf(this.#epoch);
  }

  /** It has counted on by itself: its numbers are of a life of their own until `rejoin`. */
  get isDiverged(): boolean {
    return this.#isDiverged;
  }

  get badRecords(): number {
    return this.#badKeys.count;
  }

  known(path: string): Known | undefined {
    return this.records.get(path);
  }

  /** Calls once the registry has everything up to a revision of etcd's, in the turn in which it was applied. */
  whenApplied(revision: number, settle: () => void): () => void {
    return this.#waits.when(revision, settle);
  }

  /** Settles once it has; false: not in time. */
  hasApplied(revision: number, withinMs: number): Promise<boolean> {
    return this.#waits.reached(revision, withinMs);
  }

  /** The first list: into an empty registry, before any request is answered. */
  load({ entries, revision }: Listing, meta: Meta): void {
    const { registry, me } = this.#options;
    this.#epoch = { node: me, meta, ...serialIn(entries, this.#options.prefix), ownCount: 0 };
    registry.advance(serialOf(this.#epoch));
    for (const entry of entries) {
      const key = this.#read(entry.key);
      if (key?.kind === 'instance') this.#loadRecord(key.key, entry);
      else if (key !== undefined) this.#nodeAndHoldKeys.seen(key, entry, entry.modRevision);
    }
    for (const [path, one] of this.#tombstones(entries.map((entry) => ({ kind: 'put', entry }))))
      this.records.bury(path, one);
    this.#waits.reach(revision);
  }

  /** A later list, after a gap in the watch: what differs is applied as changes. Returns how much did. */
  compare(listing: Listing): number {
    const { gone, changed, beside } = listDifference(listing, this.records, this.#options.prefix);
    const read = changed.flatMap((entry) => this.#listed(entry) ?? []).sort((a, b) => a.at - b.at);
    this.#removeMissing(gone, read, this.#tombstones(listing.entries.map((entry) => ({ kind: 'put', entry }))));
    for (const { key, entry, record } of read) this.#put(key, entry, record);
    this.#events(beside, listing.revision);
    this.#waits.reach(listing.revision);
    return gone.length + changed.length;
  }

  /** In a list, changes are not in the order in which they were made. */
  #listed(entry: Entry): ReadRecord | undefined {
    const key = this.#read(entry.key);
    const record = key?.kind === 'instance' ? this.#record(entry) : undefined;
    if (key?.kind !== 'instance' || record === undefined) return undefined;
    return { key: key.key, entry, record, at: this.numberOf(entry.modRevision, record.place) };
  }

  /**
   * Each was removed with a number of its own, which no record that is left has: they get such numbers, so that those of
   * the others stay what they are at all nodes.
   */
  #removeMissing(
    gone: readonly string[],
    read: readonly ReadRecord[],
    tombstones: ReadonlyMap<string, Tombstone>,
  ): void {
    const { registry } = this.#options;
    const taken = new Set(read.map(({ at }) => at));
    let number = registry.revision;
    for (const path of gone) {
      do number++;
      while (taken.has(number));
      const key = readKey(path);
      if (key?.kind === 'instance') this.#removed(key.key, number, tombstones.get(path));
    }
  }

  /** A change that etcd does not know. */
  applyOwn(change: NewChange, isRemote = false): void {
    const { registry, now } = this.#options;
    const { env, appid, instance } = change.after ?? change.before;
    this.#diverge(instancePath({ env, appid, instance }));
    registry.apply({ changes: [change], revision: registry.revision + 1, at: now(), isRemote });
  }

  /** Of a data change at a revision of etcd's, and its place there. */
  numberOf(revision: number, place = 0): number {
    return this.#epoch === undefined ? revision : numberAt(this.#epoch.meta, revision, place);
  }

  /** What was read in etcd of an instance counts, whatever is here, and before the watch brings it. No entry: it is not there. */
  adopt(key: InstanceKey, entry: Entry | undefined, tombstone: Tombstone | undefined): void {
    this.#diverge(instancePath(key));
    if (entry !== undefined) this.#put(key, entry, undefined, true);
    else this.#removed(key, this.serial, tombstone);
  }

  /** The watch has lost it: what was read at a revision of etcd's counts, unless the watch has brought a later one. */
  repair(key: InstanceKey, entry: Entry | undefined, revision: number): void {
    const known = this.known(instancePath(key));
    if (entry !== undefined) this.#put(key, entry);
    else if (known !== undefined && known.modRevision <= revision) this.#removed(key, this.serial, undefined);
  }

  /** It could not be read when it came. */
  isBad(path: string): boolean {
    return this.#badKeys.has(path);
  }

  /** As `adopt` for the next swap of it, while the registry keeps what it has. */
  know(key: InstanceKey, entry: Entry | undefined): void {
    const path = instancePath(key);
    const record = entry === undefined ? undefined : this.#record(entry);
    if (record === undefined || entry === undefined) this.records.delete(path, undefined);
    else this.records.set(path, this.#knownOf(record, entry.modRevision));
  }

  /** The numbers are the cluster's again. Precondition: the base was raised above all that were used. */
  rejoin(): void {
    const { registry, events } = this.#options;
    if (!this.#isDiverged) return;
    for (const path of this.#offNumber) {
      const key = readKey(path);
      const known = this.records.get(path);
      if (key?.kind === 'instance' && known !== undefined) registry.renumber(key.key, known.number);
    }
    this.#offNumber.clear();
    this.#isDiverged = false;
    events.diverged(false);
  }

  /**
   * etcd's history is another one, and this is what it has. What it lacks stays until its owner has put it back, or until
   * `dropMissing`. In steps of one key, so that it need not be one turn of the event loop: nothing else of etcd's is applied
   * meanwhile. Precondition: its numbers are above all that were used.
   */
  *rebase(listing: Listing, meta: Meta): Generator<void> {
    const { me, registry, events } = this.#options;
    this.#epoch = { node: me, meta, ...serialIn(listing.entries, this.#options.prefix), ownCount: 0 };
    const before = new Map(this.records.entries());
    for (const [path, known] of before) this.records.set(path, { ...known, modRevision: 0 });
    events.rebased();
    for (const entry of listing.entries) {
      const key = this.#read(entry.key);
      if (key?.kind === 'instance') {
        const record = this.#record(entry);
        const known = before.get(instancePath(key.key));
        if (record !== undefined && !isOlder(record, known, registry.find(key.key))) this.#put(key.key, entry, record);
      } else if (key !== undefined) this.#nodeAndHoldKeys.seen(key, entry, entry.modRevision);
      yield;
    }
    registry.advance(serialOf(this.#epoch));
    this.#waits.restart(listing.revision);
  }

  /** What `rebase` kept and no node has restored. */
  dropMissing(): void {
    for (const [path, { modRevision }] of [...this.records.entries()]) {
      const key = modRevision === 0 ? readKey(path) : undefined;
      if (key?.kind === 'instance') this.#removed(key.key, this.serial, undefined);
    }
  }

  /** What this node shows changes otherwise than by an instance, and etcd does not know it. */
  countAlone(): void {
    const { registry } = this.#options;
    this.#countsAlone();
    registry.advance(registry.revision + 1);
  }

  #diverge(path: string): void {
    this.#offNumber.add(path);
    this.#countsAlone();
  }

  #countsAlone(): void {
    if (this.#isDiverged) return;
    this.#isDiverged = true;
    this.#options.events.diverged(true);
  }

  /** What one revision of etcd's changed. */
  group(revision: number, events: readonly KeyEvent[]): void {
    this.#events(events, revision);
    this.#waits.reach(revision);
  }

  #events(events: readonly KeyEvent[], revision: number): void {
    const tombstones = this.#tombstones(events);
    let [meta, serial]: [Meta | undefined, Entry | undefined] = [undefined, undefined];
    const [metaName, serialName] = [this.#options.prefix + metaKey, this.#options.prefix + serialKey];
    for (const event of events) {
      if (event.kind !== 'put') continue;
      if (event.entry.key === metaName) meta = this.#meta(event.entry);
      if (event.entry.key === serialName) serial = event.entry;
    }
    if (this.#epoch !== undefined)
      this.#epoch = withGroup(this.#epoch, serial?.modRevision ?? revision, meta, serial && placeIn(serial.value));
    for (const event of events) this.#event(event, revision, tombstones);
    if (this.#epoch !== undefined) this.#options.registry.advance(serialOf(this.#epoch));
  }

  #tombstones(events: readonly KeyEvent[]): Map<string, Tombstone> {
    return tombstonesIn(events, this.#options.prefix, (key, problem) => this.#bad(key, problem));
  }

  #event(event: KeyEvent, revision: number, tombstones: ReadonlyMap<string, Tombstone>): void {
    const name = event.kind === 'put' ? event.entry.key : event.key;
    // Claims: nothing follows from them.
    if (name.startsWith(labelsPath, this.#options.prefix.length)) return;
    const key = this.#read(name);
    if (key === undefined) return;
    const entry = event.kind === 'put' ? event.entry : undefined;
    if (this.#nodeAndHoldKeys.seen(key, entry, revision) || key.kind !== 'instance') return;
    if (entry !== undefined) this.#put(key.key, entry);
    else {
      const tombstone = tombstones.get(this.#path(name));
      this.#removed(key.key, this.numberOf(revision, tombstone?.place), tombstone);
    }
  }

  #loadRecord(key: InstanceKey, entry: Entry): void {
    const record = this.#record(entry);
    if (record === undefined) return;
    const { registry, me, events } = this.#options;
    const path = instancePath(key);
    const known = this.#knownOf(record, entry.modRevision);
    const { registration, label, instance, health, fronts, quotaEntry } = record;
    const { liveness } = instanceOf(key, record);
    const problem = registry.recover({
      key: { ...key, instance },
      ...{ label, registration, times: timesOf(record), revision: known.number },
      supervision: { liveness, health, override: record.status.override, fronts, quotaEntry },
      isRemote: record.owner !== me,
    });
    if (problem !== undefined) {
      this.#bad(entry.key, problem.message);
      return;
    }
    this.records.set(path, known);
    events.stamp(record.times.hlc);
    events.record(path, key, ownedOf(record, entry.modRevision), true);
  }

  #put(key: InstanceKey, entry: Entry, record = this.#record(entry), isForced = false): void {
    if (record === undefined) return;
    const { registry, me, events, now, pending } = this.#options;
    const path = instancePath(key);
    const before = this.records.get(path);
    if (!isForced && before !== undefined && before.modRevision >= entry.modRevision) return;
    const known = this.#knownOf(record, entry.modRevision);
    this.records.set(path, known);
    events.stamp(record.times.hlc);
    if (!isForced && pending.shields(path, record.operation)) return;
    const isRemote = record.owner !== me;
    const stored = registry.find(key);
    const isData = isForced || stored === undefined || before?.number !== known.number;
    if (isData && !isForced) events.changed(record.times.hlc);
    if (isData) {
      if (stored === undefined) this.#freeLabel(key, record.label);
      const change = changeOf(key, record, stored?.instance, me);
      const at = this.numberOf(entry.modRevision, record.place);
      const revision = Math.max(at, registry.revision + 1);
      registry.apply({ changes: [change], revision, at: now(), isRemote });
      this.#offNumber.delete(path);
      if (revision !== at) this.#diverge(path);
      else if (at !== known.number) registry.renumber(key, known.number);
    }
    // What is new here was applied so.
    if (stored !== undefined) registry.setRemote(key, isRemote);
    const isRegistration = isData && (record.cause.why === 'registered' || record.cause.why === 'replaced');
    events.record(path, key, ownedOf(record, entry.modRevision), isRegistration);
  }

  /** A label that was given while cut off is provisional: its holder leaves, and is decided anew. */
  #freeLabel(key: InstanceKey, label: string): void {
    const { registry, pending } = this.#options;
    const holder = registry.labelHolder(key, label);
    if (holder === undefined) return;
    const { instance: before, registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs } = holder;
    if (!pending.has(instancePath(before))) return;
    const times = { registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs };
    const origin = { kind: 'system', front: 'recovery', address: '' } as const;
    this.applyOwn({ kind: 'cancelled', before, origin, cause: { why: 'cancelled' }, times });
  }

  #removed(key: InstanceKey, at: number, tombstone: Tombstone | undefined): void {
    const { registry, me, events, now, pending } = this.#options;
    const path = instancePath(key);
    if (tombstone !== undefined) events.stamp(tombstone.hlc);
    const known = this.records.get(path);
    this.records.delete(path, tombstone);
    if (pending.shields(path, tombstone?.operation)) return;
    const stored = registry.find(key);
    events.removed(path, tombstone?.why ?? 'missing', tombstone?.operation ?? '', known);
    if (stored === undefined) return;
    const change = removalOf(stored.instance, stored, tombstone, me);
    const revision = Math.max(at, registry.revision + 1);
    this.#offNumber.delete(path);
    registry.apply({ changes: [change], revision, at: now() });
  }

  #record(entry: Entry): ClusterRecord | undefined {
    const record = this.own.take(entry.key, entry.value) ?? parseRecord(entry.value);
    if (!Array.isArray(record)) return record;
    const [first] = record;
    this.#bad(entry.key, first === undefined ? undefined : `${first.field} ${first.message}`.trimStart());
    return undefined;
  }

  #knownOf(record: ClusterRecord, modRevision: number): Known {
    const { owner, operation, times, unknown, dataRevision, place } = record;
    const { hlc, isDirtyGiven } = times;
    const number = dataRevision ?? this.numberOf(modRevision, place);
    return { owner, modRevision, number, operation, hlc, isDirtyGiven, unknown };
  }

  #meta(entry: Entry): Meta | undefined {
    const meta = parseMeta(entry.value, entry.modRevision);
    if (!Array.isArray(meta)) return meta;
    this.#bad(entry.key, meta[0]?.message);
    return undefined;
  }

  #path(key: string): string {
    return key.slice(this.#options.prefix.length);
  }

  #read(key: string): ClusterKey | undefined {
    const read = readKey(this.#path(key));
    if (read === undefined) this.#bad(key, 'is no key of a cluster');
    return read;
  }

  #bad(key: string, problem?: string): void {
    this.#badKeys.add(key, problem);
  }
}
