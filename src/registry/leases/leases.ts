// Leases: when each instance is due, and what becomes of it at the end of its lease. It is on time, late (silent for
// longer than its own rhythm explains), suspect (past its lease, and kept), or gone (just evicted: still a loss). At the end
// of its lease it is evicted at once, unless this process was paused or a hold of the guard has just ended (it gets the
// time of one more heartbeat), the guard holds its app or the registry (guard.ts), or the evictions of this minute are
// used up (eviction-budget.ts). `guardCeilingSeconds` later it is evicted whatever else holds. A suspect is due again after
// every interval of its own. One entry an instance, in the queue or among the pending evictions.

import type { GuardEvent, GuardStatus, GuardView } from '../../model/guard-status.ts';
import type { Instance } from '../../model/instance.ts';
import type { AskOthers, Losses } from '../../model/losses.ts';
import type { RemoteMark } from '../../model/remote-mark.ts';
import type { Clock } from '../../runtime/clock.ts';
import { LeaseQueue } from '../../runtime/deadline-heap.ts';
import { Guard } from '../guard/guard.ts';
import type { ScopePresence } from '../guard/scope.ts';
import { statusOf } from '../guard/status.ts';
import { heardMs, lateAtMs, leaseMs, type MutableRecord, replaceableMs } from '../mutable-record.ts';
import { type GuardOptions, guardDefaults } from '../options.ts';
import { DueEvictions } from './due-evictions.ts';
import { EndedLeases } from './ended-leases.ts';
import { firstIntervalMs, isUnexpected, lateAfterMs, learnedIntervalMs } from './heartbeat.ts';
import { MemberCounts } from './member-counts.ts';
import { NearExpiry } from './near-expiry.ts';
import { RenewalRates } from './renewal-rates.ts';
import { termOf } from './term.ts';

export interface LeasesDeps {
  readonly clock: Clock;
  readonly guard?: Partial<GuardOptions> | undefined;
  /** In [0, 1): who is evicted when not all may be. */
  readonly random?: (() => number) | undefined;
  readonly onNearExpiry?: ((stored: MutableRecord) => void) | undefined;
  readonly nearExpiryNoticeMs?: number | undefined;
  readonly app: (env: string, appid: string) => ScopePresence | undefined;
  readonly elsewhere?: AskOthers | undefined;
}

/** An evicted instance is a loss for one of its intervals, and no longer than this. */
const goneMsMax = 60_000;
/** A decided eviction that the cluster has not applied is decided again after this. */
const retryMs = 1000;
/** An end that another node reports again is the same one, however long the report was on its way. */
const sameEndMs = 500;
/** Of a slice of evictions: looking at a lease is cheaper than evicting one. */
const looksPerEviction = 4;

export class Leases implements GuardView {
  readonly #clock: Clock;
  readonly #options: GuardOptions;
  readonly #queue = new LeaseQueue<MutableRecord>();
  readonly #due: DueEvictions;
  /** Decided, and not evicted yet. */
  readonly toEvict = new EndedLeases();
  readonly #rates = new RenewalRates();
  #size = 0;
  readonly #members: MemberCounts;
  readonly #guard: Guard;
  readonly #nearExpiry: NearExpiry;

  constructor(deps: LeasesDeps) {
    this.#clock = deps.clock;
    this.#options = { ...guardDefaults, ...deps.guard };
    this.#nearExpiry = new NearExpiry(deps.onNearExpiry, deps.nearExpiryNoticeMs);
    this.#due = new DueEvictions(this.#options.evictionPercentPerMinute, deps.random ?? (() => 0.5));
    this.#members = new MemberCounts(deps.app);
    const { guardPercent: percent } = this.#options;
    this.#guard = new Guard({
      clock: deps.clock,
      percent,
      registry: this.#members.registry,
      app: deps.app,
      elsewhere: deps.elsewhere,
    });
  }

  get size(): number {
    return this.#size;
  }

  /** An instance is there, and its term begins now. `isNew`: it joins, and was not there before a restart. */
  start(stored: MutableRecord, nowMs: number, isNew: boolean, isConnected = isNew): void {
    this.#size++;
    if (stored.isRemote) stored.deadlineMs = Number.POSITIVE_INFINITY;
    if (isUnbounded(stored)) return;
    if (termOf(stored.instance) === 'connection' && isConnected) {
      stored.deadlineMs = Number.POSITIVE_INFINITY;
      stored.isHeard = true;
    } else this.#run(stored, nowMs);
    this.#members.follow(stored, isNew ? nowMs : undefined, this.#guard);
  }

  /** Its deadline is queued from now on. */
  #run(stored: MutableRecord, nowMs: number): void {
    stored.intervalMs = firstIntervalMs(leaseMs(stored) / 1000);
    this.#rates.expect(stored.intervalMs);
    this.#nearExpiry.set(stored, nowMs);
    this.#queue.set(stored, this.#nearExpiry.stageMs(stored));
  }

  /** The instance was heard: its lease of now `leaseSeconds` runs from here. Hot: it mostly ends with the first step. */
  heard(stored: MutableRecord, nowMs: number, leaseSeconds = stored.instance.leaseSeconds): void {
    if (isUnbounded(stored)) return;
    const term = termOf(stored.instance);
    if (term === 'lapsed') return;
    if (term === 'connection') {
      this.#reconnected(stored, nowMs);
      return;
    }
    const gapMs = nowMs - heardMs(stored);
    stored.deadlineMs = nowMs + leaseSeconds * 1000;
    this.#rates.seen(nowMs);
    if (stored.shortenedMs !== 0) stored.shortenedMs = 0;
    if (isUnexpected(gapMs, stored.intervalMs)) {
      this.#rates.move(stored, learnedIntervalMs(stored.intervalMs, gapMs, leaseMs(stored)));
    }
    if (leaseSeconds !== stored.instance.leaseSeconds) this.#rescale(stored, leaseSeconds);
    if (stored.phase !== 'onTime' || stored.isNearExpiry) this.#return(stored, nowMs);
    if (!stored.isHeard) this.#members.identify(stored, true, stored.client);
  }

  /** The connection that keeps the instance has closed: it is given the grace. */
  disconnected(stored: MutableRecord, nowMs: number): void {
    if (termOf(stored.instance) !== 'connection' || !isUnbounded(stored) || stored.isRemote) return;
    stored.deadlineMs = nowMs + leaseMs(stored);
    this.#run(stored, nowMs);
  }

  #reconnected(stored: MutableRecord, nowMs: number): void {
    stored.deadlineMs = Number.POSITIVE_INFINITY;
    if (stored.phase !== 'onTime' || stored.isNearExpiry) this.#return(stored, nowMs);
    this.#rates.expectNoMore(stored.intervalMs);
    this.#queue.delete(stored);
  }

  /** A client registered the instance; to be called once it is started or replaced. */
  identify(stored: MutableRecord, client: number): void {
    if (client !== stored.client && !stored.isRemote) this.#members.identify(stored, stored.isHeard, client);
  }

  /** Puts the instance with other content into the record. `isRenewal`: it was heard by it. */
  replace(stored: MutableRecord, after: Instance, nowMs: number, isRenewal: boolean): void {
    if (stored.isRemote) {
      stored.instance = after;
      return;
    }
    if (termOf(stored.instance) === termOf(after)) {
      const { leaseSeconds } = after;
      if (isRenewal) this.heard(stored, nowMs, leaseSeconds);
      else if (termOf(after) === 'lease') this.#patched(stored, nowMs, leaseSeconds);
      stored.instance = after;
      if (!isUnbounded(stored) || termOf(after) === 'connection') this.#moved(stored, nowMs);
      return;
    }
    this.ended(stored, nowMs, false);
    stored.instance = after;
    stored.deadlineMs = nowMs + leaseMs(stored);
    stored.shortenedMs = 0;
    this.start(stored, nowMs, false, isRenewal);
  }

  /** A patch gives the instance, silent as it is, a lease of `leaseSeconds`: longer, or shorter from now. */
  #patched(stored: MutableRecord, nowMs: number, leaseSeconds: number): void {
    const wasHeardMs = heardMs(stored);
    const movedMs = (leaseSeconds - stored.instance.leaseSeconds) * 1000;
    stored.deadlineMs = Math.min(stored.deadlineMs + Math.max(movedMs, 0), nowMs + leaseSeconds * 1000);
    stored.shortenedMs = Math.max(0, Math.round(stored.deadlineMs - leaseSeconds * 1000 - wasHeardMs));
    if (movedMs !== 0) this.#rescale(stored, leaseSeconds);
  }

  /** It may take traffic now, or no longer, and may be due earlier. */
  #moved(stored: MutableRecord, nowMs: number): void {
    this.#members.follow(stored, nowMs, this.#guard);
    if (isUnbounded(stored)) return;
    if (stored.deadlineMs > nowMs) {
      this.toEvict.delete(stored);
      if (stored.phase === 'suspect') {
        this.#due.delete(stored);
        stored.phase = 'late';
        stored.isSuspect = false;
        this.#guard.trusted(stored.instance);
      }
    }
    this.#nearExpiry.set(stored, nowMs);
    const isQueued = stored.phase !== 'suspect' && !this.#due.has(stored) && !this.toEvict.has(stored);
    if (isQueued) this.#queue.set(stored, this.#nearExpiry.stageMs(stored));
  }

  /** The instance has left, or its term has changed. `isEvicted`: for its silence. */
  ended(stored: MutableRecord, nowMs: number, isEvicted: boolean): void {
    const { isSuspect, isMember, isHeard } = stored;
    this.#size--;
    if (isUnbounded(stored)) {
      this.#members.drop(stored, this.#guard);
      return;
    }
    this.#rates.expectNoMore(stored.intervalMs);
    this.#queue.delete(stored);
    if (!this.toEvict.delete(stored)) this.#due.delete(stored);
    const isLoss = isEvicted && isMember && isHeard && !this.#guard.isOff && nowMs < this.#ceilingAtMs(stored);
    stored.isSuspect = false;
    if (isLoss) {
      this.#members.evicted(stored);
      stored.phase = 'gone';
      this.#guard.lost(stored, isSuspect);
      this.#queue.set(stored, nowMs + Math.min(stored.intervalMs, goneMsMax));
      return;
    }
    this.#members.drop(stored, this.#guard);
    stored.phase = 'onTime';
    if (isSuspect) this.#guard.found(stored, false, true);
  }

  /** Another node runs its lease from now on; or this one does, and the lease begins here. */
  setRemote(stored: MutableRecord, isRemote: boolean, nowMs: number): void {
    if (stored.isRemote === isRemote) return;
    this.ended(stored, nowMs, false);
    stored.isRemote = isRemote;
    stored.isNearExpiry = false;
    stored.shortenedMs = 0;
    stored.deadlineMs = nowMs + leaseMs(stored);
    this.start(stored, nowMs, false);
    this.#nearExpiry.held(stored);
  }

  /** What the node that runs its lease reports of it. Precondition: it is remote. */
  markRemote(stored: MutableRecord, mark: RemoteMark): void {
    const isSuspect = mark === 'suspect';
    const endsMs = typeof mark === 'object' ? mark.endsMs : Number.POSITIVE_INFINITY;
    const isNearExpiry = Number.isFinite(endsMs);
    const isSame = stored.isSuspect === isSuspect && stored.isNearExpiry === isNearExpiry;
    if (isSame && (!isNearExpiry || Math.abs(stored.deadlineMs - endsMs) < sameEndMs)) return;
    stored.isSuspect = isSuspect;
    stored.isNearExpiry = isNearExpiry;
    stored.deadlineMs = endsMs;
    this.#nearExpiry.held(stored);
  }

  /** The instances to evict now. Each is due again after `retryMs`, unless it has `ended` or was heard by then. */
  takeExpired(nowMs: number, limit: number): MutableRecord[] {
    const taken = this.#decide(nowMs, limit * looksPerEviction, limit);
    for (const stored of taken) this.#queue.set(stored, nowMs + retryMs);
    return taken;
  }

  /**
   * The same in two steps, so that the end of very many shows before any of them is evicted: decides, after so many looks at
   * most. One that is heard before its eviction stays.
   */
  endDue(nowMs: number, looksMax: number): readonly MutableRecord[] {
    const taken = this.#decide(nowMs, looksMax, Number.POSITIVE_INFINITY);
    for (const stored of taken) this.toEvict.add(stored, nowMs);
    return taken;
  }

  /** Monotonic milliseconds before which there is nothing to decide; undefined without instances. */
  nextMs(): number | undefined {
    const queuedMs = this.#queue.earliestMs();
    const dueMs = this.#due.nextMs(this.#clock.monotonicMs(), this.#sizeAfter);
    return queuedMs === undefined || dueMs === undefined ? (queuedMs ?? dueMs) : Math.min(queuedMs, dueMs);
  }

  /** Why a suspect is kept, in words. */
  whyKept(stored: MutableRecord): string {
    const guard = this.#guard;
    const scope = guard.heldScope(stored.instance);
    if (scope !== undefined) return guard.reasonOf(scope);
    if (this.#due.isPending(stored)) {
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
      evictions: this.#due.counts(nowMs, this.size),
    };
    return statusOf(this.#guard, this.#options, counts, appsMax);
  }

  /** Of other nodes: see Guard.review. */
  review(): void {
    this.#guard.review();
  }

  losses(limit: number): Losses {
    return this.#guard.losses(limit);
  }

  onEvent(listener: (event: GuardEvent) => void): void {
    this.#guard.onEvent(listener);
  }

  /** Those that are left once all that are decided have been evicted. */
  get #sizeAfter(): number {
    return this.size - this.toEvict.size;
  }

  #decide(nowMs: number, looksMax: number, limit: number): MutableRecord[] {
    const fresh = this.#look(nowMs, looksMax);
    const size = this.#sizeAfter;
    const taken = this.#due.take({ nowMs, size, limit, fresh }, (stored) => this.#isKept(stored, nowMs));
    for (const stored of this.#due.takeUnmarked(nowMs, size - taken.length)) this.#mark(stored);
    return taken;
  }

  /**
   * Looks at those that are due, in order of time, so that late ones are known before an ended lease is judged. Those that
   * nothing keeps but the number of evictions.
   */
  #look(nowMs: number, looksMax: number): MutableRecord[] {
    const ended: MutableRecord[] = [];
    for (let looks = 0; looks < looksMax; looks++) {
      const stored = this.#queue.first(nowMs);
      if (stored === undefined) break;
      if (stored.phase === 'gone') {
        this.#queue.delete(stored);
        this.#guard.forgotten(stored);
        continue;
      }
      this.#nearExpiry.look(stored, nowMs);
      if (stored.phase === 'onTime' && lateAtMs(stored) <= nowMs) {
        this.#members.late(stored);
        stored.phase = 'late';
        if (stored.isMember) this.#guard.missed(stored, replaceableMs(stored));
      }
      if (stored.deadlineMs > nowMs) this.#queue.set(stored, this.#nearExpiry.stageMs(stored));
      else {
        this.#queue.delete(stored);
        ended.push(stored);
      }
    }
    return ended.filter((stored) => {
      if (nowMs < this.#ceilingAtMs(stored)) return !this.#isKept(stored, nowMs);
      this.#due.addOverdue(stored);
      return false;
    });
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
    this.#nearExpiry.held(stored);
  }

  #return(stored: MutableRecord, nowMs: number): void {
    if (!this.toEvict.delete(stored)) this.#due.delete(stored);
    const { isSuspect, isMember, phase } = stored;
    if (phase !== 'onTime') this.#members.returned(stored);
    stored.phase = 'onTime';
    stored.isSuspect = false;
    this.#nearExpiry.renewed(stored, nowMs);
    const lateAfter = lateAfterMs(stored.intervalMs, stored.deadlineMs - nowMs);
    this.#queue.set(stored, Math.min(nowMs + lateAfter, this.#nearExpiry.dueMs(stored)));
    if (phase !== 'onTime') this.#guard.found(stored, isMember, isSuspect);
  }

  /** Another lease changes the rhythm in proportion. */
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

/** No deadline runs. */
function isUnbounded({ deadlineMs }: MutableRecord): boolean {
  return deadlineMs === Number.POSITIVE_INFINITY;
}
