// `DELETE /apps/{env}/{appid}/{instance}`: the instance is gone from every answer when the reply is sent, and the reply
// has until when resolvers may still hold it. A deploy waits until then before it stops the process, or has the call wait.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { replication } from '../documents/instance-document.ts';
import type { ApiContext } from './api-context.ts';
import { readInstanceCall } from './instance-call.ts';
import { isRefusal, sendRefusal } from './refusals.ts';
import { instanceParams, problemAnswer } from './schemas.ts';
import { answerWhenSafe } from './stop-answer.ts';
import { cancelReply, stopQuery } from './stop-schemas.ts';

/** Adds the call to a scope whose prefix is /api/v1. */
export function addCancelRoute(scope: FastifyInstance, context: ApiContext): void {
  const schema = {
    summary: 'Cancel an instance',
    tags: ['instances'],
    params: instanceParams,
    querystring: stopQuery,
    response: { 200: cancelReply, '4xx': problemAnswer },
  };
  scope.delete('/apps/:env/:appid/:instance', { schema }, async (request, reply) => cancel(context, request, reply));
}

/** A body is ignored. */
async function cancel(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const call = readInstanceCall(context, request, reply, 'cancel', ['wait', 'reason']);
  if (call === undefined) return reply;
  const { key, precondition, actor, waitMs } = call;
  const command = { kind: 'cancel' as const, key, precondition };
  const outcome = await context.control.commands.submit(request.principal, actor, command);
  if (isRefusal(outcome)) return sendRefusal(request, reply, context.life, 'cancel', key, outcome);
  const { instance } = outcome.stored;
  const { env, appid, instance: id } = instance;
  const document = {
    env,
    appid,
    instance: id,
    outcome: outcome.kind,
    revision: outcome.revision,
    ...replication(outcome),
  };
  return answerWhenSafe(context, request, reply, instance, document, waitMs);
}
