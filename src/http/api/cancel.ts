// `DELETE /apps/{env}/{appid}/{instance}`: the instance is gone from every answer when the reply is sent, and the reply
// says until when resolvers may still hold it. A deploy waits until then before it stops the process, or has the call wait.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from '../server/problem-details.ts';
import type { DrainContext } from './drain.ts';
import { readInstanceCall } from './instance-call.ts';
import { actorOf, unknownInstance, whenDurable } from './write-context.ts';

/** Handles the call; a body is ignored. */
export function cancel(context: DrainContext, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { registry, log } = context;
  const call = readInstanceCall(context, request, reply, 'cancel', ['wait', 'reason']);
  if (call === undefined) return reply;
  const { key, reason, waitMs } = call;
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
  return whenDurable(context, reply, () => context.drainWaits.answer(request, reply, instance, document, waitMs));
}
