// `PUT …/renew`: one renewal. It is the hot call of the whole API (every instance, every 30 s), so it looks up the names
// as they came and parses them only when nothing is found: what is registered is canonical by itself. Its reply is put
// together as text, without a schema. Mostly it does not come so far: renew-lane.ts. Many at once: renew-many.ts.
// Nothing is written down for a renewal: after a restart every lease starts afresh (design §6).

import type { FastifyReply, FastifyRequest } from 'fastify';
import { isObject } from '../../model/instance.ts';
import type { InstanceRecord } from '../../model/instance-record.ts';
import { problem } from '../../model/problem.ts';
import type { RenewOutcome } from '../../registry/registry.ts';
import type { Clock } from '../../runtime/clock.ts';
import { UnreadableBody } from '../server/json-body.ts';
import { inBody, invalidRequest, sendProblem } from '../server/problem-details.ts';
import { leaseEndsAt } from './instance-document.ts';
import { type InstanceParams, instanceKeyOf, unknownInstance, type WriteContext } from './write-context.ts';

/** `PUT …/renew`. */
export function renew(context: WriteContext, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { log, registry } = context;
  const params = request.params as InstanceParams;
  if (request.body !== undefined && !isEmptyObject(request.body)) return refuseBody(request, reply);
  let outcome: RenewOutcome = registry.renew(params);
  if (outcome.kind === 'unknown') {
    const key = instanceKeyOf(params, 'renew', reply);
    if (key === undefined) {
      log.count.renewal('invalid');
      return reply;
    }
    outcome = registry.renew(key);
    if (outcome.kind === 'unknown') {
      log.count.renewal('unknown');
      return sendProblem(reply, unknownInstance(key, 'renew'));
    }
  }
  log.count.renewal('renewed');
  const { stored } = outcome;
  log.routine('renewed', request, stored.instance, stored.revision);
  return reply.header('content-type', renewalType).send(renewalText(stored, context.clock));
}

export const renewalType = 'application/json; charset=utf-8';

/** The body of the reply. */
export function renewalText(stored: InstanceRecord, clock: Clock): string {
  const ends = JSON.stringify(leaseEndsAt(stored, clock));
  return `{"renewBefore":${ends},"leaseSeconds":${stored.instance.leaseSeconds},"revision":${stored.revision}}`;
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
