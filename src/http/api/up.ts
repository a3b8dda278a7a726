// `POST /apps/{env}/{appid}/{instance}/up`: ends a drain and its hold; the instance takes traffic again, if its registrant,
// its checks and its lease allow it. A hold that waits for an instance that is not registered is lifted as well.
// Idempotent.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from './api-context.ts';
import { revisionTag } from './entity-tag.ts';
import { type InstanceCall, readInstanceCall } from './instance-call.ts';
import { isRefusal, sendRefusal } from './refusals.ts';
import { instanceParams, problemAnswer, writeQuery } from './schemas.ts';
import { upReply } from './stop-schemas.ts';

/** Adds the call to a scope whose prefix is /api/v1. */
export function addUpRoute(scope: FastifyInstance, context: ApiContext): void {
  const schema = {
    summary: 'End a drain: the instance takes traffic again',
    description: 'Also ends a hold (`drain?hold=`). Status becomes `up` at once, unless its checks fail.',
    tags: ['instances'],
    params: instanceParams,
    querystring: writeQuery,
    response: { 200: upReply, '4xx': problemAnswer, 503: problemAnswer },
  };
  scope.post('/apps/:env/:appid/:instance/up', { schema, config: { right: 'operate' } }, async (request, reply) => {
    const call = readInstanceCall(context, request, reply, 'up', ['reason']);
    return call === undefined ? reply : up(context, request, reply, call);
  });
}

/** A body is ignored. */
async function up(
  { control, life }: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { key, precondition, actor }: InstanceCall,
): Promise<FastifyReply> {
  const outcome = await control.commands.submit(request.principal, actor, { kind: 'up', key, precondition });
  if (isRefusal(outcome)) return sendRefusal(request, reply, life, 'bring up', key, outcome);
  const { env, appid, instance } = key;
  if (outcome.kind === 'released') return reply.send({ env, appid, instance, outcome: outcome.kind });
  const { stored } = outcome;
  const { status } = stored.instance;
  const document = { env, appid, instance: stored.instance.instance, outcome: outcome.kind, status };
  return reply.header('etag', revisionTag(life, stored.revision)).send({ ...document, revision: stored.revision });
}
