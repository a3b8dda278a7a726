// Leases: when each instance is due, and what becomes of it at the end of its lease. It is on time, late (silent for
// longer than its own rhythm explains), suspect (past its lease, and kept), or gone (just evicted: still a loss). At the end
// of its lease it is evicted at once, unless this process was paused or a hold of the guard has just ended (it gets the
// time of one more heartbeat), the guard holds its app or the registry (guard.ts), or the evictions of this minute are
// used up (eviction-budget.ts). `guardCeilingSeconds` later it is evicted whatever else holds. A suspect is due again after
// every interval of its own. One entry an instance, in the queue or among the pending evictions.

import type { GuardNews, GuardStatus, GuardView } from '../../model/guard-status.ts';
import type { Clock } from '../../runtime/clock.ts';
import { LeaseQueue } from '../../runtime/deadline-heap.ts';
import { Guard } from '../guard/guard.ts';
import type { Presence } from '../guard/scope.ts';
import { statusOf } from '../guard/status.ts';
import { heardMs, lateAtMs, leaseMs, type MutableRecord, replaceableMs } from '../mutable-record.ts';
import { type GuardOptions, guardDefaults } from '../options.ts';
import { EvictionBudget } from './eviction-budget.ts';
import { firstIntervalMs, isUnexpected, lateAfterMs, learnedIntervalMs } from './heartbeat.ts';
import { MemberCounts } from './member-counts.ts';
import { NearExpiry } from './near-expiry.ts';
import { PendingEvictions } from './pending-evictions.ts';
import { RenewalRates } from './renewal-rates.ts';

export interface LeasesDeps {
  readonly clock: Clock;
  readonly guard?: Partial<GuardOptions> | undefined;
  /** In [0, 1): who is evicted when not all may be. */
  readonly random?: (() => number) | undefined;
  readonly onNearExpiry?: ((stored: MutableRecord) => void) | undefined;
  readonly app: (env: string, appid: string) => Presence | undefined;
}

/** An evicted instance is a loss for one of its intervals, and no longer than this. */
const goneMsMax = 60_000;
/** A decided eviction that was not applied is decided again after this. */
const retryMs = 1000;
/** Of a slice of evictions: looking at a lease is cheaper than evicting one. */
const looksPerEviction = 4;

export class Leases implements GuardView {
  readonly #clock: Clock;
  readonly #options: GuardOptions;
  readonly #queue = new LeaseQueue<MutableRecord>();
  readonly #budget: EvictionBudget;
  /** Those that nothing but the budget keeps. */
  readonly #room: PendingEvictions<MutableRecord>;
  #unmarked: MutableRecord[] = [];
  readonly #overdue = new Set<MutableRecord>();
  readonly #rates = new RenewalRates();
  #size = 0;
  readonly #members: MemberCounts;
  readonly #guard: Guard;
  readonly #lapsing: NearExpiry;

  constructor(deps: LeasesDeps) {
    this.#clock = deps.clock;
    this.#options = { ...guardDefaults, ...deps.guard };
    this.#budget = new EvictionBudget(this.#options.evictionPercentPerMinute);
    this.#lapsing = new NearExpiry(deps.onNearExpiry);
    this.#room = new PendingEvictions(deps.random ?? (() => 0.5));
    this.#members = new MemberCounts(deps.app);
    const { guardPercent: percent } = this.#options;
    this.#guard = new Guard({ clock: deps.clock, percent, registry: this.#members.registry, app: deps.app });
  }

  get size(): number {
    return this.#size;
  }

  /** A lease that starts now. `isNew`: it joins, and was not there before a restart. */
  start(stored: MutableRecord, nowMs: number, isNew: boolean): void {
    this.#size++;
    stored.intervalMs = firstIntervalMs(stored.instance.leaseSeconds);
    this.#rates.expect(stored.intervalMs);
    this.#lapsing.set(stored, nowMs);
    this.#queue.set(stored, this.#lapsing.stageMs(stored));
    this.#members.follow(stored, isNew ? nowMs : undefined, this.#guard);
  }

  /** The instance was heard: its lease of now `leaseSeconds` runs from here. Hot: it mostly ends with the first step. */
  heard(stored: MutableRecord, nowMs: number, leaseSeconds = stored.instance.leaseSeconds): void {
    const gapMs = nowMs - heardMs(stored);
    stored.deadlineMs = nowMs + leaseSeconds * 1000;
    this.#rates.seen(nowMs);
    if (stored.shortenedMs !== 0) stored.shortenedMs = 0;
    if (isUnexpected(gapMs, stored.intervalMs)) {
      this.#rates.move(stored, learnedIntervalMs(stored.intervalMs, gapMs, leaseMs(stored)));
    }
    if (leaseSeconds !== stored.instance.leaseSeconds) this.#rescale(stored, leaseSeconds);
    if (stored.phase !== 'onTime' || stored.isNearExpiry) this.#return(stored, nowMs);
  }

  /** A patch gives the instance, silent as it is, a lease of `leaseSeconds`: longer, or shorter from now. */
  patched(stored: MutableRecord, nowMs: number, leaseSeconds: number): void {
    const wasHeardMs = heardMs(stored);
    const movedMs = (leaseSeconds - stored.instance.leaseSeconds) * 1000;
    stored.deadlineMs = Math.min(stored.deadlineMs + Math.max(movedMs, 0), nowMs + leaseSeconds * 1000);
    stored.shortenedMs = Math.max(0, Math.round(stored.deadlineMs - leaseSeconds * 1000 - wasHeardMs));
    if (movedMs !== 0) this.#rescale(stored, leaseSeconds);
  }

  /** To be called once the instance has its new lease: it may have to be looked at earlier. */
  moved(stored: MutableRecord, nowMs: number): void {
    this.#members.follow(stored, nowMs, this.#guard);
    if (stored.phase === 'suspect' && stored.deadlineMs > nowMs) {
      this.#leaveWaiting(stored);
      stored.phase = 'late';
      stored.isSuspect = false;
      this.#guard.trusted(stored.instance);
    }
    this.#lapsing.set(stored, nowMs);
    const isWaiting = this.#overdue.has(stored) || this.#room.has(stored);
    if (stored.phase !== 'suspect' && !isWaiting) this.#queue.set(stored, this.#lapsing.stageMs(stored));
  }

  /** The instance is a member no more. To be called when its app says so, too. */
  ended(stored: MutableRecord, nowMs: number, isEvicted: boolean): void {
    const { isSuspect, isMember, instance } = stored;
    this.#size--;
    this.#rates.expectNoMore(stored.intervalMs);
    this.#queue.delete(stored);
    this.#leaveWaiting(stored);
    const isLoss = isEvicted && isMember && !this.#guard.isOff && nowMs < this.#ceilingAtMs(stored);
    stored.isSuspect = false;
    if (isLoss) {
      this.#members.evicted(stored);
      stored.phase = 'gone';
      this.#guard.lost(instance, isSuspect);
      this.#queue.set(stored, nowMs + Math.min(stored.intervalMs, goneMsMax));
      return;
    }
    this.#members.drop(stored, this.#guard);
    stored.phase = 'onTime';
    if (isSuspect) this.#guard.found(instance, false, true);
  }

  /** The instances to evict now. Each is due again after `retryMs`, unless it has `ended` or was heard by then. */
  takeExpired(nowMs: number, limit: number): MutableRecord[] {
    this.#look(nowMs, limit * looksPerEviction);
    const taken: MutableRecord[] = [];
    for (const stored of this.#overdue) {
      if (taken.length === limit) break;
      taken.push(stored);
    }
    // Those past the ceiling first and alone: without them the rest may be held no longer.
    if (taken.length === 0) this.#drawPending(nowMs, limit, taken);
    for (const stored of taken) {
      this.#overdue.delete(stored);
      this.#queue.set(stored, nowMs + retryMs);
    }
    return taken;
  }

  #drawPending(nowMs: number, limit: number, taken: MutableRecord[]): void {
    const left = () => this.#budget.left(this.size - taken.length, nowMs);
    while (taken.length < limit && left() > 0) {
      const stored = this.#room.draw();
      if (stored === undefined) break;
      // A hold may have begun since.
      if (this.#isKept(stored, nowMs)) continue;
      this.#budget.spend(nowMs);
      taken.push(stored);
    }
    if (this.#room.size === 0 || left() <= 0) this.#markWaiting();
  }

  /** Monotonic milliseconds before which there is nothing to act on; undefined without instances. */
  nextMs(): number | undefined {
    const queuedMs = this.#queue.earliestMs();
    if (this.#overdue.size === 0 && this.#room.size === 0) return queuedMs;
    const nowMs = this.#clock.monotonicMs();
    const isNow = this.#overdue.size > 0 || this.#budget.left(this.size, nowMs) > 0;
    return Math.min(queuedMs ?? Number.POSITIVE_INFINITY, isNow ? nowMs : this.#budget.moreAtMs(nowMs));
  }

  /** Why a suspect is kept, in words. */
  whyKept(stored: MutableRecord): string {
    const guard = this.#guard;
    const scope = guard.heldScope(stored.instance);
    if (scope !== undefined) return guard.reasonOf(scope);
    if (this.#room.has(stored)) {
      return `not more than ${this.#options.evictionPercentPerMinute} % of the registry are evicted a minute`;
    }
    const isAfterPause = this.#resumedMs() >= guard.releasedMs(stored.instance);
    return `their next heartbeat is awaited: ${isAfterPause ? 'this server was paused' : 'a hold has just ended'}`;
  }

  status(appsMax: number): GuardStatus {
    const nowMs = this.#clock.monotonicMs();
    const counts = {
      members: this.size,
      expectedRenewalsPerMinute: this.#rates.expectedPerMinute,
      seenRenewalsPerMinute: this.#rates.ofLastMinute(nowMs),
      evictions: {
        perMinute: this.#budget.perMinute(this.size, nowMs),
        lastMinute: this.#budget.spent(nowMs),
        waiting: this.#room.size,
      },
    };
    return statusOf(this.#guard, this.#options, counts, appsMax);
  }

  onNews(listener: (news: GuardNews) => void): void {
    this.#guard.onNews(listener);
  }

  /** Looks at those whose time has come, in its order, so that whoever is late is known before a lease is judged. */
  #look(nowMs: number, looksMax: number): void {
    const ended: MutableRecord[] = [];
    for (let looks = 0; looks < looksMax; looks++) {
      const stored = this.#queue.first(nowMs);
      if (stored === undefined) break;
      if (stored.phase === 'gone') {
        this.#queue.delete(stored);
        this.#guard.forgotten(stored.instance);
        continue;
      }
      this.#lapsing.look(stored, nowMs);
      if (stored.phase === 'onTime' && lateAtMs(stored) <= nowMs) {
        this.#members.late(stored);
        stored.phase = 'late';
        if (stored.isMember) this.#guard.missed(stored.instance, replaceableMs(stored));
      }
      if (stored.deadlineMs > nowMs) this.#queue.set(stored, this.#lapsing.stageMs(stored));
      else {
        this.#queue.delete(stored);
        ended.push(stored);
      }
    }
    for (const stored of ended) {
      if (nowMs >= this.#ceilingAtMs(stored)) this.#overdue.add(stored);
      else if (!this.#isKept(stored, nowMs)) {
        this.#room.add(stored);
        this.#unmarked.push(stored);
      }
    }
  }

  /** Whether an instance past its lease is kept for a while; it is then marked, and looked at again after that. */
  #isKept(stored: MutableRecord, nowMs: number): boolean {
    const untilMs = this.#keptUntilMs(stored, nowMs);
    if (untilMs === undefined) return false;
    this.#mark(stored);
    this.#queue.set(stored, Math.min(untilMs, this.#ceilingAtMs(stored)));
    return true;
  }

  #keptUntilMs(stored: MutableRecord, nowMs: number): number | undefined {
    const patienceMs = lateAfterMs(stored.intervalMs, leaseMs(stored));
    if (this.#guard.holdFor(stored.instance) !== undefined) return nowMs + patienceMs;
    const graceFromMs = Math.max(this.#resumedMs(), this.#guard.releasedMs(stored.instance));
    const graceEndsMs = graceFromMs + patienceMs;
    return heardMs(stored) <= graceFromMs && nowMs < graceEndsMs ? graceEndsMs : undefined;
  }

  #mark(stored: MutableRecord): void {
    if (stored.phase !== 'suspect') {
      stored.phase = 'suspect';
      stored.isSuspect = true;
      this.#guard.suspected(stored.instance);
    }
    this.#lapsing.kept(stored);
  }

  #markWaiting(): void {
    if (this.#unmarked.length === 0) return;
    for (const stored of this.#unmarked) if (this.#room.has(stored)) this.#mark(stored);
    this.#unmarked = [];
  }

  #return(stored: MutableRecord, nowMs: number): void {
    this.#leaveWaiting(stored);
    const { isSuspect, isMember, phase } = stored;
    if (phase !== 'onTime') this.#members.returned(stored);
    stored.phase = 'onTime';
    stored.isSuspect = false;
    this.#lapsing.renewed(stored, nowMs);
    const lateAfter = lateAfterMs(stored.intervalMs, stored.deadlineMs - nowMs);
    this.#queue.set(stored, Math.min(nowMs + lateAfter, this.#lapsing.dueMs(stored)));
    if (phase !== 'onTime') this.#guard.found(stored.instance, isMember, isSuspect);
  }

  #leaveWaiting(stored: MutableRecord): void {
    this.#overdue.delete(stored);
    this.#room.delete(stored);
  }

  /** Whoever changes the lease changes the rhythm in proportion. */
  #rescale(stored: MutableRecord, leaseSeconds: number): void {
    const share = stored.intervalMs / leaseMs(stored);
    this.#rates.move(stored, Math.max(1, Math.round(share * leaseSeconds * 1000)));
  }

  #ceilingAtMs(stored: MutableRecord): number {
    return stored.deadlineMs + this.#options.guardCeilingSeconds * 1000;
  }

  #resumedMs(): number {
    return this.#clock.resumedMs?.() ?? Number.NEGATIVE_INFINITY;
  }
}
