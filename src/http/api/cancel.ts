// `DELETE /apps/{env}/{appid}/{instance}`: the instance is gone from every answer when the reply is sent, and the reply
// says until when resolvers may still hold it. A deploy waits until then before it stops the process, or has the call wait.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from './api-context.ts';
import { readInstanceCall } from './instance-call.ts';
import { isRefusal, sendRefusal } from './refusals.ts';
import { answerWhenSafe } from './stop-answer.ts';

/** Handles the call; a body is ignored. */
export async function cancel(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const call = readInstanceCall(context, request, reply, 'cancel', ['wait', 'reason']);
  if (call === undefined) return reply;
  const { key, precondition, actor, waitMs } = call;
  const command = { kind: 'cancel' as const, key, precondition };
  const outcome = await context.control.commands.submit(request.principal, actor, command);
  if (isRefusal(outcome)) return sendRefusal(request, reply, context.life, 'cancel', key, outcome);
  const { instance } = outcome.stored;
  const { env, appid, instance: id } = instance;
  const document = { env, appid, instance: id, outcome: outcome.kind, revision: outcome.revision };
  return answerWhenSafe(context, request, reply, instance, document, waitMs);
}
