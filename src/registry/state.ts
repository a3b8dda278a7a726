// The mutable state: the apps with their instances, the leases, the revision. `apply` is the only place where instances and
// the revision change; a renewal moves a deadline and a time. Nothing is refused here.

import { strict as assert } from 'node:assert';
import type { Change, LeaseState, NewChange } from '../model/change.ts';
import { CompactInstance, compactInstance } from '../model/compact-instance.ts';
import type { ChangeGroup } from '../model/decision.ts';
import type { Instance } from '../model/instance.ts';
import type { InstanceKey } from '../model/names.ts';
import { isHold } from '../model/status.ts';
import { Catalogue } from '../runtime/catalogue.ts';
import type { Moment } from '../runtime/clock.ts';
import { App } from './apps/app.ts';
import { Tombstones } from './apps/tombstones.ts';
import { ChangeStream } from './change-stream.ts';
import { Holds } from './holds.ts';
import { clientOf } from './leases/client-of.ts';
import { Leases } from './leases/leases.ts';
import { MutableRecord } from './mutable-record.ts';
import type { RegistryOptions } from './options.ts';

export class State {
  readonly apps = new Catalogue<App>();
  readonly leases: Leases;
  readonly changes: ChangeStream;
  readonly holds = new Holds();
  readonly #tombstones: Tombstones;
  readonly #remoteReason: RegistryOptions['remoteReason'];
  /** The instance that was put here last: the next one may share its profile. */
  latest: CompactInstance | undefined;

  constructor(options: RegistryOptions) {
    this.#remoteReason = options.remoteReason;
    this.changes = new ChangeStream(options.initialRevision);
    this.#tombstones = new Tombstones(options.initialRevision);
    this.leases = new Leases({ ...options, app: (env, appid) => this.apps.app(env, appid) });
  }

  get revision(): number {
    return this.changes.revision;
  }

  find({ env, appid, instance }: InstanceKey): MutableRecord | undefined {
    return this.apps.app(env, appid)?.byId(instance);
  }

  /** The revision of an app's last change, for one that has left or is not known a revision that is not older. */
  appRevision(env: string, appid: string): number {
    return this.apps.app(env, appid)?.revision ?? this.#tombstones.revisionOf(env, appid);
  }

  /** See Registry.apply. */
  apply({ changes, revision, at, isRemote = false }: ChangeGroup): Change[] {
    this.changes.expectNoListener();
    assert(revision > this.revision, 'a revision that was taken before');
    return changes.map((change, index) => this.#apply(change, revision + index, at, isRemote));
  }

  /** Puts a record into its app. Its lease is started by the caller. */
  add(app: App, stored: MutableRecord, instance: CompactInstance): void {
    if (app.size === 0) this.apps.add(app);
    app.add(stored);
    this.#placed(app, instance);
  }

  leaseOf(stored: MutableRecord): LeaseState {
    const { deadlineMs, isNearExpiry, isSuspect } = stored;
    return { deadlineMs, isNearExpiry, isSuspect, suspectReason: this.suspectReason(stored) };
  }

  /** Why the guard keeps it; '' where it does not. */
  suspectReason(stored: MutableRecord): string {
    if (!stored.isSuspect) return '';
    return stored.isRemote ? (this.#remoteReason?.(stored.instance) ?? '') : this.leases.whyKept(stored);
  }

  #apply(change: NewChange, revision: number, at: Moment, isRemote: boolean): Change {
    if (change.kind === 'registered') return this.#applyNew(change, revision, at, isRemote);
    const { kind, origin, cause } = change;
    const { env, appid } = change.before;
    const app = this.apps.app(env, appid);
    const stored = app?.byId(change.before.instance);
    assert(app !== undefined && stored !== undefined, 'a change of an instance that is not there');
    const before = stored.instance;
    if (kind !== 'updated') {
      this.#remove(app, stored, kind === 'evicted', revision, at);
      const { times } = stored;
      return this.#announce(app, stored, { kind, before, origin, cause, times, revision, atMs: at.wallMs });
    }
    const after = this.#compact(app, change.after);
    // Renewals since it was decided stay.
    stored.times = change.isRenewal ? change.times : { ...change.times, renewedAtMs: stored.renewedAtMs };
    this.leases.replace(stored, after, at.monotonicMs, change.isRenewal);
    if (change.isRenewal && cause.why === 'replaced') this.leases.identify(stored, clientOf(origin));
    this.#placed(app, after);
    if (isHold(before.override) || isHold(after.override)) this.holds.set(after, after.override);
    const [{ times }, lease] = [stored, this.leaseOf(stored)];
    return this.#announce(app, stored, { kind, before, after, origin, cause, times, lease, revision, atMs: at.wallMs });
  }

  #applyNew(change: NewChange & { kind: 'registered' }, revision: number, at: Moment, isRemote: boolean): Change {
    const { kind, origin, cause, times } = change;
    const { env, appid } = change.after;
    const app = this.apps.app(env, appid) ?? new App({ env, appid });
    const after = this.#compact(app, change.after);
    const stored = new MutableRecord(after, times, at.monotonicMs);
    if (app.size === 0) this.#tombstones.forget(env, appid);
    this.add(app, stored, after);
    if (isHold(after.override)) this.holds.set(after, after.override);
    stored.client = clientOf(origin);
    stored.isRemote = isRemote;
    this.leases.start(stored, at.monotonicMs, true);
    const lease = this.leaseOf(stored);
    return this.#announce(app, stored, { kind, after, origin, cause, times, lease, revision, atMs: at.wallMs });
  }

  #remove(app: App, stored: MutableRecord, isEvicted: boolean, revision: number, at: Moment): void {
    app.delete(stored);
    if (app.size === 0) {
      this.apps.delete(app);
      this.#tombstones.remember(app.env, app.appid, revision);
    }
    this.leases.ended(stored, at.monotonicMs, isEvicted);
  }

  #announce(app: App, stored: MutableRecord, change: Change): Change {
    const { revision } = change;
    this.changes.take(revision);
    app.revision = revision;
    stored.revision = revision;
    this.changes.emit(change);
    return change;
  }

  /** The instance as it is kept; one that was decided on another node is made so. */
  #compact(app: App, instance: Instance): CompactInstance {
    if (instance instanceof CompactInstance) return instance;
    const { instance: id, label, liveness, health, override, fronts, quotaEntry } = instance;
    const neighbours = [app.latest, this.latest];
    const supervision = { liveness, health, override, fronts, quotaEntry };
    return compactInstance(app.place, id, label, instance, neighbours, supervision);
  }

  #placed(app: App, instance: CompactInstance): void {
    app.latest = instance;
    this.latest = instance;
  }
}
