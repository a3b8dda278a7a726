// The registry as one DNS thread knows it: a read-only view that follows updates. It trusts their order and nothing else:
// an instance may be put twice or be removed without having been there, because a thread that starts later is told of
// everybody while changes go on.
// An instance takes as little memory as in the registry: what neighbours say alike is kept once (placed-instance.ts).
// Its version is a counter of its own: besides changes it moves when a lease turns out to end earlier than was thought,
// since answers made before then say too much. The revision is the registry's, for it is the zones' serial.

import { Catalogue, type Named } from '../../registry/catalogue.ts';
import type { Instance } from '../../registry/instance.ts';
import { PlacedInstance } from '../../registry/placed-instance.ts';
import { Roster } from '../../registry/roster.ts';
import type { AppView, LeasedInstance, RegistryView } from '../../registry/view.ts';
import type { InstanceChange } from '../live/instance-change.ts';
import type { LeaseState, Place, Put, Update } from './update.ts';

/** Who keeps what else follows from the instances. */
export interface ReplicaListener {
  changed(change: InstanceChange): void;
  /** The lease of an instance ends earlier than was thought. */
  shortened(instance: Instance): void;
}

/** An instance with its lease in it: an object more for each would be memory. */
class ReplicaInstance extends PlacedInstance {
  /** Undefined: it is open, as most are. */
  lease: LeaseState | undefined;
}

/** A replica's instance for those who ask: it says what is so when it is read. */
class Shown implements LeasedInstance {
  readonly instance: ReplicaInstance;

  constructor(instance: ReplicaInstance) {
    this.instance = instance;
  }

  get deadlineMs(): number {
    return deadlineMs(this.instance);
  }

  get isSuspect(): boolean {
    return isSuspect(this.instance);
  }
}

class ReplicaApp implements AppView {
  /** Shared by its instances. */
  readonly place: Named;
  revision = 0;
  /** The instance that was placed here last. */
  latest: ReplicaInstance | undefined;
  readonly byName = new Roster<ReplicaInstance>(labelOf);

  constructor(env: string, appid: string) {
    this.place = { env, appid };
  }

  get env(): string {
    return this.place.env;
  }

  get appid(): string {
    return this.place.appid;
  }

  *instances(): Generator<LeasedInstance> {
    for (const instance of this.byName.values()) yield new Shown(instance);
  }

  byLabel(label: string): LeasedInstance | undefined {
    const instance = this.byName.get(label);
    return instance && new Shown(instance);
  }
}

export class Replica implements RegistryView {
  readonly #apps = new Catalogue<ReplicaApp>();
  #revision: number;
  #version = 0;
  #latest: ReplicaInstance | undefined;
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

  apps(env: string): Iterable<AppView> {
    return this.#apps.apps(env);
  }

  whySuspect(leased: LeasedInstance): string {
    return (leased as Shown).instance.lease?.why ?? '';
  }

  /** The registry's revision has moved for something beside it: see Registry.touch. */
  touch(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
    this.#version++;
  }

  apply(update: Update, listener: ReplicaListener): void {
    if (update.kind === 'put') this.#put(update, listener);
    else if (update.kind === 'remove') this.#remove(update, update.revision, listener);
    else this.#mark(update, listener);
  }

  #put(update: Put, listener: ReplicaListener): void {
    const { env, appid, label, id, revision, registration, health } = update;
    let app = this.#apps.app(env, appid);
    if (app === undefined) {
      app = new ReplicaApp(env, appid);
      this.#apps.add(app);
    }
    const known = app.byName.get(label);
    const instance = new ReplicaInstance(app.place, id, label, registration, [app.latest, this.#latest], health);
    instance.lease = this.#lease(update);
    app.latest = instance;
    this.#latest = instance;
    if (known === undefined) app.byName.add(instance);
    else app.byName.replace(instance);
    this.#moved(app, revision);
    listener.changed({ revision: this.#revision, before: known, after: instance });
  }

  #remove({ env, appid, label }: Place, revision: number, listener: ReplicaListener): void {
    const app = this.#apps.app(env, appid);
    const known = app?.byName.get(label);
    if (app === undefined || known === undefined) return;
    app.byName.delete(label);
    if (app.byName.size === 0) this.#apps.delete(app);
    this.#moved(app, revision);
    listener.changed({ revision: this.#revision, before: known });
  }

  #mark(update: Place & LeaseState, listener: ReplicaListener): void {
    const { env, appid, label } = update;
    const app = this.#apps.app(env, appid);
    const known = app?.byName.get(label);
    if (app === undefined || known === undefined) return;
    // A later deadline makes no answer wrong: what was said of the earlier one ends earlier.
    const isWorse = update.deadlineMs < deadlineMs(known) || (update.why !== undefined) !== isSuspect(known);
    known.lease = this.#lease(update);
    if (!isWorse) return;
    app.revision = ++this.#version;
    listener.shortened(known);
  }

  /** As it is kept: nothing of one that is open. */
  #lease({ deadlineMs, why }: LeaseState): LeaseState | undefined {
    if (why === undefined) return deadlineMs === Number.POSITIVE_INFINITY ? undefined : { deadlineMs, why };
    if (why !== this.#lastWhy) this.#lastWhy = why;
    return { deadlineMs, why: this.#lastWhy };
  }

  #moved(app: ReplicaApp, revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
    app.revision = ++this.#version;
  }
}

function deadlineMs({ lease }: ReplicaInstance): number {
  return lease?.deadlineMs ?? Number.POSITIVE_INFINITY;
}

function isSuspect({ lease }: ReplicaInstance): boolean {
  return lease?.why !== undefined;
}

function labelOf({ label }: ReplicaInstance): string {
  return label;
}
