// Makes decisions true in the cluster: a change is written to etcd by compare-and-swap, and its outcome is given when the
// change has come back by this node's own watch, with its number. A swap that is lost has the command decided anew against
// what is there now. Nothing is written, and nothing waits, while this node is cut off from etcd.
// Limits: `attemptsMax` decisions a command; a commit is waited for as long as the publisher tries.

import type { Actor, NewChange } from '../model/change.ts';
import type { Command, OutcomeOf } from '../model/command.ts';
import type { ChangeGroup, Decision } from '../model/decision.ts';
import type { Refused } from '../model/submit.ts';
import { type Condition, type Entry, isFault, type Swap, type Write } from './engine.ts';
import { instancePath, labelPath, tombstonePath } from './keys.ts';
import type { Publisher, SwapResult } from './publisher.ts';
import { operationOf, recordText } from './record.ts';
import { recordOf, tombstoneOf } from './record-mapping.ts';
import type { RegistryPort } from './registry-port.ts';
import type { Replica } from './replica.ts';
import { tombstoneText } from './tombstone.ts';
import type { TombstoneLeases } from './tombstone-leases.ts';

const attemptsMax = 5;

type Moment = ChangeGroup['at'];
type NoQuorum = Extract<Refused, { readonly kind: 'no-quorum' }>;

export interface WritesDeps {
  readonly me: string;
  readonly prefix: string;
  readonly registry: RegistryPort;
  readonly replica: Replica;
  readonly publisher: Publisher;
  readonly tombstones: Pick<TombstoneLeases, 'next'>;
  readonly now: () => Moment;
  /** Of a write that is accepted now. */
  readonly stamp: () => number;
  /** Unique to each write of each run of each node. */
  readonly operation: () => string;
  /** Why nothing can be written at present; undefined: it can. */
  readonly trouble: () => string | undefined;
  /** A registration that says what is there was heard. */
  readonly heard: (path: string) => void;
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
    if (decision.kind !== 'changes') return this.#settle(decision, now);
    const reason = this.#deps.trouble();
    if (reason !== undefined) return { kind: 'no-quorum', reason, isUnknown: false };
    return this.#write(actor, command, decision);
  }

  /** The swap that makes a change; `more`: what else has to hold. */
  async swapOf(
    change: NewChange,
    operation: string,
    { isDirtyGiven = false, more = [] }: { isDirtyGiven?: boolean; more?: readonly Condition[] } = {},
  ): Promise<Swap | NoQuorum> {
    const { me, prefix, replica, stamp, tombstones } = this.#deps;
    const { env, appid, instance, label } = change.after ?? change.before;
    const path = instancePath({ env, appid, instance });
    const [key, grave] = [prefix + path, prefix + tombstonePath({ env, appid, instance })];
    const labelKey = prefix + labelPath(env, appid, label);
    const known = replica.known(path);
    const at: Condition = { key, is: 'at', modRevision: known?.modRevision ?? 0 };
    const written = { node: me, operation, hlc: stamp() };
    const rest = { reads: [key, grave], isOwn: (found: readonly Entry[]) => isWrittenBy(found, operation) };
    if (change.after === undefined) {
      const lease = await tombstones.next();
      if (isFault(lease)) return { kind: 'no-quorum', reason: lease.detail, isUnknown: false };
      const tombstone: Write = { key: grave, value: bytes(tombstoneText(tombstoneOf(change, written))), ...lease };
      return { conditions: [at, ...more], writes: [tombstone, { key }, { key: labelKey }], ...rest };
    }
    const value = bytes(recordText(recordOf(change, known, written, isDirtyGiven)));
    if (change.kind !== 'registered') return { conditions: [at, ...more], writes: [{ key, value }], ...rest };
    const absent: Condition[] = [key, labelKey].map((one) => ({ key: one, is: 'absent' }));
    const writes = [
      { key, value },
      { key: labelKey, value: bytes(instance) },
    ];
    return { conditions: [...absent, ...more], writes, ...rest };
  }

  #settle<O>(decision: Exclude<Decision<O>, { readonly kind: 'changes' }>, now: Moment): O {
    if (decision.kind === 'refused') return decision.outcome;
    const { registry, heard } = this.#deps;
    if (decision.renewal !== undefined && registry.reregister(decision.renewal, now))
      heard(instancePath(decision.renewal.key));
    if (decision.release !== undefined) registry.releaseHold(decision.release);
    return decision.outcome;
  }

  async #write<C extends Command>(
    actor: Actor,
    command: C,
    first: Decision<OutcomeOf<C>>,
  ): Promise<OutcomeOf<C> | NoQuorum> {
    const { registry, publisher, operation, now } = this.#deps;
    let decision = first;
    const id = operation();
    const isDirtyGiven = command.kind === 'register' && command.dirtyAtMs !== undefined;
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      if (decision.kind !== 'changes') return this.#settle(decision, now());
      const [change] = decision.changes;
      if (change === undefined) return decision.outcome();
      const swap = await this.swapOf(change, id, { isDirtyGiven });
      if ('kind' in swap) return swap;
      const result = await publisher.change(swap);
      if (isFault(result)) return refusalOf(result);
      const { outcome } = decision;
      const isWon = result.verdict.verdict !== 'lost';
      const found = await this.#applied(result.revision, () => (isWon ? this.#read(command, outcome) : undefined));
      if (found === 'not applied') return { kind: 'no-quorum', reason: 'its watch is late', isUnknown: isWon };
      if (found !== undefined) return found;
      decision = registry.decide(command, actor, now());
    }
    return { kind: 'no-quorum', reason: `others changed it ${attemptsMax} times meanwhile`, isUnknown: false };
  }

  /** To be called in the turn in which the change was applied: later ones may have removed what it is about. */
  #read<C extends Command>(command: C, outcome: () => OutcomeOf<C>): OutcomeOf<C> | NoQuorum {
    const isGone = command.kind !== 'cancel' && this.#deps.registry.find(command.key) === undefined;
    return isGone ? { kind: 'no-quorum', reason: 'it was removed meanwhile', isUnknown: true } : outcome();
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

/** The id of a write that found itself done. */
export function isWrittenBy(found: readonly Entry[], operation: string): boolean {
  return found.some(({ value }) => operationOf(value) === operation);
}

function refusalOf(fault: Extract<SwapResult, { readonly fault: string }>): NoQuorum {
  const isUnknown = fault.fault === 'unavailable' && fault.sent;
  return { kind: 'no-quorum', reason: fault.detail, isUnknown };
}

const encoder = new TextEncoder();

function bytes(text: string): Uint8Array {
  return encoder.encode(text);
}
