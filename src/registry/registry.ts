// The registry: which instances are there, and until when. A state machine without I/O. A command is decided (`decide`,
// which changes nothing) and the decision is applied (`apply`, the only place where instances and the revision change);
// changes leave as one ordered stream, and the DNS side reads through `RegistryView`.
// Limits: instances in all and per app (RegistryOptions), checked by `decide` and not by `apply`; evictions per call.

import type { AppRecords } from '../model/app-records.ts';
import type { Actor, Change, ChangeListener, NewChange } from '../model/change.ts';
import type { Command, OutcomeOf } from '../model/command.ts';
import { compactInstance } from '../model/compact-instance.ts';
import type { ChangeGroup, Decision, Reregistration } from '../model/decision.ts';
import { dnsNameProblem } from '../model/dns-names.ts';
import type { GuardView } from '../model/guard-status.ts';
import type { InstanceRecord } from '../model/instance-record.ts';
import type { Losses } from '../model/losses.ts';
import type { AppKey, InstanceKey } from '../model/names.ts';
import type { RenewOutcome } from '../model/outcome.ts';
import type { PersistedInstance } from '../model/persisted-instance.ts';
import { type Problem, problem } from '../model/problem.ts';
import type { RemoteMark } from '../model/remote-mark.ts';
import type { AppView, KnownName, LeasedInstance, RegistryView } from '../model/view.ts';
import type { Clock, Moment } from '../runtime/clock.ts';
import { App } from './apps/app.ts';
import { Decider } from './decider.ts';
import type { Hold } from './holds.ts';
import { isLapsed, lapsesAtEnd } from './leases/term.ts';
import { MutableRecord, recoveredSupervision } from './mutable-record.ts';
import type { RegistryOptions } from './options.ts';
import { State } from './state.ts';

export type * from '../model/outcome.ts';
export type * from './options.ts';

/** The registry itself, as the origin of its own decisions. */
const ownDecision: Actor = { kind: 'system', front: 'leases', address: '' };
const recovery: Actor = { kind: 'system', front: 'recovery', address: '' };

const holdCheckMs = 60_000;
/** Looking at a lease is cheaper than evicting its instance. */
const looksPerEviction = 4;

export class Registry implements RegistryView {
  readonly #options: RegistryOptions;
  readonly #clock: Clock;
  readonly #state: State;
  readonly #decider: Decider;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#state = new State(options);
    this.#decider = new Decider(options, this.#state);
  }

  get revision(): number {
    return this.#state.changes.revision;
  }

  get version(): number {
    return this.revision;
  }

  get instanceCount(): number {
    return this.#state.leases.size;
  }

  get appCount(): number {
    return this.#state.apps.size;
  }

  at(env: string, appid: string): AppView | 'within' | undefined {
    return this.#state.apps.at(env, appid);
  }

  knownWithHash(hash: number): KnownName | undefined {
    return this.#state.apps.knownWithHash(hash);
  }

  app(env: string, appid: string): AppRecords | undefined {
    return this.#state.apps.app(env, appid);
  }

  apps(env?: string): Iterable<AppRecords> {
    return this.#state.apps.apps(env);
  }

  find(key: InstanceKey): InstanceRecord | undefined {
    return this.#state.find(key);
  }

  /** The revision of an app's last change, for one that has left or is not known a revision that is not older. */
  appRevision(env: string, appid: string): number {
    return this.#state.appRevision(env, appid);
  }

  /** Takes the next revision without a change, for data beside the registry that has the same serial. */
  touch(): number {
    this.#state.changes.expectNoListener();
    return this.#state.changes.next();
  }

  /** Takes a number that the cluster has passed without a change of an instance. */
  advance(revision: number): void {
    this.#state.changes.expectNoListener();
    if (revision > this.revision) this.#state.changes.take(revision);
  }

  /** Another node of the cluster runs its lease from now on; or this one does, from now. */
  setRemote(key: InstanceKey, isRemote: boolean, now: Moment = this.#now()): void {
    const stored = this.#state.find(key);
    if (stored !== undefined) this.#state.leases.setRemote(stored, isRemote, now.monotonicMs);
  }

  /** What the node that runs its lease reports of it. */
  markRemote(key: InstanceKey, mark: RemoteMark): void {
    const stored = this.#state.find(key);
    if (stored?.isRemote === true) this.#state.leases.markRemote(stored, mark);
  }

  /** Of an app, those that take traffic and whose leases other nodes run. */
  remoteServing({ env, appid }: AppKey): number {
    let serving = 0;
    for (const { isRemote, instance } of this.#state.apps.app(env, appid)?.instances() ?? [])
      if (isRemote && instance.status === 'up') serving++;
    return serving;
  }

  /** What is missed here, for the guards of other nodes; of apps at most `limit`. */
  losses(limit: number): Losses {
    return this.#state.leases.losses(limit);
  }

  /** What other nodes miss has changed. */
  reviewGuard(): void {
    this.#state.leases.review();
  }

  /** The instance of an app that has the label. */
  labelHolder({ env, appid }: InstanceKey, label: string): InstanceRecord | undefined {
    return this.#state.apps.app(env, appid)?.byLabel(label);
  }

  /** The cluster gives the last change of an instance another number than this node could. Nothing has changed. */
  renumber(key: InstanceKey, revision: number): void {
    const stored = this.#state.find(key);
    if (stored !== undefined) stored.revision = revision;
  }

  /** Those whose lease has ended and that the guard lets go now, at most `limit`; each is due again a second later. */
  takeExpired(now: Moment, limit: number): InstanceKey[] {
    return this.#state.leases.takeExpired(now.monotonicMs, limit).map(({ instance }) => instance);
  }

  /** Those with a hold that has ended. */
  endedHolds(now: Moment): InstanceKey[] {
    return this.#state.holds.ended(now.wallMs).map(({ key }) => key);
  }

  /** What the end of its lease, or of its hold, does to an instance; undefined: nothing. */
  decideEnd(key: InstanceKey, end: 'lease' | 'hold', now: Moment): NewChange | undefined {
    const stored = this.#state.find(key);
    if (stored === undefined) return undefined;
    return end === 'lease'
      ? this.#decider.expire(stored, ownDecision, now)
      : this.#decider.endHold(key, ownDecision, now);
  }

  /** Adds a listener for all later changes; they are called in the order of adding. See change.ts for their duties. */
  onChange(listener: ChangeListener): void {
    this.#state.changes.add(listener);
  }

  /** What is to become of a command. Pure: nothing moves. */
  decide<C extends Command>(command: C, actor: Actor, now: Moment): Decision<OutcomeOf<C>> {
    this.#state.changes.expectNoListener();
    return this.#decide(command, actor, now) as Decision<OutcomeOf<C>>;
  }

  /**
   * Applies what was decided, here or on another node, in order; never refuses for limits. Precondition: its revisions
   * are higher than any before, and every instance that is changed or removed is there.
   */
  apply(group: ChangeGroup): Change[] {
    return this.#state.apply(group);
  }

  /** Applies a decision at once, as the only node does. */
  settle<Outcome>(decision: Decision<Outcome>, now: Moment): Outcome {
    if (decision.kind === 'refused') return decision.outcome;
    if (decision.kind === 'unchanged') {
      const { renewal, release } = decision;
      if (renewal !== undefined) this.reregister(renewal, now);
      if (release !== undefined) this.releaseHold(release);
      return decision.outcome;
    }
    this.apply({ changes: decision.changes, revision: this.revision + 1, at: now });
    return decision.outcome();
  }

  /** Moves the end of the lease and nothing else. */
  renew(key: InstanceKey, now: Moment = this.#now()): RenewOutcome {
    const stored = this.#state.find(key);
    if (stored === undefined) return { kind: 'unknown' };
    if (isLapsed(stored.instance)) return { kind: 'lapsed', stored };
    this.#state.leases.heard(stored, now.monotonicMs);
    stored.renewedAtMs = now.wallMs;
    return { kind: 'renewed', stored };
  }

  /** The connection that keeps an instance has closed. False: there is none, or it is kept otherwise. */
  disconnected(key: InstanceKey, now: Moment = this.#now()): boolean {
    const stored = this.#state.find(key);
    if (stored?.instance.liveness.kind !== 'connection') return false;
    this.#state.leases.disconnected(stored, now.monotonicMs);
    return true;
  }

  /** The same for a registration equal to what is stored. False: the instance is not there any more. */
  reregister({ key, dirtyAtMs }: Reregistration, { monotonicMs, wallMs }: Moment): boolean {
    const stored = this.#state.find(key);
    if (stored === undefined) return false;
    this.#state.leases.heard(stored, monotonicMs);
    stored.times = { ...stored.times, registeredAtMs: wallMs, renewedAtMs: wallMs, dirtyAtMs };
    return true;
  }

  /**
   * Takes in what was stored, at the start, before anything else: its lease starts afresh, the revision stays. Listeners
   * are not called. A problem has why an instance cannot be recovered; nothing has then changed.
   */
  recover(saved: PersistedInstance): Change | Problem {
    const { key, label, registration, times } = saved;
    const app = this.#state.apps.app(key.env, key.appid) ?? new App({ env: key.env, appid: key.appid });
    if (app.isTaken(key.instance, label)) return problem('instance', 'is there already', key.instance);
    const supervision = recoveredSupervision(saved);
    const neighbours = [app.latest, this.#state.latest];
    const instance = compactInstance(app.place, key.instance, label, registration, neighbours, supervision);
    const tooLong = dnsNameProblem(instance, this.#options.origin);
    if (tooLong !== undefined) return tooLong;
    const now = this.#now();
    const stored = new MutableRecord(instance, times, now.monotonicMs, saved.revision);
    this.#state.add(app, stored, instance);
    // Silence after a restart is evidence, though its renewals were not written down.
    stored.isHeard = true;
    stored.isRemote = saved.isRemote ?? false;
    // The app may have had later changes, removals for one: a client must not see an earlier number.
    app.revision = this.revision;
    this.#state.leases.start(stored, now.monotonicMs, false);
    const { revision } = this;
    const cause = { why: 'restored' } as const;
    const lease = this.#state.leaseOf(stored);
    return { kind: 'registered', after: instance, revision, atMs: now.wallMs, cause, origin: recovery, times, lease };
  }

  /** All holds, those of instances that are not registered too. */
  holds(): Iterable<Hold> {
    return this.#state.holds.all();
  }

  /** No hold of another instance can be kept. */
  get areHoldsFull(): boolean {
    return this.#state.holds.isFull;
  }

  /** Takes in the holds that were stored, those of instances that are not registered too. */
  recoverHolds(holds: Iterable<Hold>): void {
    for (const { key, override } of holds) this.#state.holds.set(key, override);
  }

  /** Lifts the hold of an instance that is not registered. */
  releaseHold(key: InstanceKey): void {
    if (this.#state.holds.delete(key)) this.#options.onHoldReleased?.(key);
  }

  /** Monotonic milliseconds before which `evictExpired` has nothing to do, or earlier; undefined: nothing is due at all. */
  nextDeadlineMs(): number | undefined {
    const { firstEndMs } = this.#state.holds;
    const { leases } = this.#state;
    const leaseMs = leases.toEvict.size > 0 ? this.#clock.monotonicMs() : leases.nextMs();
    if (firstEndMs === Number.POSITIVE_INFINITY) return leaseMs;
    const { monotonicMs, wallMs } = this.#now();
    // Looked at every minute: the wall clock may be set.
    const holdMs = monotonicMs + Math.min(Math.max(0, firstEndMs - wallMs), holdCheckMs);
    return Math.min(holdMs, leaseMs ?? holdMs);
  }

  /** Self-protection. */
  get guard(): GuardView {
    return this.#state.leases;
  }

  whySuspect({ instance }: LeasedInstance): string {
    const stored = this.#state.find(instance);
    return stored === undefined ? '' : this.#state.suspectReason(stored);
  }

  /**
   * Decides which leases end, after so many looks at most. Those of them that leave: nothing is changed yet, they are evicted
   * with `evictExpired`, and may be heard before.
   */
  endLeases(looksMax: number): readonly InstanceRecord[] {
    this.#state.changes.expectNoListener();
    const ended = this.#state.leases.endDue(this.#now().monotonicMs, looksMax);
    return ended.filter(({ instance }) => !lapsesAtEnd(instance));
  }

  /** Whose leases have ended and that are not evicted yet. */
  get endedCount(): number {
    return this.#state.leases.toEvict.size;
  }

  /** There is more for `endLeases`. */
  get hasDueLeases(): boolean {
    return (this.#state.leases.nextMs() ?? Number.POSITIVE_INFINITY) <= this.#clock.monotonicMs();
  }

  /** All instances but those whose leases have ended, to be walked while they change. */
  *living(): Generator<InstanceRecord> {
    const { apps, leases } = this.#state;
    for (const app of apps.apps()) for (const stored of app.instances()) if (!leases.toEvict.has(stored)) yield stored;
  }

  /** Evicts what is due, at most `limit` instances, and returns the number evicted. */
  evictExpired(limit: number): number {
    this.#state.changes.expectNoListener();
    const now = this.#now();
    let evicted = 0;
    while (evicted < limit) {
      if (this.#state.leases.toEvict.size === 0) this.#state.leases.endDue(now.monotonicMs, looksPerEviction * limit);
      const changes = this.#decideExpired(now, limit - evicted);
      if (changes.length === 0) break;
      this.apply({ changes, revision: this.revision + 1, at: now });
      evicted += changes.length;
    }
    return evicted;
  }

  /** What time alone brings about by now, at most `limit`: holds that end, evictions. */
  #decideExpired(now: Moment, limit: number): NewChange[] {
    const endedHolds = this.#decideEndedHolds(now);
    if (endedHolds.length > 0) return endedHolds.slice(0, limit);
    const ended = this.#state.leases.toEvict.first(limit);
    return ended.map(([stored, endedMs]) =>
      this.#decider.expire(stored, ownDecision, { ...now, monotonicMs: endedMs }),
    );
  }

  #decideEndedHolds(now: Moment): NewChange[] {
    const changes: NewChange[] = [];
    for (const { key } of this.#state.holds.ended(now.wallMs)) {
      const change = this.#decider.endHold(key, ownDecision, now);
      if (change === undefined) this.releaseHold(key);
      else changes.push(change);
    }
    return changes;
  }

  #decide(command: Command, actor: Actor, now: Moment): Decision<OutcomeOf<Command>> {
    const decider = this.#decider;
    switch (command.kind) {
      case 'register':
        return decider.register(command, actor, now);
      case 'patch':
        return decider.patch(command, actor, now);
      case 'drain':
        return decider.drain(command, actor, now);
      case 'up':
        return decider.up(command, actor, now);
      case 'cancel':
        return decider.cancel(command, actor);
      case 'judge':
        return decider.judge(command, actor, now);
    }
  }

  #now(): Moment {
    return { monotonicMs: this.#clock.monotonicMs(), wallMs: this.#clock.wallMs() };
  }
}
