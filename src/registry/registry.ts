// The registry: who is there, and until when. A state machine without I/O: commands come in with parsed values and
// return outcomes; what changed leaves as one ordered stream of `Change`s; the DNS side reads through `RegistryView`.
// All removal ends in `#remove`. Limits: instances in all and per app (RegistryOptions); eviction is bounded per call.

import type { Actor, Cause, Change, ChangeListener, NewChange } from '../model/change.ts';
import { dnsNameProblem } from '../model/dns-names.ts';
import type { GuardView } from '../model/guard-status.ts';
import { type Health, healthOf, type Judgement } from '../model/health.ts';
import { type Instance, isSameRegistration, type Registration } from '../model/instance.ts';
import { type InstanceKey, instanceLabel } from '../model/names.ts';
import type { CancelOutcome, DrainOutcome, PatchOutcome, RegisterOutcome, RenewOutcome } from '../model/outcome.ts';
import { type Problem, problem } from '../model/problem.ts';
import type { AppView, LeasedInstance, RegistryView } from '../model/view.ts';
import type { Clock, Moment } from '../runtime/clock.ts';
import { Admission } from './admission.ts';
import { App } from './apps/app.ts';
import { Catalogue } from './apps/catalogue.ts';
import { Tombstones } from './apps/tombstones.ts';
import { ChangeStream } from './change-stream.ts';
import { CompactInstance, judgedInstance } from './compact-instance.ts';
import { evictionOf, firstTimes, InstanceRecord, timesOf } from './instance-record.ts';
import { Tenures } from './leases/tenures.ts';
import type { PersistedInstance, RegisterOptions, RegistryOptions } from './options.ts';
import { patchedRegistration } from './patched-registration.ts';

export type * from '../model/outcome.ts';
export type * from './options.ts';

export class Registry implements RegistryView {
  readonly #options: RegistryOptions;
  readonly #clock: Clock;
  readonly #apps = new Catalogue<App>();
  readonly #admission: Admission;
  readonly #leases: Tenures;
  readonly #departures = new Tombstones();
  readonly #changes: ChangeStream;
  #latest: CompactInstance | undefined;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#changes = new ChangeStream(options.initialRevision);
    this.#admission = new Admission(options, this.#apps);
    this.#leases = new Tenures({ ...options, app: (env, appid) => this.#apps.app(env, appid) });
  }

  get revision(): number {
    return this.#changes.revision;
  }

  get version(): number {
    return this.revision;
  }

  get instanceCount(): number {
    return this.#leases.size;
  }

  get appCount(): number {
    return this.#apps.size;
  }

  at(env: string, appid: string): AppView | 'within' | undefined {
    return this.#apps.at(env, appid);
  }

  app(env: string, appid: string): App | undefined {
    return this.#apps.app(env, appid);
  }

  apps(env?: string): Iterable<App> {
    return this.#apps.apps(env);
  }

  find(key: InstanceKey): InstanceRecord | undefined {
    return this.#apps.app(key.env, key.appid)?.byId(key.instance);
  }

  /** The revision of an app's last change, for an app that has left as well; 0: none is remembered. */
  appRevision(env: string, appid: string): number {
    return this.#apps.app(env, appid)?.revision ?? this.#departures.revisionOf(env, appid);
  }

  /** Takes the next revision without a change, for data beside the registry that the same number stands for. */
  touch(): number {
    this.#changes.expectNoListener();
    return this.#changes.next();
  }

  /** Adds a listener for all later changes; they are called in the order of adding. See change.ts for their duties. */
  onChange(listener: ChangeListener): void {
    this.#changes.add(listener);
  }

  register(key: InstanceKey, registration: Registration, options: RegisterOptions = {}): RegisterOutcome {
    this.#changes.expectNoListener();
    const stored = this.find(key);
    return stored === undefined
      ? this.#create(key, registration, options)
      : this.#replace(stored, key, registration, options);
  }

  /**
   * Puts back what was written down, at the start, before anything else: its lease starts afresh, the revision stays.
   * The listeners are not called; the caller hands the change to those who keep an index. A problem says why an
   * instance cannot be put back; nothing has then happened.
   */
  restore(saved: PersistedInstance): Change | Problem {
    const { key, label, registration, times } = saved;
    const app = this.#apps.app(key.env, key.appid) ?? new App(key.env, key.appid);
    if (app.isTaken(key.instance, label)) return problem('instance', 'is there already', key.instance);
    const health = healthOf(registration, undefined, undefined);
    const instance = this.#place(app, key.instance, label, registration, health && (saved.health ?? health));
    const tooLong = dnsNameProblem(instance, this.#options.origin);
    if (tooLong !== undefined) return tooLong;
    const nowMs = this.#clock.monotonicMs();
    const stored = new InstanceRecord(instance, times, nowMs, saved.revision);
    if (app.size === 0) this.#apps.add(app);
    app.add(stored);
    // Of an app that had later changes, removals for one, nobody may find an earlier number.
    app.revision = this.revision;
    this.#leases.start(stored, nowMs, false);
    const atMs = this.#clock.wallMs();
    return { kind: 'registered', after: instance, revision: this.revision, atMs, cause: { why: 'restored' }, times };
  }

  /** Moves the lease's end and nothing else. Who renews many at once reads the clock once: `now`. */
  renew(key: InstanceKey, now?: Moment): RenewOutcome {
    const stored = this.find(key);
    if (stored === undefined) return { kind: 'unknown' };
    this.#leases.heard(stored, now?.monotonicMs ?? this.#clock.monotonicMs());
    stored.renewedAtMs = now?.wallMs ?? this.#clock.wallMs();
    return { kind: 'renewed', stored };
  }

  /** Applies a JSON merge patch (RFC 7396) to the registration. It renews no lease, and a shorter one runs from now. */
  patch(key: InstanceKey, patch: unknown, by?: Actor, why: 'patched' | 'drained' = 'patched'): PatchOutcome {
    this.#changes.expectNoListener();
    const stored = this.find(key);
    if (stored === undefined) return { kind: 'unknown' };
    const registration = patchedRegistration(stored.instance, patch, this.#options.defaults);
    if (Array.isArray(registration)) return { kind: 'invalid', problems: registration };
    if (isSameRegistration(stored.instance, registration)) return { kind: 'unchanged', stored };
    const instance = this.#placedAgain(stored, registration, stored.instance.health?.file);
    const tooLong = dnsNameProblem(instance, this.#options.origin);
    if (tooLong !== undefined) return { kind: 'invalid', problems: [tooLong] };
    this.#leases.patched(stored, this.#clock.monotonicMs(), registration.leaseSeconds);
    this.#update(stored, instance, { why, by });
    return { kind: 'patched', stored };
  }

  /** Takes an instance out of all answers without forgetting it: status `waiting`. Its lease goes on. */
  drain(key: InstanceKey, by?: Actor): DrainOutcome {
    const outcome = this.patch(key, { status: 'waiting' }, by, 'drained');
    return outcome.kind === 'patched' ? { ...outcome, kind: 'drained' } : outcome;
  }

  /** The checks of an instance have come to a verdict. Whether anything has changed by it. */
  judge(key: InstanceKey, judgement: Judgement): boolean {
    this.#changes.expectNoListener();
    const stored = this.find(key);
    const judged = stored && judgedInstance(stored.instance, judgement);
    if (stored === undefined || judged === undefined) return false;
    this.#update(stored, judged, { why: 'checked', ...judgement });
    return true;
  }

  cancel(key: InstanceKey, by?: Actor): CancelOutcome {
    this.#changes.expectNoListener();
    const stored = this.find(key);
    if (stored === undefined) return { kind: 'unknown' };
    this.#remove(stored, 'cancelled', { why: 'cancelled', by });
    return { kind: 'cancelled', stored };
  }

  /** Does what is due now about ended leases: evicts at most `limit` instances, and returns how many it were. */
  evictExpired(limit: number): number {
    this.#changes.expectNoListener();
    return this.#leases.act(limit, (stored) => this.#remove(stored, 'evicted', evictionOf(stored, this.#clock)));
  }

  /** Monotonic milliseconds before which `evictExpired` has nothing to do; undefined without instances. */
  nextDeadlineMs(): number | undefined {
    return this.#leases.nextMs();
  }

  /** Self-protection. */
  get guard(): GuardView {
    return this.#leases;
  }

  whySuspect({ instance }: LeasedInstance): string {
    const stored = this.find(instance);
    return stored?.isSuspect === true ? this.#leases.whyKept(stored) : '';
  }

  #create(key: InstanceKey, registration: Registration, options: RegisterOptions): RegisterOutcome {
    const refused = this.#admission.refusal(key, this.instanceCount);
    if (refused !== undefined) return refused;
    const app = this.#apps.app(key.env, key.appid) ?? new App(key.env, key.appid);
    const label = instanceLabel(key.instance, (candidate) => this.#admission.isLabelTaken(app, candidate));
    const health = healthOf(registration, undefined, options.file);
    const instance = this.#place(app, key.instance, label, registration, health);
    const tooLong = dnsNameProblem(instance, this.#options.origin);
    if (tooLong !== undefined) return { kind: 'invalid', problem: tooLong };
    const reserved = this.#options.isReserved?.(`${label}.${key.appid}.${key.env}`);
    if (reserved !== undefined) return { kind: 'conflict', problem: problem('instance', reserved, key.instance) };

    const wallMs = this.#clock.wallMs();
    const nowMs = this.#clock.monotonicMs();
    const stored = new InstanceRecord(instance, firstTimes(instance, wallMs, options.dirtyAtMs), nowMs);
    if (app.size === 0) {
      this.#apps.add(app);
      this.#departures.forget(key.env, key.appid);
    }
    app.add(stored);
    this.#leases.start(stored, nowMs, true);
    this.#tell(app, stored, { kind: 'registered', after: instance, cause: { why: 'registered', by: options.by } });
    return { kind: 'created', stored };
  }

  #replace(
    stored: InstanceRecord,
    key: InstanceKey,
    registration: Registration,
    options: RegisterOptions,
  ): RegisterOutcome {
    if (options.ifAbsent === true) return { kind: 'exists', stored };
    const spelling = stored.instance.instance;
    if (spelling !== key.instance) {
      const differs = `is registered as "${spelling}"; ids that differ only in case are one instance`;
      return { kind: 'conflict', problem: problem('instance', differs, key.instance) };
    }
    if (options.dirtyAtMs !== undefined && options.dirtyAtMs < stored.dirtyAtMs) return { kind: 'outdated', stored };

    const isSame = isSameRegistration(stored.instance, registration) && stored.instance.health?.file === options.file;
    const instance = this.#placedAgain(stored, registration, options.file);
    const tooLong = dnsNameProblem(instance, this.#options.origin);
    if (tooLong !== undefined) return { kind: 'invalid', problem: tooLong };
    const wallMs = this.#clock.wallMs();
    // Never backwards: a stepped wall clock must not make a plain re-registration look older than what it replaces.
    stored.dirtyAtMs = Math.max(stored.dirtyAtMs, options.dirtyAtMs ?? wallMs);
    stored.registeredAtMs = wallMs;
    stored.renewedAtMs = wallMs;
    this.#leases.heard(stored, this.#clock.monotonicMs(), registration.leaseSeconds);
    if (isSame) return { kind: 'unchanged', stored };
    this.#update(stored, instance, { why: 'replaced', by: options.by });
    return { kind: 'replaced', stored };
  }

  #place(app: App, id: string, label: string, registration: Registration, health: Health | undefined): CompactInstance {
    const instance = new CompactInstance(app.place, id, label, registration, [app.latest, this.#latest], health);
    app.latest = instance;
    this.#latest = instance;
    return instance;
  }

  /** The same instance with another registration. */
  #placedAgain({ instance }: InstanceRecord, registration: Registration, file: string | undefined): CompactInstance {
    const health = healthOf(registration, instance, file);
    return this.#place(this.#appOf(instance), instance.instance, instance.label, registration, health);
  }

  /** The app of an instance that is there. */
  #appOf({ env, appid }: Instance): App {
    return this.#apps.app(env, appid) as App;
  }

  /** Puts a changed instance in place of the stored one; its lease has been set by the caller. */
  #update(stored: InstanceRecord, instance: Instance, cause: Cause): void {
    const before = stored.instance;
    const wallMs = this.#clock.wallMs();
    if (instance.status === 'up' && before.status !== 'up') stored.upAtMs = wallMs;
    stored.updatedAtMs = wallMs;
    stored.instance = instance;
    this.#leases.moved(stored, this.#clock.monotonicMs());
    this.#tell(this.#appOf(instance), stored, { kind: 'updated', before, after: instance, cause });
  }

  #remove(stored: InstanceRecord, kind: 'cancelled' | 'evicted', cause: Cause): void {
    const { env, appid } = stored.instance;
    const app = this.#appOf(stored.instance);
    app.delete(stored);
    if (app.size === 0) {
      this.#apps.delete(app);
      this.#departures.remember(env, appid, this.revision + 1);
    }
    this.#leases.ended(stored, this.#clock.monotonicMs(), kind === 'evicted');
    this.#tell(app, stored, { kind, before: stored.instance, cause });
  }

  #tell(app: App, stored: InstanceRecord, what: NewChange): void {
    const revision = this.#changes.next();
    app.revision = revision;
    stored.revision = revision;
    this.#changes.tell({ revision, atMs: this.#clock.wallMs(), times: timesOf(stored), ...what });
  }
}
