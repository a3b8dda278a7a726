// The ends of the leases that this node runs: its own, and as executor those of dead nodes' orphans. A second before a
// lease ends the peers are asked whether they have heard the instance; a peer that lives and does not answer delays the
// end by half a lease at most. Nothing ends while this node is cut from etcd, without a proven session, or while the guard
// refuses. Places in the queue may be early, never late.

import { LeaseQueue } from '../../runtime/deadline-heap.ts';
import type { InstanceView } from './instance-view.ts';
import type { OwnershipState } from './ownership-state.ts';

/** Before the lease ends: time for the peers to answer, twice. */
const askAheadMs = 1000;
/** An older answer is not evidence about now. */
const answerValidMs = 2000;
/** Until what could not be done is tried again. */
const againMs = 1000;

export class LeaseEnds {
  readonly #state: OwnershipState;
  readonly #queue = new LeaseQueue<InstanceView>();

  constructor(state: OwnershipState) {
    this.#state = state;
  }

  nextMs(): number | undefined {
    return this.#queue.earliestMs();
  }

  drop(view: InstanceView): void {
    this.#queue.delete(view);
  }

  /** To be called whenever its deadline, its state or the answer has changed. */
  schedule(view: InstanceView, notBeforeMs: number): void {
    if (!this.#state.runs(view) || view.flight?.change === 'return') {
      this.#queue.delete(view);
    } else if (view.spanMs === Number.POSITIVE_INFINITY) {
      // What is not renewed has no deadline; of a dead node's the executor becomes the owner, and runs its checks.
      this.#queue.delete(view);
      if (view.state === 'orphan' && this.#state.options.isLeft?.(view.key) !== true) this.#state.takeOver(view);
    } else this.#queue.set(view, Math.max(view.lookAtMs(askAheadMs), notBeforeMs));
  }

  /** The swap has failed: not at once again. */
  retry(view: InstanceView, nowMs: number): void {
    this.schedule(view, nowMs + againMs);
  }

  answered(view: InstanceView, isComplete: boolean, nowMs: number): void {
    view.ask = isComplete ? 'clear' : 'unclear';
    view.answeredMs = nowMs;
    this.schedule(view, nowMs);
  }

  tick(nowMs: number): void {
    for (let view = this.#queue.first(nowMs); view !== undefined; view = this.#queue.first(nowMs)) {
      const againAtMs = this.#state.isJoined ? this.#look(view, nowMs) : nowMs + againMs;
      if (this.#state.runs(view)) this.#queue.set(view, Math.max(againAtMs, nowMs + 1));
      else this.#queue.delete(view);
    }
  }

  /** When it is to be looked at next. */
  #look(view: InstanceView, nowMs: number): number {
    const { deadlineMs } = view;
    if (nowMs < deadlineMs - askAheadMs) return deadlineMs - askAheadMs;
    if (view.ask === 'no' || (view.ask !== 'asking' && nowMs - view.answeredMs > answerValidMs)) {
      view.ask = 'asking';
      view.answeredMs = nowMs;
      this.#state.intents.push({ kind: 'ask-lately', key: view.key });
    }
    if (nowMs < deadlineMs) return deadlineMs;
    this.#state.setSuspect(view, true);
    if (view.ask === 'asking') {
      if (nowMs - view.answeredMs <= answerValidMs) return nowMs + againMs / 4;
      // No answer at all counts as one that is not complete.
      view.ask = 'unclear';
      view.answeredMs = nowMs;
    }
    // Asked again meanwhile: who could not answer before may have heard it.
    const delayedMs = deadlineMs + view.record.leaseMs / 2;
    if (view.ask === 'unclear' && nowMs < delayedMs) return Math.min(delayedMs, view.answeredMs + answerValidMs);
    this.#end(view, nowMs);
    return nowMs + againMs;
  }

  #end(view: InstanceView, nowMs: number): void {
    const { provenUntilMs, options } = this.#state;
    const { atEnd, deadline, owner } = view.record;
    if (view.flight !== undefined || nowMs >= provenUntilMs || !options.mayEvict(view.key, owner, nowMs)) return;
    this.#state.swap(view, atEnd === 'waiting' && deadline === 'first' ? 'lapse' : 'evict');
  }
}
