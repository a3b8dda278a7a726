// `POST /apps/{env}/{appid}/{instance}/drain`: the instance leaves every answer at once and stays registered as
// `waiting`; with `?wait=30s` the call returns when no resolver can hold its address any more. Made for a preStop hook:
// idempotent, so it may be repeated. Registering it as `up`, by PUT or PATCH, brings it back; with `?hold=2h` nothing
// does until then but `POST …/up`.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { instanceName, replication } from '../documents/instance-document.ts';
import { invalidRequest, sendProblem } from '../server/problem-details.ts';
import type { ApiContext } from './api-context.ts';
import { revisionTag } from './entity-tag.ts';
import { type InstanceCall, readInstanceCall } from './instance-call.ts';
import { isRefusal, sendRefusal } from './refusals.ts';
import { instanceParams, problemAnswer } from './schemas.ts';
import { answerWhenSafe } from './stop-answer.ts';
import { drainQuery, drainReply } from './stop-schemas.ts';

/** Adds the call to a scope whose prefix is /api/v1. */
export function addDrainRoute(scope: FastifyInstance, context: ApiContext): void {
  const schema = {
    summary: 'Take an instance out of all answers, and wait until no resolver holds its address',
    description:
      'Status becomes `waiting`, the lease goes on. `safe`: no resolver can hold an answer with it any more. 409 when ' +
      'it is registered as up again during the wait. With `hold` it stays out, whatever is registered, until that ' +
      'time or `POST …/up`.',
    tags: ['instances'],
    params: instanceParams,
    querystring: drainQuery,
    response: { 200: drainReply, '4xx': problemAnswer, 503: problemAnswer },
  };
  scope.post(
    '/apps/:env/:appid/:instance/drain',
    { schema, config: { orRight: 'operate' } },
    async (request, reply) => {
      const call = readInstanceCall(context, request, reply, 'drain', ['wait', 'hold', 'reason']);
      return call === undefined ? reply : drain(context, request, reply, call);
    },
  );
}

/** A body is ignored. */
async function drain(
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { key, precondition, actor, waitMs, holdMs }: InstanceCall,
): Promise<FastifyReply> {
  const { control, life, clock } = context;
  const hold = holdMs === undefined ? {} : { holdUntilMs: clock.wallMs() + holdMs };
  const command = { kind: 'drain' as const, key, precondition, ...hold };
  const outcome = await control.commands.submit(request.principal, actor, command);
  if (isRefusal(outcome)) return sendRefusal(request, reply, life, 'drain', key, outcome);
  if (outcome.kind === 'invalid')
    return sendProblem(reply, invalidRequest(`Cannot drain ${instanceName(key)}`, outcome.problems));
  const { instance, revision } = outcome.stored;
  const { env, appid, instance: id, status } = instance;
  const document = { env, appid, instance: id, outcome: outcome.kind, status, revision, ...replication(outcome) };
  reply.header('etag', revisionTag(life, revision));
  return answerWhenSafe(context, request, reply, instance, document, waitMs);
}
