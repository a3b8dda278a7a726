// What the API decided, said once: a line in the log and a count for the metrics. One info line a decision; renewals
// and repeated registrations, which a healthy fleet sends all day, at debug; reads say nothing.
// Values are bounded and printable: ids were checked at the door, the rest goes through `shown`.

import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { InstanceKey } from '../model/names.ts';
import { shown } from '../model/problem.ts';
import type { DrainOutcome, PatchOutcome, RegisterOutcome } from '../registry/registry.ts';

export type RegistrationVerdict = RegisterOutcome['kind'] | 'precondition';
export type PatchVerdict = PatchOutcome['kind'] | 'precondition';
export type CancelVerdict = 'cancelled' | 'unknown' | 'invalid' | 'precondition';
export type DrainVerdict = DrainOutcome['kind'] | 'precondition';
export type RenewalVerdict = 'renewed' | 'unknown' | 'invalid';

/** Which limit a caller ran into. */
export type Refusal =
  | 'overload'
  | 'overload-renewal'
  | 'client-rate'
  | 'connections'
  | 'client-connections'
  | 'unsent-replies'
  | 'long-polls'
  | 'watchers'
  | 'body'
  | 'instances'
  | 'instances-per-app'
  | 'apps'
  | 'store';

/** What calls are told apart by, where their time is measured: a fleet renews all the time and must do so at once. */
export type CallKind = 'renewal' | 'write' | 'read';

/** Where counts go. Called once a request, also on the hot path: must only add. */
export interface HttpCounters {
  registration(verdict: RegistrationVerdict): void;
  /** `count`: 1 by default. */
  renewal(verdict: RenewalVerdict, count?: number): void;
  patch(verdict: PatchVerdict): void;
  cancel(verdict: CancelVerdict): void;
  drain(verdict: DrainVerdict): void;
  refused(what: Refusal): void;
  /** A call that did not wait by its own wish. */
  took(kind: CallKind, seconds: number): void;
  /** A connection was taken (1), or is closed (-1). */
  connected(difference: 1 | -1): void;
  /** Octets of replies that the kernel has not taken: more, or fewer. */
  unsent(difference: number): void;
  /** `route` is a template such as `/api/v1/apps`, or `unmatched`. */
  request(method: string, route: string, status: number): void;
}

export type Decision = 'registered' | 'replaced' | 'outdated' | 'patched' | 'drained' | 'cancelled';

export class DecisionLog {
  readonly count: HttpCounters;
  readonly #logger: Logger;

  constructor(logger: Logger, counters: HttpCounters) {
    this.#logger = logger;
    this.count = counters;
  }

  /** One line at info: who did what to whom, and why if the caller has said so. */
  decided(decision: Decision, request: FastifyRequest, key: InstanceKey, revision: number, reason?: string): void {
    if (!this.#logger.isLevelEnabled('info')) return;
    this.#logger.info({ ...this.#who(decision, request, key, revision), reason }, `${decision} an instance`);
  }

  /** Whether `routine` says anything: to be asked once by who would call it a thousand times. */
  get saysRoutine(): boolean {
    return this.#logger.isLevelEnabled('debug');
  }

  /** The same at debug, for what is routine. */
  routine(decision: 'renewed' | 'unchanged', request: FastifyRequest, key: InstanceKey, revision: number): void {
    if (!this.saysRoutine) return;
    this.#logger.debug(this.#who(decision, request, key, revision), `${decision} an instance`);
  }

  /** Something that the operator has to act on. */
  refused(reason: string, request: FastifyRequest, key: InstanceKey): void {
    this.#logger.warn(
      { ...this.#who('refused', request, key, undefined), reason: shown(reason) },
      'refused an instance',
    );
  }

  /** One line for all that one call has put back. */
  restoreRemoved(
    request: FastifyRequest,
    { count, skipped, left }: Readonly<Record<'count' | 'skipped' | 'left', number>>,
  ): void {
    const token = request.tokenName === '' ? undefined : request.tokenName;
    const line = { decision: 'put back', count, skipped, left, token, remote: request.ip };
    this.#logger.info(line, 'put back instances that had been removed');
  }

  notDurable(error: unknown): void {
    this.#logger.error({ err: error }, 'a change could not be written down');
  }

  #who(decision: string, request: FastifyRequest, key: InstanceKey, revision: number | undefined) {
    return {
      decision,
      env: key.env,
      appid: shown(key.appid),
      instance: shown(key.instance),
      revision,
      token: request.tokenName === '' ? undefined : request.tokenName,
      remote: request.ip,
    };
  }
}
