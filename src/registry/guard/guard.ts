// Self-protection (design §6): when many leases end at once, it is likelier that the network between the instances and
// this server has failed than that all of them have. Then none is evicted: in an app that lost many, or in the whole
// registry. The guard counts missing members by app and in all, starts a hold when a lease ends while too many are missing
// (never before), and ends it by itself as soon as enough are back or were cancelled. What becomes of a lease is decided in
// leases.ts. Limits: apps are remembered only while they have losses.

import type { GuardEvent, HeldApp } from '../../model/guard-status.ts';
import type { Instance } from '../../model/instance.ts';
import type { AppLosses, AskOthers, Losses } from '../../model/losses.ts';
import { ByApp } from '../../runtime/by-app.ts';
import type { Clock } from '../../runtime/clock.ts';
import { RecentJoins } from '../apps/recent-joins.ts';
import type { MutableRecord } from '../mutable-record.ts';
import { GuardScope, type ScopePresence } from './scope.ts';

export interface GuardDeps {
  readonly clock: Clock;
  /** Under this share on time a scope is held; 0: never. */
  readonly percent: number;
  /** The whole registry. */
  readonly registry: ScopePresence;
  /** An app, if it is there. */
  readonly app: (env: string, appid: string) => ScopePresence | undefined;
  /** Of a cluster; undefined: there are no other nodes. */
  readonly elsewhere?: AskOthers | undefined;
}

const absent: ScopePresence = { serving: 0, heard: 0, clientSum: 0, recentJoins: new RecentJoins() };

export class Guard {
  readonly #deps: GuardDeps;
  readonly #registry = new GuardScope();
  /** Apps with losses. */
  readonly #apps = new ByApp<GuardScope>();
  /** In the order in which they began to be held. */
  readonly #heldApps = new Set<GuardScope>();
  readonly #listeners: ((event: GuardEvent) => void)[] = [];
  #holds = 0;

  constructor(deps: GuardDeps) {
    this.#deps = deps;
  }

  get isOff(): boolean {
    return this.#deps.percent === 0;
  }

  get registry(): Readonly<GuardScope> {
    return this.#registry;
  }

  get heldAppCount(): number {
    return this.#heldApps.size;
  }

  /** Holds that have begun since the start. */
  get holds(): number {
    return this.#holds;
  }

  /** Called within the registry's commands, renewals among them: listeners must not write to it and must not wait. */
  onEvent(listener: (event: GuardEvent) => void): void {
    this.#listeners.push(listener);
  }

  /** A member is late now; an instance that joined at `replaceableMs` (monotonic) or later may replace it. */
  missed(stored: MutableRecord, replaceableMs: number): void {
    for (const scope of [this.#registry, this.#scopeOf(stored.instance)]) {
      if (stored.isHeard) scope.addEvidence(stored.client, replaceableMs);
      scope.late++;
    }
  }

  /** An instance, member or not, is kept beyond the end of its lease now. */
  suspected(instance: Instance): void {
    this.#registry.suspects++;
    this.#scopeOf(instance).suspects++;
  }

  /** A suspect is none any more, though late. */
  trusted(instance: Instance): void {
    this.#registry.suspects--;
    this.#scopeOf(instance).suspects--;
  }

  /** A late one is back, or has left for a reason of its own. `wasMember`: it was counted as `missed`. */
  found(stored: MutableRecord, wasMember: boolean, wasSuspect: boolean): void {
    const { instance } = stored;
    const scope = this.#scopeOf(instance);
    for (const one of [this.#registry, scope]) {
      if (wasMember) {
        one.late--;
        if (stored.isHeard) one.removeEvidence(stored.client);
      }
      if (wasSuspect) one.suspects--;
    }
    this.#settle(instance);
  }

  /** A late member that had been heard was evicted: it stays a loss until it is `forgotten`. */
  lost(stored: MutableRecord, wasSuspect: boolean): void {
    for (const scope of [this.#registry, this.#scopeOf(stored.instance)]) {
      scope.gone++;
      scope.addEvidence(stored.client);
    }
    this.found(stored, true, wasSuspect);
  }

  forgotten({ instance, client }: MutableRecord): void {
    for (const scope of [this.#registry, this.#scopeOf(instance)]) {
      scope.gone--;
      scope.removeEvidence(client);
    }
    this.#settle(instance);
  }

  /** The number of members has changed otherwise. */
  resized(instance: Instance): void {
    if (this.#registry.losses > 0) this.#settle(instance);
  }

  /** Why an instance whose lease has ended is held now; a hold that is due begins. Undefined: nothing holds it. */
  holdFor(instance: Instance): GuardScope | undefined {
    if (this.isOff) return undefined;
    const scope = this.#scopeOf(instance);
    this.#begin(this.#registry);
    this.#begin(scope);
    return this.heldScope(instance);
  }

  /** The same, without consequences. */
  heldScope(instance: Instance): GuardScope | undefined {
    if (this.#registry.held !== undefined) return this.#registry;
    const scope = this.#apps.get(instance);
    return scope?.held === undefined ? undefined : scope;
  }

  /** When the last hold that this instance was under ended; monotonic milliseconds. */
  releasedMs(instance: Instance): number {
    const scope = this.#apps.get(instance);
    return Math.max(this.#registry.releasedMs, scope?.releasedMs ?? Number.NEGATIVE_INFINITY);
  }

  reasonOf(scope: Readonly<GuardScope>): string {
    return scope.reason(this.#deps.percent, this.#presenceOf(scope), this.#deps.elsewhere?.(scope.app));
  }

  /** The apps held for the longest time, at most `limit`. */
  heldApps(limit: number): HeldApp[] {
    const listed: HeldApp[] = [];
    for (const scope of this.#heldApps) {
      if (listed.length === limit) break;
      const { app, held, late, suspects } = scope;
      if (app === undefined || held === undefined) continue;
      const members = this.#presenceOf(scope).serving;
      listed.push({ ...app, reason: this.reasonOf(scope), sinceMs: held.wallMs, members, late, suspects });
    }
    return listed;
  }

  /** Other nodes miss more or fewer: a hold that was theirs as well may be over. */
  review(): void {
    for (const scope of [this.#registry, ...this.#heldApps]) this.#endIfOver(scope);
  }

  /** What is missed here, for the other nodes of a cluster; of apps at most `limit`. */
  losses(limit: number): Losses {
    const apps: AppLosses[] = [];
    for (const { app, evidence } of this.#apps.values())
      if (app !== undefined && evidence > 0 && apps.length < limit) apps.push({ ...app, losses: evidence });
    return { registry: this.#registry.evidence, apps };
  }

  #scopeOf(instance: Instance): GuardScope {
    const known = this.#apps.get(instance);
    if (known !== undefined) return known;
    const { env, appid } = instance;
    const scope = new GuardScope({ env, appid });
    this.#apps.set(instance, scope);
    return scope;
  }

  #presenceOf({ app }: Readonly<GuardScope>): ScopePresence {
    return app === undefined ? this.#deps.registry : (this.#deps.app(app.env, app.appid) ?? absent);
  }

  #isUnder(scope: GuardScope): boolean {
    return scope.isUnder(this.#deps.percent, this.#presenceOf(scope), this.#deps.elsewhere?.(scope.app));
  }

  #begin(scope: GuardScope): void {
    if (scope.held !== undefined || !this.#isUnder(scope)) return;
    const { clock } = this.#deps;
    scope.held = { sinceMs: clock.monotonicMs(), wallMs: clock.wallMs() };
    this.#holds++;
    if (scope.app !== undefined) this.#heldApps.add(scope);
    this.#notify(scope, 'held', 0);
  }

  #settle(instance: Instance): void {
    this.#endIfOver(this.#registry);
    const scope = this.#apps.get(instance);
    if (scope === undefined) return;
    this.#endIfOver(scope);
    if (scope.losses === 0 && scope.suspects === 0) this.#apps.delete(instance);
  }

  #endIfOver(scope: GuardScope): void {
    if (scope.held === undefined || this.#isUnder(scope)) return;
    const nowMs = this.#deps.clock.monotonicMs();
    const heldMs = nowMs - scope.held.sinceMs;
    scope.held = undefined;
    scope.releasedMs = nowMs;
    this.#heldApps.delete(scope);
    this.#notify(scope, 'released', heldMs);
  }

  #notify(scope: GuardScope, kind: GuardEvent['kind'], heldMs: number): void {
    const { app, late, suspects } = scope;
    const presence = this.#presenceOf(scope);
    const reason =
      kind === 'held'
        ? this.reasonOf(scope)
        : `${scope.losses} of ${scope.expected(presence)} instances are silent now`;
    const event = { kind, app, reason, heldMs, members: presence.serving, late, suspects };
    for (const listener of this.#listeners) listener(event);
  }
}
