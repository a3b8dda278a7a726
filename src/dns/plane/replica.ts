// The registry as one DNS thread knows it: a read-only view that follows updates. It trusts their order and nothing else:
// an instance may be put twice or be removed without having been there, because a thread that starts later gets all
// instances while changes go on.
// Instances are rows that all threads share (instance-rows.ts), found by its own indexes (instance-table.ts); they become
// objects when they are asked for.
// Its version is a counter of its own: besides changes it moves when a lease turns out to end earlier than was thought,
// since answers made before then have too long a TTL. The revision is the registry's, for it is the zones' serial.

import type { AnsweredInstance, ServeRecord } from '../../model/answers-held.ts';
import type { Instance } from '../../model/instance.ts';
import type { AppKey } from '../../model/names.ts';
import type { AppView, HostsView, KnownName, LeasedInstance, PlainHosts, RegistryView } from '../../model/view.ts';
import { Catalogue } from '../../runtime/catalogue.ts';
import { never, RowTimes } from '../../runtime/packed/row-times.ts';
import { ShardedMap } from '../../runtime/sharded-map.ts';
import type { InstanceChange } from '../services/apps/instance-change.ts';
import type { InstanceRows } from './instance-rows.ts';
import { labelSeed, upBit } from './instance-rows.ts';
import { type AppRows, InstanceTable } from './instance-table.ts';
import { PlainRows } from './plain-rows.ts';
import type { ReplicaLease, UpdateSink } from './update.ts';

/** Who keeps what else follows from the instances. */
export interface ReplicaListener {
  changed(change: InstanceChange): void;
  /** The lease of an instance ends earlier than was thought. */
  shortened(instance: Instance): void;
}

/** An instance for those who ask; its lease is read when the property is. Valid until the next change. */
class RowInstance implements LeasedInstance {
  readonly instance: Instance;
  readonly #row: number;
  readonly #leases: Leases;

  constructor(instance: Instance, row: number, leases: Leases) {
    this.instance = instance;
    this.#row = row;
    this.#leases = leases;
  }

  get deadlineMs(): number {
    return deadlineMs(this.lease);
  }

  get isSuspect(): boolean {
    return this.lease?.why !== undefined;
  }

  get lease(): ReplicaLease | undefined {
    return this.#leases.get(this.#row);
  }
}

/** By row, those that are not open. */
type Leases = ShardedMap<ReplicaLease, number>;

class ReplicaApp implements AppView, AppRows {
  readonly env: string;
  readonly appid: string;
  readonly number: number;
  last = -1;
  revision = 0;
  addressCount = 0;
  /** Of the answer that was read off its rows and may be served again. */
  kept: ServeRecord | undefined;
  readonly #replica: Replica;

  constructor({ env, appid }: AppKey, number: number, replica: Replica) {
    this.env = env;
    this.appid = appid;
    this.number = number;
    this.#replica = replica;
  }

  instances(): Iterable<LeasedInstance> {
    return this.#replica.instancesOf(this);
  }

  byLabel(label: string): LeasedInstance | undefined {
    return this.#replica.byLabel(this, label);
  }

  rowOf(label: string): number {
    return this.#replica.rowOf(this, label);
  }

  atRow(row: number): LeasedInstance {
    return this.#replica.atRow(row);
  }

  plainHosts(): PlainHosts | undefined {
    return this.#replica.plainHosts(this);
  }

  get labelSeed(): number {
    return labelSeed(this.number);
  }

  hasLabelHash(hash: number): boolean {
    return this.#replica.hasLabelHash(hash);
  }
}

export class Replica implements RegistryView, UpdateSink {
  readonly #rows: InstanceRows;
  readonly #listener: ReplicaListener;
  readonly #apps = new Catalogue<ReplicaApp>();
  /** By the numbers that rows have. */
  readonly #appsByNumber: (ReplicaApp | undefined)[] = [];
  readonly #table: InstanceTable<ReplicaApp>;
  readonly #leases: Leases = new ShardedMap();
  /** How many of them. */
  #leaseCount = 0;
  /** When answers that were read off the rows led to them. */
  readonly #answered = new RowTimes();
  readonly #plain: PlainRows;
  #revision: number;
  #version = 0;
  /** Many are kept for one reason: it is kept once. */
  #lastWhy = '';

  constructor(revision: number, rows: InstanceRows, listener: ReplicaListener) {
    this.#revision = revision;
    this.#rows = rows;
    this.#listener = listener;
    this.#table = new InstanceTable(rows, (number) => this.#appsByNumber[number] as ReplicaApp);
    this.#plain = new PlainRows(rows, this.#answered);
  }

  get revision(): number {
    return this.#revision;
  }

  get version(): number {
    return this.#version;
  }

  at(env: string, appid: string): AppView | 'within' | undefined {
    return this.#apps.at(env, appid);
  }

  knownWithHash(hash: number): KnownName | undefined {
    return this.#apps.knownWithHash(hash);
  }

  get hosts(): HostsView {
    return this.#table;
  }

  apps(env: string): Iterable<AppView> {
    return this.#apps.apps(env);
  }

  whySuspect(leased: LeasedInstance): string {
    return (leased as RowInstance).lease?.why ?? '';
  }

  instancesOf(app: AppRows): LeasedInstance[] {
    return this.#table.of(app).map((row) => this.#rowInstance(row));
  }

  byLabel(app: AppRows, label: string): LeasedInstance | undefined {
    const row = this.#table.find(app, label);
    return row < 0 ? undefined : this.#rowInstance(row);
  }

  rowOf(app: AppRows, label: string): number {
    return this.#table.find(app, label);
  }

  hasLabelHash(hash: number): boolean {
    return this.#table.hasHash(hash);
  }

  /** See AppView. */
  plainHosts(app: ReplicaApp): PlainHosts | undefined {
    const plain = this.#plain;
    // An app with so many addresses has many instances, or they have several.
    if (app.addressCount > plain.rowsMax) return undefined;
    plain.begin(app);
    const { last } = app;
    for (let row = last; last >= 0; ) {
      row = this.#table.next(row);
      if (this.#leaseCount > 0 && this.#leases.get(row) !== undefined) return undefined;
      if (!plain.add(row)) return undefined;
      if (row === last) break;
    }
    return plain.count === 0 ? undefined : plain;
  }

  /** When an answer that was read off the rows last led to an instance, and for how many seconds; undefined: none has. */
  answeredOf({ env, appid, instance }: AnsweredInstance): { readonly ms: number; readonly ttl: number } | undefined {
    const app = this.#apps.app(env, appid);
    for (const row of app === undefined ? [] : this.#table.of(app)) {
      const ms = this.#answeredMs(row, app?.kept);
      if (ms === never) continue;
      const answered = this.#table.instance(row);
      if (answered.instance === instance) return { ms, ttl: answered.dnsTtl };
    }
    return undefined;
  }

  /** `kept`: of the row's app. */
  #answeredMs(row: number, kept: ServeRecord | undefined): number {
    const isIn = kept !== undefined && this.#rows.ttlWord(row) >= upBit;
    return Math.max(this.#answered.get(row), isIn ? kept.lastServedMs : never);
  }

  /** Before its rows change: when they were last served is theirs. */
  #closeKept(app: ReplicaApp): void {
    const { kept } = app;
    if (kept === undefined) return;
    for (const row of this.#table.of(app)) {
      const ms = this.#answeredMs(row, kept);
      if (ms !== never) this.#answered.set(row, ms);
    }
    kept.isOpen = false;
    app.kept = undefined;
  }

  atRow(row: number): LeasedInstance {
    return this.#rowInstance(row);
  }

  /** The registry's revision has moved for something beside it: see Registry.touch. */
  touch(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
    this.#version++;
  }

  put(row: number, revision: number, lease: ReplicaLease): void {
    const table = this.#table;
    const number = this.#rows.app(row);
    const app = this.#appsByNumber[number] ?? this.#addApp(number);
    const known = app.last < 0 ? -1 : table.findLike(row);
    if (known === row) {
      // It came with the others, and as a change.
      this.updateLease(row, lease);
      this.#revision = Math.max(this.#revision, revision);
      return;
    }
    const before = known < 0 ? undefined : table.instance(known);
    this.#closeKept(app);
    if (known < 0) table.add(app, row);
    else {
      this.#deleteLease(known);
      table.replace(app, known, row);
    }
    const after = table.instance(row);
    app.addressCount += after.profile.services.length - (before?.profile.services.length ?? 0);
    this.#setLease(row, lease);
    this.#moved(app, revision);
    const answeredMs = known < 0 ? never : this.#answered.take(known);
    this.#listener.changed({ revision: this.#revision, before, after, answeredMs });
  }

  remove(row: number, revision: number): void {
    const app = this.#appOfKnown(row);
    if (app === undefined) return;
    const before = this.#table.instance(row);
    this.#closeKept(app);
    this.#deleteLease(row);
    this.#table.delete(app, row);
    app.addressCount -= before.profile.services.length;
    if (app.last < 0) {
      this.#apps.delete(app);
      this.#appsByNumber[app.number] = undefined;
    }
    this.#moved(app, revision);
    this.#listener.changed({ revision: this.#revision, before, answeredMs: this.#answered.take(row) });
  }

  updateLease(row: number, lease: ReplicaLease): void {
    const app = this.#appOfKnown(row);
    if (app === undefined) return;
    const known = this.#leases.get(row);
    // A later deadline makes no answer wrong: the TTL counted to the earlier one.
    const isWorse = lease.deadlineMs < deadlineMs(known) || (lease.why !== undefined) !== (known?.why !== undefined);
    this.#setLease(row, lease);
    if (!isWorse) return;
    app.revision = ++this.#version;
    this.#listener.shortened(this.#table.instance(row));
  }

  /** The app of a row that is there; undefined: it is not. */
  #appOfKnown(row: number): ReplicaApp | undefined {
    const app = this.#appsByNumber[this.#rows.app(row)];
    return app !== undefined && this.#table.has(row) ? app : undefined;
  }

  #addApp(number: number): ReplicaApp {
    const app = new ReplicaApp(this.#rows.place(number), number, this);
    while (this.#appsByNumber.length <= number) this.#appsByNumber.push(undefined);
    this.#appsByNumber[number] = app;
    this.#apps.add(app);
    return app;
  }

  /** Nothing is kept of a lease that is open. */
  #setLease(row: number, { deadlineMs, why }: ReplicaLease): void {
    if (why === undefined && deadlineMs === Number.POSITIVE_INFINITY) {
      this.#deleteLease(row);
      return;
    }
    if (this.#leases.get(row) === undefined) this.#leaseCount++;
    if (why !== undefined && why !== this.#lastWhy) this.#lastWhy = why;
    this.#leases.set(row, { deadlineMs, why: why === undefined ? undefined : this.#lastWhy });
  }

  #deleteLease(row: number): void {
    if (this.#leases.get(row) === undefined) return;
    this.#leases.delete(row);
    this.#leaseCount--;
  }

  #rowInstance(row: number): RowInstance {
    return new RowInstance(this.#table.read(row), row, this.#leases);
  }

  #moved(app: ReplicaApp, revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
    app.revision = ++this.#version;
  }
}

function deadlineMs(lease: ReplicaLease | undefined): number {
  return lease?.deadlineMs ?? Number.POSITIVE_INFINITY;
}
