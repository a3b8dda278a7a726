// The watchers of one query that have everything so far. A change is kept here until its turn, then encoded once and
// written to all of them, several changes in one piece where they come faster than that. A watcher that cannot take it
// leaves the channel and reads on from the change log at its own pace, so none waits for another.
// A change that concerns none of them, by their filters, is not kept: thousands of narrow filters cost no memory in a storm.
// Limits: `pendingMax` changes; above it all members read on from the log.

import type { Change } from '../../model/change.ts';
import { bearingOf, type WatchQuery } from './watch-query.ts';

/** A watcher as its channel knows it. */
export interface Subscription {
  /** It has everything up to this revision. */
  readonly position: number;
  /** Writes `events` events and moves the position; a member that cannot take more leaves the channel. */
  send(chunk: Buffer, position: number, events: number): void;
  /** Leaves the channel and reads on from the log; it has everything up to `sentTo`, if not more. */
  fallBehind(sentTo: number): void;
}

export interface ChannelDeps {
  /** The event of a change without its id. */
  readonly textOf: (change: Change, bearing: 'matches' | 'left') => string;
  /** The id of the event with this revision. */
  readonly idOf: (revision: number) => string;
  /** Asks for `step` to be called. */
  readonly wake: (channel: Channel) => void;
}

/** Changes encoded, and members written to, in one piece of work: about a millisecond. */
const encodedMax = 64;
const membersMax = 32;
/** What one write carries; a single change may be larger. */
const chunkOctetsMax = 64 * 1024;
/** A burst that a turn cannot carry off; beyond it the log is the queue. */
const pendingMax = 10_000;
/** So many that were taken are let go together. */
const takenMax = 1024;

interface Pending {
  readonly change: Change;
  readonly bearing: 'matches' | 'left';
}

interface Job {
  readonly chunk: Buffer;
  readonly events: number;
  /** The least position of members that do not have it, and the position of those that do. */
  readonly after: number;
  readonly position: number;
  readonly members: Iterator<Subscription>;
}

export class Channel {
  readonly query: WatchQuery;
  readonly #deps: ChannelDeps;
  readonly #live = new Set<Subscription>();
  /** A member that joined while changes were pending has those up to its position: no job may cross it. */
  #barriers: number[] = [];
  #pending: Pending[] = [];
  #taken = 0;
  #job: Job | undefined;
  #isWoken = false;
  /** All watchers of the query, those that are behind as well; kept by the one that keeps the channels. */
  watchers = 0;

  constructor(query: WatchQuery, deps: ChannelDeps) {
    this.query = query;
    this.#deps = deps;
  }

  /** Nothing is pending: live members have everything. */
  get isIdle(): boolean {
    return this.#job === undefined && this.#pending.length === 0;
  }

  /** A change of an app that the query names. */
  changed(change: Change): void {
    if (this.#live.size === 0) return;
    const bearing = bearingOf(this.query, change);
    if (bearing === undefined) return;
    this.#pending.push({ change, bearing });
    if (this.#pending.length - this.#taken > pendingMax) this.#overflow();
    else if (!this.#isWoken) {
      this.#isWoken = true;
      this.#deps.wake(this);
    }
  }

  /** Adds a member that has everything up to the present revision, which is its position. */
  join(member: Subscription): void {
    this.#live.add(member);
    if (!this.isIdle && this.#barriers.at(-1) !== member.position) this.#barriers.push(member.position);
  }

  leave(member: Subscription): void {
    this.#live.delete(member);
    if (this.#live.size === 0) this.#clear();
  }

  /** Does a piece of work; true: there is more. */
  step(): boolean {
    this.#job ??= this.#nextJob();
    if (this.#job !== undefined && !this.#write(this.#job)) this.#job = undefined;
    this.#isWoken = !this.isIdle;
    return this.#isWoken;
  }

  /** The next changes to write; undefined after the last one, or at a barrier. */
  #nextJob(): Job | undefined {
    const barrier = this.#barriers[0] ?? Number.POSITIVE_INFINITY;
    let text = '';
    let events = 0;
    let position = 0;
    const after = this.#pending.length === 0 ? 0 : this.#before(this.#taken);
    const end = Math.min(this.#pending.length, this.#taken + encodedMax);
    while (this.#taken < end && text.length < chunkOctetsMax) {
      const { change, bearing } = this.#pending[this.#taken] as Pending;
      if (change.revision > barrier) break;
      this.#taken++;
      position = change.revision;
      text += `id: ${this.#deps.idOf(change.revision)}\n${this.#deps.textOf(change, bearing)}`;
      events++;
    }
    const next = this.#pending[this.#taken];
    if (next === undefined) this.#clear();
    else if (next.change.revision > barrier) this.#barriers.shift();
    if (this.#taken >= takenMax) {
      this.#pending.splice(0, this.#taken);
      this.#taken = 0;
    }
    if (events === 0) return undefined;
    return { chunk: Buffer.from(text), events, after, position, members: this.#live.values() };
  }

  /** Writes to some members; true: to others as well, later. */
  #write({ chunk, events, position, members }: Job): boolean {
    for (let count = 0; count < membersMax; count++) {
      const { value: member, done } = members.next();
      if (done === true) return false;
      if (member.position < position) member.send(chunk, position, events);
    }
    return true;
  }

  #overflow(): void {
    const sentTo = this.#job?.after ?? this.#before(this.#taken);
    for (const member of this.#live) member.fallBehind(sentTo);
  }

  /** The revision before a pending change: what lies between two pending ones concerns no member. */
  #before(place: number): number {
    return (this.#pending[place] as Pending).change.revision - 1;
  }

  #clear(): void {
    this.#pending = [];
    this.#taken = 0;
    this.#barriers = [];
  }
}
