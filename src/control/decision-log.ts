// What control decides, in one place: a line in the log and a count for the metrics. One info line a decision; renewals
// and repeated registrations, which a healthy fleet sends all day, at debug; reads log nothing.
// Values are bounded and printable: ids were checked when they were parsed, the rest goes through `printable`.

import type { Logger } from 'pino';
import type { Actor } from '../model/change.ts';
import type { HttpCounters } from '../model/http-counters.ts';
import type { InstanceKey } from '../model/names.ts';
import { printable } from '../model/problem.ts';

export type LoggedDecision =
  | 'registered'
  | 'replaced'
  | 'outdated'
  | 'patched'
  | 'drained'
  | 'resumed'
  | 'released'
  | 'cancelled';

export class DecisionLog {
  readonly count: HttpCounters;
  readonly logger: Logger;

  constructor(logger: Logger, counters: HttpCounters) {
    this.logger = logger;
    this.count = counters;
  }

  /** One line at info: who did what to which instance, and why if the caller gave a reason. */
  decided(decision: LoggedDecision, actor: Actor, key: InstanceKey, revision: number): void {
    if (!this.logger.isLevelEnabled('info')) return;
    const { reason } = actor;
    const what = decision === 'released' ? 'the hold of an instance that is not registered' : 'an instance';
    this.logger.info({ ...factsOf(decision, actor, key, revision), reason }, `${decision} ${what}`);
  }

  /** Whether `routine` logs anything: asked once by code that would call it a thousand times. */
  get logsRoutine(): boolean {
    return this.logger.isLevelEnabled('debug');
  }

  /** The same at debug, for what is routine. */
  routine(decision: 'renewed' | 'unchanged', actor: Actor, key: InstanceKey, revision: number): void {
    if (!this.logsRoutine) return;
    this.logger.debug(factsOf(decision, actor, key, revision), `${decision} an instance`);
  }

  /** Something that the operator has to act on. */
  refused(reason: string, actor: Actor, key: InstanceKey): void {
    const facts = factsOf('refused', actor, key, undefined);
    this.logger.warn({ ...facts, reason: printable(reason) }, 'refused an instance');
  }

  /** One line for all instances that one call has restored. */
  restored(actor: Actor, counts: Readonly<Record<'count' | 'skipped' | 'left', number>>): void {
    const line = { decision: 'restored', ...counts, ...nameOf(actor), remote: actor.address };
    this.logger.info(line, 'restored instances that had been removed');
  }

  /** One line for all instances of one call of an import. */
  imported(actor: Actor, counts: Readonly<Record<'count' | 'skipped', number>>): void {
    this.logger.info(
      { decision: 'imported', ...counts, ...nameOf(actor), remote: actor.address },
      'imported instances',
    );
  }

  notDurable(error: unknown): void {
    this.logger.error({ err: error }, 'a change could not be written down');
  }
}

/** Undefined members leave no trace in the log. */
function nameOf({ kind, principal }: Actor) {
  return {
    token: kind === 'token' ? principal : undefined,
    certificate: kind === 'certificate' ? principal : undefined,
    jwt: kind === 'jwt' ? principal : undefined,
  };
}

function factsOf(decision: string, actor: Actor, key: InstanceKey, revision: number | undefined) {
  return {
    decision,
    env: key.env,
    appid: printable(key.appid),
    instance: printable(key.instance),
    revision,
    ...nameOf(actor),
    remote: actor.address,
  };
}
