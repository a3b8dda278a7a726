// Sends the instances to the DNS threads, from the main thread: writes each into a row that all of them read, and posts the
// number of the row. Updates of one turn of the event loop go in one message, since a message costs what ten updates do; a
// caller that needs them sent at once calls `flush`. Otherwise they go when there are many, or when the turn ends.
// A thread that starts gets the pages as they are, then the rows of all instances, a slice a turn; changes that come in
// between overtake none of them.
// Limits: rows that are retired and not yet read by all are at most a quarter of the most instances that there were, or
// `retiredMax`; with more, a thread is not following, and is to be ended (threaded-plane.ts).

import type { Change, LeaseState } from '../../model/change.ts';
import type { Instance } from '../../model/instance.ts';
import type { TableMemory, TablePage } from './instance-rows.ts';
import { InstanceWriter } from './instance-writer.ts';
import type { MessageContent } from './thread-message.ts';
import { openLease, type ReplicaInstance, type ReplicaLease, UpdateList } from './update.ts';

/** So many updates go at once, whatever else happens: a thread applies them in pieces (inbox.ts). */
const maxDefault = 1024;
/** Some ten megabytes. */
const retiredMax = 262_144;

export interface FeedDeps {
  /** Posts to all threads; the number of the message. */
  post(content: MessageContent): number;
  /** Whether every thread that reads has applied the message of this number. */
  isRead(sequence: number): boolean;
  /** Why the guard keeps a suspect. */
  whySuspect(leased: ReplicaInstance): string;
  /** So many updates go at once; undefined: as above. */
  readonly max?: number;
  /** Undefined: as above. */
  retiredMax?(): number | undefined;
}

export class InstanceFeed {
  readonly #deps: FeedDeps;
  readonly #max: number;
  readonly #writer = new InstanceWriter((page) => this.#pages.push(page));
  readonly #updates = new UpdateList();
  /** Not posted yet, as the updates. */
  #pages: TablePage[] = [];
  /** Rows that no message after the next one names. */
  #retiring: number[] = [];
  #isFlushDue = false;
  /** The most instances that there were. */
  #peak = 0;

  constructor(deps: FeedDeps) {
    this.#deps = deps;
    this.#max = deps.max ?? maxDefault;
  }

  get isEmpty(): boolean {
    return this.#updates.length === 0 && this.#pages.length === 0;
  }

  /** More rows are retired than a thread may be behind. */
  get isOverdue(): boolean {
    if (!this.#hasTooMany()) return false;
    // A thread that kept them may have ended meanwhile.
    this.#free();
    return this.#hasTooMany();
  }

  #hasTooMany(): boolean {
    const { size, retired } = this.#writer;
    this.#peak = Math.max(this.#peak, size);
    return size + retired > this.#peak + Math.max(this.#peak >> 2, this.#deps.retiredMax?.() ?? retiredMax);
  }

  /** Rows in use, and rows that a thread may still read. */
  get rows(): { readonly used: number; readonly retired: number } {
    return { used: this.#writer.size, retired: this.#writer.retired };
  }

  /** The pages, for a thread that is started now: later ones are posted. */
  get memory(): TableMemory {
    this.flush();
    return this.#writer.memory;
  }

  /** A change listener. */
  apply({ revision, before, after, lease }: Change): void {
    if (after === undefined) {
      this.#remove(before, revision);
      return;
    }
    const { row, replaced } = this.#writer.put(after, before !== undefined);
    this.#updates.push('put', row, revision, stateOf(lease));
    this.#pushed(replaced);
  }

  /** Nothing but its lease is another. One whose lease had ended is answered with again. */
  updateLease(leased: ReplicaInstance): void {
    const known = this.#writer.find(leased.instance);
    const lease = this.#leaseOf(leased);
    if (known >= 0) this.#updates.push('lease', known, 0, lease);
    else this.#updates.push('put', this.#writer.put(leased.instance, false).row, 0, lease);
    this.#pushed(-1);
  }

  /** Their leases have ended: nothing is answered with them any more. The changes by which they leave come later. */
  endLeases(ended: Iterable<ReplicaInstance>, revision: number): void {
    for (const { instance } of ended) this.#remove(instance, revision);
  }

  flush(): void {
    this.#free();
    if (this.isEmpty) return;
    const [pages, retiring] = [this.#pages, this.#retiring];
    this.#pages = [];
    this.#retiring = [];
    const sequence = this.#deps.post({ kind: 'updates', pages, ...this.#updates.take() });
    this.#writer.retire(retiring, sequence);
  }

  /**
   * Messages with all instances, for a thread that is started: between two of them changes may be made and posted. `max`:
   * instances in one.
   */
  *all(instances: Iterable<ReplicaInstance>, revision: () => number, max = this.#max): Generator<MessageContent> {
    const updates = new UpdateList();
    for (const leased of instances) {
      // What the registry had before this feed was there has no row yet.
      const known = this.#writer.find(leased.instance);
      const row = known < 0 ? this.#writer.put(leased.instance).row : known;
      updates.push('put', row, revision(), this.#leaseOf(leased));
      if (updates.length < max) continue;
      // First the pages, and what was made of these instances since the last time.
      this.flush();
      yield { kind: 'updates', pages: [], ...updates.take() };
    }
    this.flush();
    if (updates.length > 0) yield { kind: 'updates', pages: [], ...updates.take() };
  }

  #remove(instance: Instance, revision: number): void {
    const row = this.#writer.remove(instance);
    if (row < 0) this.#updates.pushRevision(revision);
    else this.#updates.push('remove', row, revision);
    this.#pushed(row);
  }

  #free(): void {
    this.#writer.free((sequence) => this.#deps.isRead(sequence));
  }

  #leaseOf(leased: ReplicaInstance): ReplicaLease {
    const { deadlineMs, isNearExpiry, isSuspect } = leased;
    if (!isNearExpiry && !isSuspect) return openLease;
    const suspectReason = isSuspect ? this.#deps.whySuspect(leased) : '';
    return stateOf({ deadlineMs, isNearExpiry, isSuspect, suspectReason });
  }

  /** `retiring`: a row that is not wanted after it; -1: none. */
  #pushed(retiring: number): void {
    if (retiring >= 0) this.#retiring.push(retiring);
    if (this.#updates.length >= this.#max) this.flush();
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      this.flush();
    });
  }
}

function stateOf(lease: LeaseState | undefined): ReplicaLease {
  if (lease === undefined) return openLease;
  const { deadlineMs, isNearExpiry, isSuspect, suspectReason } = lease;
  if (!isNearExpiry && !isSuspect) return openLease;
  return {
    deadlineMs: isNearExpiry ? deadlineMs : Number.POSITIVE_INFINITY,
    why: isSuspect ? suspectReason : undefined,
  };
}
