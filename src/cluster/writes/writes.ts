// Makes decisions true in the cluster: a change is written to etcd by compare-and-swap, and its outcome is given when the
// change has come back by this node's own watch, with its number. A swap that is lost has the command decided anew against
// what is there now. While this node is cut off from etcd, cut-writes.ts has the word.
// Limits: `attemptsMax` decisions a command; a commit is waited for as long as the publisher tries, and again while this
// node still counts as joined.

import type { Actor, NewChange } from '../../model/change.ts';
import type { Command, OutcomeOf } from '../../model/command.ts';
import type { ChangeGroup, Decision } from '../../model/decision.ts';
import type { Refused } from '../../model/submit.ts';
import { isFault } from '../engine.ts';
import { holdPath, instancePath } from '../records/keys.ts';
import type { RegistryPort } from '../registry-port.ts';
import type { ClusterReplica } from '../replica/replica.ts';
import type { Publisher, SwapResult } from './publisher.ts';
import { type PlacedSwap, type SwapPlan, type SwapStamps, swapOf } from './swap-plan.ts';
import type { TombstoneLeases } from './tombstone-leases.ts';

const attemptsMax = 5;

type Moment = ChangeGroup['at'];
export type NoQuorum = Extract<Refused, { readonly kind: 'no-quorum' }>;
/** Whether an operation may be accepted without etcd, and what comes of it. */
export type WithoutEtcd = <C extends Command>(
  actor: Actor,
  command: C,
  operation: string,
  reason: string,
) => Promise<OutcomeOf<C> | NoQuorum>;

export interface WritesDeps {
  readonly me: string;
  readonly prefix: string;
  readonly registry: RegistryPort;
  readonly replica: ClusterReplica;
  readonly publisher: Publisher;
  readonly tombstones: Pick<TombstoneLeases, 'next'>;
  readonly now: () => Moment;
  /** Of a write that is accepted now. */
  readonly stamp: () => number;
  /** Unique to each write of each run of each node. */
  readonly operation: () => string;
  /** Why nothing can be written at present; undefined: it can. */
  readonly trouble: () => string | undefined;
  /** A registration without a difference counts as a renewal. */
  readonly heard: (path: string) => void;
  /** While nothing can be written. */
  readonly withoutEtcd: WithoutEtcd;
  /** How long the own watch is waited for. */
  readonly watchWaitMs: number;
}

export class Writes {
  readonly #deps: WritesDeps;

  constructor(deps: WritesDeps) {
    this.#deps = deps;
  }

  /** A committer: see control/committer.ts. */
  commit<C extends Command>(
    actor: Actor,
    command: C,
    decision: Decision<OutcomeOf<C>>,
    now: Moment,
  ): OutcomeOf<C> | NoQuorum | Promise<OutcomeOf<C> | NoQuorum> {
    const { trouble, withoutEtcd, operation } = this.#deps;
    if (decision.kind !== 'changes') return this.#settle(decision, now);
    const reason = trouble();
    if (reason !== undefined) return withoutEtcd(actor, command, operation(), reason);
    return this.#write(actor, command, decision, operation());
  }

  /** A write that another node forwards, or that was accepted without etcd: decided here, under the id that it has. */
  commitAs<C extends Command>(
    actor: Actor,
    command: C,
    operation: string,
    hlc: number,
  ): Promise<OutcomeOf<C> | NoQuorum> {
    const decision = this.#deps.registry.decide(command, actor, this.#deps.now());
    return this.#write(actor, command, decision, operation, hlc);
  }

  /** The swap that makes a change; `more`: what else has to hold. */
  async swapOf(change: NewChange, plan: SwapPlan): Promise<PlacedSwap | NoQuorum> {
    const lease = change.after === undefined ? await this.#deps.tombstones.next() : undefined;
    if (lease !== undefined && isFault(lease)) return { kind: 'no-quorum', reason: lease.detail, isUnknown: false };
    const { me, prefix, replica, stamp } = this.#deps;
    const stamps: SwapStamps = { me, prefix, hlc: plan.hlc ?? stamp(), lease: lease?.lease, made: replica.own };
    const { env, appid, instance } = change.after ?? change.before;
    return swapOf(change, replica.known(instancePath({ env, appid, instance })), plan, stamps);
  }

  /** A hold of an instance that is not registered is lifted, at all nodes. */
  releaseHold(path: string): void {
    const writes = [{ key: this.#deps.prefix + path }];
    void this.#deps.publisher.move({ conditions: [], writes, reads: [], isOwn: () => false });
  }

  #settle<O>(decision: Exclude<Decision<O>, { readonly kind: 'changes' }>, now: Moment): O {
    if (decision.kind === 'refused') return decision.outcome;
    const { registry, heard } = this.#deps;
    if (decision.renewal !== undefined && registry.reregister(decision.renewal, now))
      heard(instancePath(decision.renewal.key));
    if (decision.release !== undefined) {
      registry.releaseHold(decision.release);
      this.releaseHold(holdPath(decision.release));
    }
    return decision.outcome;
  }

  async #write<C extends Command>(
    actor: Actor,
    command: C,
    first: Decision<OutcomeOf<C>>,
    id: string,
    hlc?: number,
  ): Promise<OutcomeOf<C> | NoQuorum> {
    const { registry, now } = this.#deps;
    let decision = first;
    const isDirtyGiven = command.kind === 'register' && command.dirtyAtMs !== undefined;
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      if (decision.kind !== 'changes') return this.#settle(decision, now());
      const [change] = decision.changes;
      if (change === undefined) return decision.outcome();
      const swap = await this.swapOf(change, { operation: id, isDirtyGiven, hlc });
      if ('kind' in swap) return swap;
      const result = await this.#commit(swap);
      if (isFault(result)) return this.#failed(actor, command, id, result);
      const { outcome } = decision;
      const isWon = result.verdict.verdict !== 'lost';
      const found = await this.#applied(result.revision, () => (isWon ? this.#read(command, outcome) : undefined));
      if (found === 'not applied') return { kind: 'no-quorum', reason: 'its watch is late', isUnknown: isWon };
      if (found !== undefined) return found;
      decision = registry.decide(command, actor, now());
    }
    return { kind: 'no-quorum', reason: `others changed it ${attemptsMax} times meanwhile`, isUnknown: false };
  }

  /** Tried until there is a reply, or this node is cut off; it finds that out within a session. */
  async #commit(swap: PlacedSwap): Promise<SwapResult> {
    const { publisher, trouble, now, watchWaitMs } = this.#deps;
    const endsMs = now().monotonicMs + watchWaitMs;
    for (;;) {
      const result = await publisher.change(swap);
      const isOver = !isFault(result) || result.fault !== 'unavailable';
      if (isOver || trouble() !== undefined || now().monotonicMs >= endsMs) return result;
    }
  }

  /** The same id again: it is never applied twice. */
  #failed<C extends Command>(
    actor: Actor,
    command: C,
    id: string,
    fault: Extract<SwapResult, { readonly fault: string }>,
  ): NoQuorum | Promise<OutcomeOf<C> | NoQuorum> {
    const refused = refusalOf(fault);
    return this.#deps.trouble() === undefined
      ? refused
      : this.#deps
          .withoutEtcd(actor, command, id, fault.detail)
          .then((outcome) =>
            outcome.kind === 'no-quorum' ? { ...outcome, isUnknown: outcome.isUnknown || refused.isUnknown } : outcome,
          );
  }

  /** To be called in the turn in which the change was applied: later ones may have removed what it is about. */
  #read<C extends Command>(command: C, outcome: () => OutcomeOf<C>): OutcomeOf<C> | NoQuorum {
    const isGone = command.kind !== 'cancel' && this.#deps.registry.find(command.key) === undefined;
    if (isGone) return { kind: 'no-quorum', reason: 'it was removed meanwhile', isUnknown: true };
    return { ...outcome(), replicated: true };
  }

  #applied<T>(revision: number, then: () => T): Promise<T | 'not applied'> {
    const { promise, resolve } = Promise.withResolvers<T | 'not applied'>();
    const timer = setTimeout(() => {
      leave();
      resolve('not applied');
    }, this.#deps.watchWaitMs);
    const leave = this.#deps.replica.whenApplied(revision, () => {
      clearTimeout(timer);
      resolve(then());
    });
    return promise;
  }
}

function refusalOf(fault: Extract<SwapResult, { readonly fault: string }>): NoQuorum {
  const isUnknown = fault.fault === 'unavailable' && fault.sent;
  return { kind: 'no-quorum', reason: fault.detail, isUnknown };
}
