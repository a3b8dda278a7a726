// What `PATCH`, `DELETE`, `drain` and `up` of one instance decode alike, and refuse in the same order: the place in the
// path, the query, the preconditions in the headers.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { drainWaitMsMax } from '../../control/drain-waits.ts';
import type { Actor } from '../../model/change.ts';
import type { Precondition } from '../../model/command.ts';
import type { InstanceKey } from '../../model/names.ts';
import { holdMsMax } from '../../model/status.ts';
import { actorOf } from '../auth/auth.ts';
import { instanceName } from '../documents/instance-document.ts';
import { type ApiContext, type InstanceParams, instanceKeyOf } from './api-context.ts';
import { preconditionOf } from './entity-tag.ts';
import { QueryReader } from './query-reader.ts';
import { readReason } from './reason.ts';

export interface InstanceCall {
  readonly key: InstanceKey;
  readonly precondition: Precondition | undefined;
  readonly actor: Actor;
  /** Undefined where the call may not wait, or was not asked to. */
  readonly waitMs: number | undefined;
  /** Undefined: no hold. */
  readonly holdMs: number | undefined;
}

/** Undefined: refused, and counted so. `verb`: as messages have it. `parameters`: those of the query that the call knows. */
export function readInstanceCall(
  { control, life }: Pick<ApiContext, 'control' | 'life'>,
  request: FastifyRequest,
  reply: FastifyReply,
  kind: 'patch' | 'cancel' | 'drain' | 'up',
  parameters: readonly ('wait' | 'hold' | 'reason')[],
): InstanceCall | undefined {
  const verb = kind === 'up' ? 'bring up' : kind;
  const key = instanceKeyOf(request.params as InstanceParams, verb, reply);
  if (key === undefined) {
    control.commands.malformed(kind);
    return undefined;
  }
  const query = new QueryReader(request, parameters);
  const waitMs = parameters.includes('wait') ? query.durationMs('wait', drainWaitMsMax) : undefined;
  const holdMs = parameters.includes('hold') ? query.durationMs('hold', holdMsMax) : undefined;
  const reason = readReason(query);
  if (query.refused(reply, `Cannot ${verb} ${instanceName(key)}`)) {
    control.commands.malformed(kind);
    return undefined;
  }
  const actor = actorOf(request, 'api', reason);
  return { key, precondition: preconditionOf(request, life), actor, waitMs, holdMs };
}
