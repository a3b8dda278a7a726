// `POST /apps/{env}/{appid}/{instance}/up`: ends a drain and its hold; the instance takes traffic again, if its checks
// and its lease allow it. Idempotent.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { inBody, invalidRequest, sendProblem } from '../server/problem-details.ts';
import type { ApiContext } from './api-context.ts';
import { revisionTag } from './entity-tag.ts';
import { type InstanceCall, readInstanceCall } from './instance-call.ts';
import { instanceDocument, instanceName } from './instance-document.ts';
import { isRefusal, sendRefusal } from './refusals.ts';
import { instanceParams, instanceReply, problemAnswer, writeQuery } from './schemas.ts';

/** Adds the call to a scope whose prefix is /api/v1. */
export function addUpRoute(scope: FastifyInstance, context: ApiContext): void {
  const schema = {
    summary: 'End a drain: the instance takes traffic again',
    description: 'Also ends a hold (`drain?hold=`). Status becomes `up` at once, unless its checks say otherwise.',
    tags: ['instances'],
    params: instanceParams,
    querystring: writeQuery,
    response: { 200: instanceReply, '4xx': problemAnswer, 503: problemAnswer },
  };
  scope.post('/apps/:env/:appid/:instance/up', { schema }, async (request, reply) => {
    const call = readInstanceCall(context, request, reply, 'up', ['reason']);
    return call === undefined ? reply : up(context, request, reply, call);
  });
}

/** A body is ignored. */
async function up(
  { control, life, clock }: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { key, precondition, actor }: InstanceCall,
): Promise<FastifyReply> {
  const outcome = await control.commands.submit(request.principal, actor, { kind: 'up', key, precondition });
  if (isRefusal(outcome)) return sendRefusal(request, reply, life, 'bring up', key, outcome);
  if (outcome.kind === 'invalid')
    return sendProblem(reply, invalidRequest(`Cannot bring up ${instanceName(key)}`, inBody(outcome.problems)));
  return reply.header('etag', revisionTag(life, outcome.stored.revision)).send(instanceDocument(outcome.stored, clock));
}
