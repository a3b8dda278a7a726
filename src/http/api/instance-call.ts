// What `PATCH`, `DELETE` and `drain` of one instance read before they act, and refuse in the same order: the place in the
// path, the query, then `If-Match` with the ETag of the instance as it is.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { drainWaitMsMax } from '../../control/drain-waits.ts';
import type { InstanceRecord } from '../../model/instance-record.ts';
import type { InstanceKey } from '../../model/names.ts';
import { sendProblem } from '../server/problem-details.ts';
import { instanceTag, isMatch } from './entity-tag.ts';
import { instanceName } from './instance-document.ts';
import { QueryReader } from './query-reader.ts';
import { readReason } from './reason.ts';
import { failedPrecondition, type InstanceParams, instanceKeyOf, type WriteContext } from './write-context.ts';

interface InstanceCall {
  readonly key: InstanceKey;
  /** As it is; undefined: there is none. */
  readonly stored: InstanceRecord | undefined;
  readonly reason: string | undefined;
  /** Undefined where the call may not wait, or was not asked to. */
  readonly waitMs: number | undefined;
}

/** Undefined: refused, and counted so. `parameters`: those of the query that the call knows. */
export function readInstanceCall(
  { registry, log }: WriteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  verb: 'patch' | 'cancel' | 'drain',
  parameters: readonly ('wait' | 'reason')[],
): InstanceCall | undefined {
  const key = instanceKeyOf(request.params as InstanceParams, verb, reply);
  if (key === undefined) {
    log.count[verb]('invalid');
    return undefined;
  }
  const query = new QueryReader(request, parameters);
  const waitMs = parameters.includes('wait') ? query.durationMs('wait', drainWaitMsMax) : undefined;
  const reason = readReason(query);
  if (query.refused(reply, `Cannot ${verb} ${instanceName(key)}`)) {
    log.count[verb]('invalid');
    return undefined;
  }
  const stored = registry.find(key);
  if (stored !== undefined && !isMatch(request, instanceTag(stored.revision))) {
    log.count[verb]('precondition');
    sendProblem(reply, failedPrecondition(key, verb, request, stored.revision));
    return undefined;
  }
  return { key, stored, reason, waitMs };
}
