// `PUT …/renew`: one renewal. It is the hot call of the whole API (every instance, every 30 s): its reply is put together
// as text, without a schema. Mostly it does not come so far: renew-lane.ts. Many at once: renew-many.ts.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isObject } from '../../model/instance.ts';
import type { InstanceRecord } from '../../model/instance-record.ts';
import { problem } from '../../model/problem.ts';
import type { Clock } from '../../runtime/clock.ts';
import { actorOf } from '../auth/auth.ts';
import { leaseEndsAt } from '../documents/instance-document.ts';
import { UnreadableBody } from '../server/json-body.ts';
import { inBody, invalidRequest, sendProblem } from '../server/problem-details.ts';
import type { ApiContext, InstanceParams } from './api-context.ts';
import { refusalOf, unknownInstance } from './refusals.ts';
import { instanceParams, problemAnswer, renewReply } from './schemas.ts';

/** Adds the call to a scope whose prefix is /api/v1. */
export function addRenewRoute(scope: FastifyInstance, context: ApiContext): void {
  const schema = {
    summary: 'Renew the lease',
    tags: ['instances'],
    params: instanceParams,
    response: { 200: renewReply, '4xx': problemAnswer },
  };
  scope.put('/apps/:env/:appid/:instance/renew', { schema }, (request, reply) => {
    void renew(context, request, reply);
  });
}

/** At once, but for an instance that only another node may know. */
function renew(
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  isSought = false,
): FastifyReply | Promise<FastifyReply> {
  const { control, clock } = context;
  if (request.body !== undefined && !isEmptyObject(request.body)) return refuseBody(request, reply);
  const params = request.params as InstanceParams;
  const renewal = control.renewals.renew(request.principal, actorOf(request, 'api'), params);
  switch (renewal.kind) {
    case 'renewed':
      return reply.header('content-type', renewalType).send(renewalText(renewal.stored, clock));
    case 'unknown': {
      // Another node may have it: a 404 would have the client register again.
      const seeking = isSought ? undefined : control.renewals.sought(() => [renewal.key]);
      if (seeking === undefined) return sendProblem(reply, unknownInstance(renewal.key, 'renew'));
      return seeking.then((found) =>
        typeof found === 'object' ? uncertain(reply, found.reason) : renew(context, request, reply, true),
      );
    }
    case 'invalid':
      return sendProblem(reply, invalidRequest('Cannot renew an instance', renewal.problems));
    default:
      return sendProblem(reply, refusalOf('Cannot renew an instance', { kind: 'forbidden', right: 'register' }));
  }
}

/** Where it is not known whether another node has the instance. */
export function uncertain(reply: FastifyReply, reason: string): FastifyReply {
  return sendProblem(reply, refusalOf('Cannot renew an instance', { kind: 'no-quorum', reason, isUnknown: false }));
}

export const renewalType = 'application/json; charset=utf-8';

/** The body of the reply. */
export function renewalText(stored: InstanceRecord, clock: Clock): string {
  const ends = JSON.stringify(leaseEndsAt(stored, clock));
  return `{"renewBefore":${ends},"leaseSeconds":${stored.instance.leaseSeconds},"revision":${stored.revision}}\n`;
}

function isEmptyObject(body: unknown): boolean {
  return isObject(body) && !(body instanceof UnreadableBody) && Object.keys(body).length === 0;
}

function refuseBody(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (request.body instanceof UnreadableBody) return sendProblem(reply, request.body.failure);
  const errors = inBody([
    problem('', 'must be empty or {}: a renewal changes nothing but the end of the lease', request.body),
  ]);
  return sendProblem(reply, invalidRequest('Cannot renew with this body', errors));
}
