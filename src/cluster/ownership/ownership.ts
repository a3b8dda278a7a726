// Who runs the lease of each instance, as one node sees it: a state machine without I/O and without a clock. An instance
// is this node's own, a remote node's, or the orphan of a dead one. Renewals are never written: a node that hears another
// one's instance forwards it to the owner. No instance is removed on one node's word: before a lease ends the peers are asked, and the
// removal is a compare-and-swap that fails if anything has changed. It is right to remove late and wrong to remove early.
// Limits: one view for each instance, one swap in flight for each view.

import { InstanceView } from './instance-view.ts';
import { LeaseEnds } from './lease-ends.ts';
import { NodeEvents } from './node-events.ts';
import type { Intent, OwnedRecord, OwnershipEvent, RemovedWhy } from './ownership-events.ts';
import { type OwnershipOptions, OwnershipState } from './ownership-state.ts';

/**
 * A peer reports how long ago it was, so the same hearing comes out a little later each time that it is forwarded: by the way of
 * the message, and by clocks of different speed. Without this a lease would be asked for again and again, and never end.
 * A call to a peer takes no longer, and two renewals of one client lie further apart.
 */
const sameHearingMs = 500;

export class Ownership {
  readonly #state: OwnershipState;
  readonly #ends: LeaseEnds;
  readonly #nodes: NodeEvents;
  /** Leases about to end that a peer had heard. */
  spared = 0;

  constructor(options: OwnershipOptions) {
    this.#state = new OwnershipState(options);
    this.#ends = new LeaseEnds(this.#state);
    this.#nodes = new NodeEvents(this.#state, this.#ends);
  }

  /** What follows from an event, in this order. */
  handle(event: OwnershipEvent, nowMs: number): readonly Intent[] {
    this.#state.intents = [];
    this.#handle(event, nowMs);
    return this.#state.intents;
  }

  /** Before then a tick has nothing to do; undefined: there is nothing to wait for. */
  nextTickMs(): number | undefined {
    return this.#ends.nextMs();
  }

  stateOf(key: string): 'own' | 'remote' | 'orphan' | undefined {
    return this.#state.views.get(key)?.state;
  }

  /**
   * The hot case of a renewal here: a node that lives runs its lease, and is to be notified; its name. Undefined, and nothing
   * has been noted: it is any other renewal, for `handle`.
   */
  remoteHeard(key: string, nowMs: number): string | undefined {
    const view = this.#state.views.get(key);
    if (view?.state !== 'remote' || view.flight !== undefined || !this.#state.isJoined) return undefined;
    view.heardMs = Math.max(view.heardMs, nowMs);
    return view.record.owner;
  }

  /** When it was last heard here, or forwarded to this node; for the peers that ask. */
  heardMs(key: string): number | undefined {
    const heardMs = this.#state.views.get(key)?.heardMs;
    return heardMs === Number.NEGATIVE_INFINITY ? undefined : heardMs;
  }

  /** Whether it was heard here, or forwarded to this node, within its lease. */
  isHeard(key: string, nowMs: number): boolean {
    return this.#state.views.get(key)?.isHeard(nowMs) === true;
  }

  /** When the lease that this node runs ends. */
  deadlineMs(key: string): number | undefined {
    return this.#state.views.get(key)?.deadlineMs;
  }

  /** What is left of the leases that this node runs as their owner. */
  *ownLeftMs(nowMs: number): Generator<readonly [key: string, leftMs: number]> {
    for (const { key, state, deadlineMs } of this.#state.views.values())
      if (state === 'own' && deadlineMs !== Number.POSITIVE_INFINITY) yield [key, Math.max(0, deadlineMs - nowMs)];
  }

  /** Of a node's orphans, those whose lease has ended. */
  endedOrphans(node: string, nowMs: number): number {
    let ended = 0;
    for (const { record, state, deadlineMs } of this.#state.views.values())
      if (state === 'orphan' && record.owner === node && deadlineMs <= nowMs) ended++;
    return ended;
  }

  counts(): { readonly own: number; readonly orphans: number } {
    let [own, orphans] = [0, 0];
    for (const { state } of this.#state.views.values()) {
      if (state === 'own') own++;
      if (state === 'orphan') orphans++;
    }
    return { own, orphans };
  }

  /** For the peers that ask whether it is known. */
  ownerOf(key: string): string | undefined {
    return this.#state.views.get(key)?.record.owner;
  }

  #handle(event: OwnershipEvent, nowMs: number): void {
    switch (event.kind) {
      case 'record':
        this.#record(event.key, event.record, event.isRegistration, nowMs);
        break;
      case 'removed':
        this.#removed(event.key, event.why, event.operation, nowMs);
        break;
      case 'renewal':
        this.#renewal(event.key, nowMs);
        break;
      case 'forwarded':
        this.#forwarded(event.key, event.heardMs, nowMs);
        break;
      case 'heard-answer':
        this.#heardAnswer(event.key, event.owner, event.isUncertain, nowMs);
        break;
      case 'lately-answer':
        this.#latelyAnswer(event.key, event.heardMs, event.isComplete, nowMs);
        break;
      case 'not-forwarded':
      case 'not-relayed':
        this.#notForwarded(event.key, event.owner, event.kind, nowMs);
        break;
      case 'swapped':
        this.#swapped(event, nowMs);
        break;
      case 'claimed': {
        const view = this.#state.views.get(event.key);
        if (view !== undefined && view.state !== 'own') this.#state.takeOver(view);
        break;
      }
      case 'hold-ended':
        this.#holdEnded(event.key);
        break;
      case 'rebased':
        for (const view of this.#state.views.values()) {
          view.record = { ...view.record, modRevision: 0 };
          view.flight = undefined;
        }
        break;
      case 'tick':
        this.#ends.tick(nowMs);
        break;
      default:
        this.#nodes.handle(event, nowMs);
    }
  }

  #record(key: string, record: OwnedRecord, isRegistration: boolean, nowMs: number): void {
    const known = this.#state.views.get(key);
    if (known === undefined) {
      const view = new InstanceView(key, record, nowMs);
      this.#state.views.set(key, view);
      this.#enter(view, nowMs);
      return;
    }
    if (record.modRevision <= known.record.modRevision) return;
    const before = known.record;
    known.record = record;
    // A return has come to its end with whatever record there is now.
    if (known.flight?.id === record.operation || known.flight?.change === 'return') known.flight = undefined;
    if (before.owner !== record.owner) known.ownerSinceMs = nowMs;
    if (before.owner === record.owner && known.state === 'own') {
      const isOther = before.leaseMs !== record.leaseMs || before.deadline !== record.deadline;
      if (isRegistration || isOther) this.#restart(known, nowMs);
      else this.#ends.schedule(known, nowMs);
    } else this.#enter(known, nowMs);
  }

  /** A view begins, or its owner has changed. */
  #enter(view: InstanceView, nowMs: number): void {
    const { owner } = view.record;
    if (owner === this.#state.options.me) {
      // Whole, whatever was heard: a new owner evicts no instance before it has listened for a lease.
      view.state = 'own';
      this.#restart(view, nowMs);
      return;
    }
    view.state = this.#state.dead.has(owner) ? 'orphan' : 'remote';
    this.#state.setSuspect(view, false);
    if (view.state === 'orphan') {
      // A node that becomes an owner lives, whatever was thought of it: two nodes that take each other for dead must not
      // take an instance from each other for ever.
      this.#state.proofs.set(owner, nowMs);
      this.#nodes.orphaned(view, undefined, nowMs);
      return;
    }
    this.#ends.drop(view);
    // What was heard before the owner changed is the new owner's to know.
    if (view.isHeard(nowMs)) this.#state.intents.push({ kind: 'forward', owner, key: view.key, heardMs: view.heardMs });
  }

  #restart(view: InstanceView, nowMs: number): void {
    view.ask = 'no';
    view.deadlineMs = nowMs + view.spanMs;
    this.#state.setSuspect(view, false);
    this.#ends.schedule(view, nowMs);
  }

  #removed(key: string, why: RemovedWhy, operation: string, nowMs: number): void {
    const view = this.#state.views.get(key);
    if (view === undefined) return;
    const { flight } = view;
    const isMine = flight?.change === 'evict' && flight.id === operation;
    const isWrong = isMine ? flight.isHeard : why !== 'cancelled' && view.isHeard(nowMs);
    view.flight = undefined;
    this.#ends.drop(view);
    if (isWrong) this.#state.swap(view, 'return', 'absent');
    else this.#state.views.delete(key);
  }

  #renewal(key: string, nowMs: number): void {
    const view = this.#state.views.get(key);
    const { intents, isJoined } = this.#state;
    if (view === undefined) {
      intents.push({ kind: 'ask-heard', key });
      return;
    }
    this.#hear(view, nowMs, nowMs);
    if (view.state === 'remote') intents.push({ kind: 'forward', owner: view.record.owner, key, heardMs: nowMs });
    if (!isJoined) intents.push({ kind: 'forward-joined', key, heardMs: nowMs });
    intents.push({ kind: 'reply', key, reply: 'renewed' });
  }

  /** Of another's instance it is kept: if its owner dies, this node takes over. */
  #forwarded(key: string, heardMs: number, nowMs: number): void {
    const view = this.#state.views.get(key);
    if (view !== undefined) this.#hear(view, heardMs, nowMs);
  }

  #hear(view: InstanceView, heardMs: number, nowMs: number): void {
    if (heardMs <= view.heardMs) return;
    view.heardMs = heardMs;
    if (view.flight?.change === 'evict' || view.flight?.change === 'lapse') {
      view.flight.isHeard = true;
      this.#state.intents.push({ kind: 'withdraw', id: view.flight.id });
    }
    if (view.state === 'own') this.#ownHeard(view, nowMs);
    else if (view.state === 'orphan' && view.isHeard(nowMs)) this.#state.takeOver(view);
  }

  #ownHeard(view: InstanceView, nowMs: number): void {
    if (view.record.deadline === 'second') {
      if (this.#state.isJoined) this.#state.swap(view, 'revive');
      return;
    }
    const deadlineMs = view.heardMs + view.record.leaseMs;
    if (deadlineMs <= view.deadlineMs) return;
    const isAnother = deadlineMs - view.deadlineMs > sameHearingMs;
    view.deadlineMs = deadlineMs;
    if (!isAnother) return;
    view.ask = 'no';
    this.#state.setSuspect(view, false);
    // A place in the queue may be early, so it is not moved for a renewal.
    if (view.heapIndex < 0) this.#ends.schedule(view, nowMs);
  }

  #heardAnswer(key: string, owner: string | undefined, isUncertain: boolean, nowMs: number): void {
    // The watch may have brought it meanwhile.
    if (this.#state.views.has(key)) {
      this.#renewal(key, nowMs);
      return;
    }
    const { intents, options } = this.#state;
    if (owner !== undefined && owner !== options.me) intents.push({ kind: 'forward', owner, key, heardMs: nowMs });
    const reply = owner !== undefined ? 'renewed' : isUncertain ? 'unavailable' : 'unknown';
    intents.push({ kind: 'reply', key, reply });
  }

  #latelyAnswer(key: string, heardMs: number | undefined, isComplete: boolean, nowMs: number): void {
    const view = this.#state.views.get(key);
    if (view === undefined || view.ask !== 'asking') return;
    this.#ends.answered(view, isComplete, nowMs);
    if (heardMs === undefined) return;
    const { deadlineMs } = view;
    this.#hear(view, heardMs, nowMs);
    if (view.deadlineMs > deadlineMs) this.spared++;
  }

  /** The owner lives but cannot be reached from here: at most one change of owner within one lease. */
  #notForwarded(key: string, owner: string, kind: 'not-forwarded' | 'not-relayed', nowMs: number): void {
    const view = this.#state.views.get(key);
    if (view?.state !== 'remote' || view.record.owner !== owner || !view.isHeard(nowMs)) return;
    if (kind === 'not-forwarded') this.#state.intents.push({ kind: 'relay', owner, key, heardMs: view.heardMs });
    else if (nowMs - view.ownerSinceMs >= view.record.leaseMs) this.#state.takeOver(view);
  }

  #swapped({ key, id, verdict }: OwnershipEvent & { kind: 'swapped' }, nowMs: number): void {
    const view = this.#state.views.get(key);
    // A change that was won comes by the watch, in its place among the others.
    if (view?.flight?.id !== id || verdict === 'won') return;
    const { change } = view.flight;
    view.flight = undefined;
    if (verdict === 'failed') {
      if (change === 'return' && view.isHeard(nowMs)) this.#state.swap(view, 'return', 'absent');
      else if (change === 'return') this.#state.views.delete(key);
      else this.#ends.retry(view, nowMs);
    } else if ('absent' in verdict.found) this.#removed(key, verdict.found.absent, '', nowMs);
    else if (verdict.found.modRevision > view.record.modRevision) this.#record(key, verdict.found, false, nowMs);
    else this.#ends.retry(view, nowMs);
  }

  #holdEnded(key: string): void {
    const view = this.#state.views.get(key);
    if (view !== undefined && this.#state.isJoined && this.#state.runs(view)) this.#state.swap(view, 'end-hold');
  }
}
