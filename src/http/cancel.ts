// `DELETE /apps/{env}/{appid}/{instance}`: the instance is gone from every answer when the reply is sent, and the reply
// says until when resolvers may still hold it. A deploy waits until then before it stops the process, or has the call wait.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { DrainContext } from './drain.ts';
import { instanceTag, isMatch } from './entity-tag.ts';
import { instanceName } from './instance-document.ts';
import { sendProblem } from './problem-details.ts';
import { QueryReader } from './query-reader.ts';
import { readReason } from './reason.ts';
import { safeWaitMsMax } from './safe-stops.ts';
import {
  actorOf,
  failedPrecondition,
  type InstanceParams,
  instanceKeyOf,
  unknownInstance,
  whenDurable,
} from './write-context.ts';

/** Handles the call; a body is ignored. */
export function cancel(context: DrainContext, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { registry, log } = context;
  const key = instanceKeyOf(request.params as InstanceParams, 'cancel', reply);
  if (key === undefined) {
    log.count.cancel('invalid');
    return reply;
  }
  const query = new QueryReader(request, ['wait', 'reason']);
  const waitMs = query.durationMs('wait', safeWaitMsMax);
  const reason = readReason(query);
  if (query.refused(reply, `Cannot cancel ${instanceName(key)}`)) {
    log.count.cancel('invalid');
    return reply;
  }
  const before = registry.find(key);
  if (before !== undefined && !isMatch(request, instanceTag(before.revision))) {
    log.count.cancel('precondition');
    return sendProblem(reply, failedPrecondition(key, 'cancel', request, before.revision));
  }
  const outcome = registry.cancel(key, actorOf(request, reason));
  log.count.cancel(outcome.kind);
  if (outcome.kind === 'unknown') return sendProblem(reply, unknownInstance(key, 'cancel'));
  const { instance } = outcome.stored;
  const { revision } = registry;
  log.decided('cancelled', request, key, revision, reason);
  const document = {
    env: instance.env,
    appid: instance.appid,
    instance: instance.instance,
    outcome: 'cancelled',
    revision,
  };
  return whenDurable(context, reply, () => context.safeStops.answer(request, reply, instance, document, waitMs));
}
