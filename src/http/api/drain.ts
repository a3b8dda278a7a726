// `POST /apps/{env}/{appid}/{instance}/drain`: the instance leaves every answer at once and stays registered as
// `waiting`; with `?wait=30s` the call returns when no resolver can hold its address any more. Made for a preStop hook:
// drained twice is drained once, so it may be repeated. Registering it as `up`, by PUT or PATCH, brings it back.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { DrainWaits } from '../../control/drain-waits.ts';
import { inBody, invalidRequest, sendProblem } from '../server/problem-details.ts';
import { instanceTag } from './entity-tag.ts';
import { readInstanceCall } from './instance-call.ts';
import { instanceName } from './instance-document.ts';
import { instanceParams, problemAnswer } from './schemas.ts';
import { drainReply, stopQuery } from './stop-schemas.ts';
import { actorOf, unknownInstance, type WriteContext, whenDurable } from './write-context.ts';

export interface DrainContext extends WriteContext {
  readonly drainWaits: DrainWaits;
}

/** Adds the call to a scope whose prefix is /api/v1. */
export function addDrainRoutes(scope: FastifyInstance, context: DrainContext): void {
  const schema = {
    summary: 'Take an instance out of all answers, and wait until nobody holds its address',
    description:
      'Status becomes `waiting`, the lease goes on. `safe`: no resolver can hold an answer with it any more. 409 when ' +
      'it is registered as up again during the wait.',
    tags: ['instances'],
    params: instanceParams,
    querystring: stopQuery,
    response: { 200: drainReply, '4xx': problemAnswer, 503: problemAnswer },
  };
  scope.post('/apps/:env/:appid/:instance/drain', { schema }, (request, reply) => {
    drain(context, request, reply);
  });
}

/** A body is ignored. */
function drain(context: DrainContext, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { registry, log } = context;
  const call = readInstanceCall(context, request, reply, 'drain', ['wait', 'reason']);
  if (call === undefined) return reply;
  const { key, reason, waitMs } = call;
  const outcome = registry.drain(key, actorOf(request, reason));
  log.count.drain(outcome.kind);
  if (outcome.kind === 'unknown') return sendProblem(reply, unknownInstance(key, 'drain'));
  if (outcome.kind === 'invalid')
    return sendProblem(reply, invalidRequest(`Cannot drain ${instanceName(key)}`, inBody(outcome.problems)));
  const { instance, revision } = outcome.stored;
  if (outcome.kind === 'drained') log.decided('drained', request, key, revision, reason);
  const { env, appid, instance: id, status } = instance;
  const document = { env, appid, instance: id, outcome: outcome.kind, status, revision };
  reply.header('etag', instanceTag(revision));
  return whenDurable(context, reply, () => context.drainWaits.answer(request, reply, instance, document, waitMs));
}
