// Every write of every front: (principal, actor, command) -> outcome. In this order, once and here alone: may the caller
// do it, is the registry recovered; the registry decides; can the store write what it decided; the decision is
// committed, counted and logged; and the outcome is given back when the change is on the disk and in the answers of DNS.
// What would change something while the store cannot write is refused before it is applied, so that nothing is in the
// answers that a restart would forget; a registration that moves nothing but its lease goes on, since many clients renew
// in that way.

import type { Actor } from '../model/change.ts';
import type { Command, OutcomeOf } from '../model/command.ts';
import type { InstanceRecord } from '../model/instance-record.ts';
import { type Principal, principalText, type Right } from '../model/principal.ts';
import { printable } from '../model/problem.ts';
import type { Refused, Submit } from '../model/submit.ts';
import type { Registry } from '../registry/registry.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Committer } from './committer.ts';
import type { DecisionLog, LoggedDecision as Logged } from './decision-log.ts';
import type { Quotas } from './quotas.ts';
import type { RefusalReason, RefusedCalls } from './refused-calls.ts';
import type { Visible } from './visible.ts';

/** What the node can do at present. */
export interface Availability {
  /** False: the instances of the last run are not all back. */
  readonly isRecovered: () => boolean;
  /** Why changes cannot be written down at present; undefined: they can. */
  readonly storeTrouble: () => string | undefined;
  /** Why this node cannot know what the others of its cluster have; undefined: it does. */
  readonly clusterTrouble?: () => string | undefined;
  /** What an operator should put right, while everything goes on. */
  readonly clusterWarnings?: () => readonly string[];
}

export interface CommandsDeps {
  readonly registry: Pick<Registry, 'decide' | 'revision'>;
  readonly committer: Committer;
  readonly clock: Clock;
  readonly log: DecisionLog;
  readonly availability: Availability;
  /** Settles once all changes so far are on the disk. */
  readonly durable: () => Promise<void>;
  readonly visible: Visible;
  readonly quotas: Quotas;
  readonly refusedCalls: RefusedCalls;
}

export class Commands {
  readonly #deps: CommandsDeps;

  constructor(deps: CommandsDeps) {
    this.#deps = deps;
  }

  readonly submit: Submit = async (principal, actor, command) => {
    const performed = this.perform(principal, actor, command);
    const outcome = performed instanceof Promise ? await performed : performed;
    if (isRefused(outcome)) return outcome;
    const noted = this.#noted(actor, command, outcome);
    return (await this.settled()) ?? noted;
  };

  /**
   * For many commands of one call, which counts and logs them together: each is in force when this returns, and to be
   * answered for after one `settled`.
   */
  perform<C extends Command>(
    principal: Principal,
    actor: Actor,
    asked: C,
  ): OutcomeOf<C> | Refused | Promise<OutcomeOf<C> | Refused> {
    const { registry, committer, clock, quotas } = this.#deps;
    const command = withEntry(principal, asked);
    const refused = this.#notAdmitted(principal, actor, command);
    if (refused !== undefined) return refused;
    const now = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
    const decision = registry.decide(command, actor, now);
    const failing = decision.kind === 'changes' ? this.writeRefusal(principal) : undefined;
    if (failing !== undefined) return failing;
    const outcome = committer.commit(actor, command, decision, now);
    if (!(outcome instanceof Promise) || decision.kind !== 'changes') return outcome;
    return command.kind === 'register' ? outcome.finally(quotas.reserve(principal)) : outcome;
  }

  /** Why nothing can be changed at present; counted. */
  writeRefusal(principal: Principal): Refused | undefined {
    const reason = isOwn(principal) ? undefined : this.#deps.availability.storeTrouble();
    if (reason === undefined) return undefined;
    this.#deps.log.count.refused('store');
    return { kind: 'store-failing', reason };
  }

  /** Settles when all that was carried out is on the disk and in the answers of DNS. */
  async settled(): Promise<Refused | undefined> {
    const { durable, visible, log } = this.#deps;
    try {
      await durable();
    } catch (error) {
      log.notDurable(error);
      return { kind: 'not-durable' };
    }
    await visible();
    return undefined;
  }

  /** A front could not read the request for such a command. */
  malformed(kind: Exclude<Command['kind'], 'judge'>): void {
    this.#count(kind, 'invalid');
  }

  #notAdmitted(principal: Principal, actor: Actor, command: Command): Refused | undefined {
    const { env, appid, instance } = command.key;
    const right = rightFor(command);
    if (!principal.may(right, env, appid, instance)) return this.#forbidden(principal, actor, command, right);
    if (!isOwn(principal) && !this.#deps.availability.isRecovered()) return { kind: 'not-ready' };
    const quota = command.kind === 'register' ? this.#deps.quotas.exceededBy(principal, command.key) : undefined;
    if (quota === undefined) return undefined;
    this.#note('quota', principal, actor, command, quota.entry);
    this.#deps.log.count.refused('quota');
    return { kind: 'quota', ...quota };
  }

  #forbidden(principal: Principal, actor: Actor, command: Command, right: Right): Refused {
    const { env, appid } = command.key;
    this.#note('right', principal, actor, command, right);
    this.#deps.log.count.refused('right');
    return { kind: 'forbidden', right, who: principalText(principal), where: `${printable(env)}/${printable(appid)}` };
  }

  #note(
    reason: RefusalReason,
    principal: Principal,
    { address, front }: Actor,
    { kind, key: { env, appid } }: Command,
    missing: string,
  ): void {
    const what = `${kind} by ${front}`;
    this.#deps.refusedCalls.note({
      reason,
      who: principalText(principal),
      address,
      what,
      missing,
      where: `${env}/${appid}`,
    });
  }

  #noted<C extends Command>(actor: Actor, command: C, outcome: OutcomeOf<C>): OutcomeOf<C> {
    const { kind, key } = command;
    if (kind === 'judge') return outcome;
    this.#count(kind, outcome.kind);
    const { log } = this.#deps;
    if (outcome.kind === 'full') {
      log.count.refused(outcome.what);
      log.refused(outcome.problem.message, actor, key);
    }
    if (outcome.kind === 'released') log.decided('released', actor, key, this.#deps.registry.revision);
    if (!('stored' in outcome) || outcome.stored === undefined) return outcome;
    const revision = 'revision' in outcome ? outcome.revision : outcome.stored.revision;
    const logged = logWords[`${kind} ${outcome.kind}`];
    if (logged !== undefined) log.decided(logged, actor, key, revision);
    else if (kind === 'register' && outcome.kind === 'unchanged') log.routine('unchanged', actor, key, revision);
    return { ...outcome, stored: asItIsNow(outcome.stored) };
  }

  #count(command: Exclude<Command['kind'], 'judge'>, outcome: string): void {
    const { count } = this.#deps.log;
    count[counters[command]]((outcome === 'precondition-failed' ? 'precondition' : outcome) as never);
  }
}

/** A registration counts for the entry of its caller. */
function withEntry<C extends Command>({ quota }: Principal, command: C): C {
  return quota === undefined || command.kind !== 'register' ? command : { ...command, quotaEntry: quota.entry };
}

const refusals: readonly string[] = ['forbidden', 'quota', 'not-ready', 'store-failing', 'no-quorum', 'not-durable'];

function isRefused(outcome: { readonly kind: string }): outcome is Refused {
  return refusals.includes(outcome.kind);
}

/** Files and checks: what they find holds whether or not it can be written down, since the next start finds it again. */
function isOwn({ kind }: Principal): boolean {
  return kind === 'file' || kind === 'system';
}

/** A hold, and its end, overrule what the registrant wants. */
function rightFor(command: Command): Right {
  if (command.kind === 'up' || command.kind === 'judge') return 'operate';
  return command.kind === 'drain' && command.holdUntilMs !== undefined ? 'operate' : 'register';
}

const counters = { register: 'registration', patch: 'patch', cancel: 'cancel', drain: 'drain', up: 'drain' } as const;

const logWords: Readonly<Record<string, Logged>> = {
  'register created': 'registered',
  'register replaced': 'replaced',
  'register outdated': 'outdated',
  'patch patched': 'patched',
  'drain drained': 'drained',
  'up resumed': 'resumed',
  'cancel cancelled': 'cancelled',
};

/** The registry's own record moves on while the disk is waited for. */
function asItIsNow(stored: InstanceRecord): InstanceRecord {
  const { instance, deadlineMs, isSuspect, isNearExpiry, revision } = stored;
  const { registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs } = stored;
  const times = { registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs };
  return { instance, deadlineMs, isSuspect, isNearExpiry, revision, ...times };
}
