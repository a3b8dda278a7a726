// `DELETE /apps/{env}/{appid}/{instance}`: the instance is gone from every answer when the reply is sent, and the reply
// says until when resolvers may still hold it. A deploy waits until then before it stops the process.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Instance } from '../registry/instance.ts';
import { instanceTag, isMatch } from './entity-tag.ts';
import { isoTime } from './instance-document.ts';
import { sendProblem } from './problem-details.ts';
import {
  actorOf,
  failedPrecondition,
  type InstanceParams,
  instanceKeyOf,
  unknownInstance,
  type WriteContext,
  whenDurable,
} from './write-context.ts';

/** Handles the call; a body is ignored. */
export function cancel(context: WriteContext, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { registry, log } = context;
  const key = instanceKeyOf(request.params as InstanceParams, 'cancel', reply);
  if (key === undefined) {
    log.count.cancel('invalid');
    return reply;
  }
  const before = registry.find(key);
  if (before !== undefined && !isMatch(request, instanceTag(before.revision))) {
    log.count.cancel('precondition');
    return sendProblem(reply, failedPrecondition(key, 'cancel', request, before.revision));
  }
  const outcome = registry.cancel(key, actorOf(request));
  log.count.cancel(outcome.kind);
  if (outcome.kind === 'unknown') return sendProblem(reply, unknownInstance(key, 'cancel'));
  const { env, appid, instance } = outcome.stored.instance;
  const { revision } = registry;
  const stopAt = isoTime(safeToStopAtMs(outcome.stored.instance, context.clock.wallMs()));
  log.decided('cancelled', request, key, revision);
  const document = { env, appid, instance, outcome: 'cancelled', revision, safeToStopAt: stopAt };
  return whenDurable(context, reply, () => reply.send(document));
}

/** Resolvers count a TTL in whole seconds from the one in which the answer came: Unbound holds up to one longer. */
const resolverGranularityMs = 1000;

/** Until when a resolver may hold an answer with this instance in it, given that none is handed out any more. */
function safeToStopAtMs(instance: Instance, wallMs: number): number {
  return instance.dnsTtl === 0 ? wallMs : wallMs + instance.dnsTtl * 1000 + resolverGranularityMs;
}
