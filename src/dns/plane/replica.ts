// The registry as one DNS thread knows it: a read-only view that follows updates. It trusts their order and nothing else:
// an instance may be put twice or be removed without having been there, because a thread that starts later gets all
// instances while changes go on.
// Instances are rows outside the JavaScript heap (instance-table.ts) and become objects when they are asked for.
// Its version is a counter of its own: besides changes it moves when a lease turns out to end earlier than was thought,
// since answers made before then have too long a TTL. The revision is the registry's, for it is the zones' serial.

import { compactInstance } from '../../model/compact-instance.ts';
import type { Instance } from '../../model/instance.ts';
import type { AppKey } from '../../model/names.ts';
import type { AppView, HostsView, LeasedInstance, RegistryView } from '../../model/view.ts';
import { Catalogue } from '../../runtime/catalogue.ts';
import { ShardedMap } from '../../runtime/sharded-map.ts';
import type { InstanceChange } from '../services/instance-change.ts';
import { type AppRows, InstanceTable } from './instance-table.ts';
import type { InstanceLabel, Put, ReplicaLease, Update } from './update.ts';

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
  readonly place: AppKey;
  number = -1;
  last = -1;
  revision = 0;
  addressCount = 0;
  readonly #replica: Replica;

  constructor(env: string, appid: string, replica: Replica) {
    this.place = { env, appid };
    this.#replica = replica;
  }

  get env(): string {
    return this.place.env;
  }

  get appid(): string {
    return this.place.appid;
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
}

export class Replica implements RegistryView {
  readonly #apps = new Catalogue<ReplicaApp>();
  readonly #table = new InstanceTable();
  readonly #leases: Leases = new ShardedMap();
  #revision: number;
  #version = 0;
  /** Many are kept for one reason: it is kept once. */
  #lastWhy = '';

  constructor(revision: number) {
    this.#revision = revision;
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

  hasHash(hash: number): boolean {
    return this.#apps.hasHash(hash);
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

  atRow(row: number): LeasedInstance {
    return this.#rowInstance(row);
  }

  /** The registry's revision has moved for something beside it: see Registry.touch. */
  touch(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
    this.#version++;
  }

  apply(update: Update, listener: ReplicaListener): void {
    if (update.kind === 'put') this.#put(update, listener);
    else if (update.kind === 'remove') this.#remove(update, update.revision, listener);
    else this.#updateLease(update, listener);
  }

  #put(update: Put, listener: ReplicaListener): void {
    const { env, appid, label, id, revision, registration, supervision } = update;
    let app = this.#apps.app(env, appid);
    if (app === undefined) {
      app = new ReplicaApp(env, appid, this);
      this.#apps.add(app);
    }
    const table = this.#table;
    const known = table.find(app, label);
    const before = known < 0 ? undefined : table.instance(known);
    const after = compactInstance(app.place, id, label, registration, table.neighbours(app), supervision);
    app.addressCount += after.profile.services.length - (before?.profile.services.length ?? 0);
    this.#setLease(table.put(app, after, known), update);
    this.#moved(app, revision);
    listener.changed({ revision: this.#revision, before, after });
  }

  #remove({ env, appid, label }: InstanceLabel, revision: number, listener: ReplicaListener): void {
    const app = this.#apps.app(env, appid);
    const row = app === undefined ? -1 : this.#table.find(app, label);
    if (app === undefined || row < 0) return;
    const before = this.#table.instance(row);
    this.#leases.delete(row);
    this.#table.delete(app, row);
    app.addressCount -= before.profile.services.length;
    if (app.last < 0) this.#apps.delete(app);
    this.#moved(app, revision);
    listener.changed({ revision: this.#revision, before });
  }

  #updateLease(update: InstanceLabel & ReplicaLease, listener: ReplicaListener): void {
    const { env, appid, label } = update;
    const app = this.#apps.app(env, appid);
    const row = app === undefined ? -1 : this.#table.find(app, label);
    if (app === undefined || row < 0) return;
    const known = this.#leases.get(row);
    // A later deadline makes no answer wrong: the TTL counted to the earlier one.
    const isWorse = update.deadlineMs < deadlineMs(known) || (update.why !== undefined) !== (known?.why !== undefined);
    this.#setLease(row, update);
    if (!isWorse) return;
    app.revision = ++this.#version;
    listener.shortened(this.#table.instance(row));
  }

  /** Nothing is kept of a lease that is open. */
  #setLease(row: number, { deadlineMs, why }: ReplicaLease): void {
    if (why === undefined && deadlineMs === Number.POSITIVE_INFINITY) {
      this.#leases.delete(row);
      return;
    }
    if (why !== undefined && why !== this.#lastWhy) this.#lastWhy = why;
    this.#leases.set(row, { deadlineMs, why: why === undefined ? undefined : this.#lastWhy });
  }

  #rowInstance(row: number): RowInstance {
    return new RowInstance(this.#table.instance(row), row, this.#leases);
  }

  #moved(app: ReplicaApp, revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
    app.revision = ++this.#version;
  }
}

function deadlineMs(lease: ReplicaLease | undefined): number {
  return lease?.deadlineMs ?? Number.POSITIVE_INFINITY;
}
