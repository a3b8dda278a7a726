// `PATCH /apps/{env}/{appid}/{instance}`: a JSON merge patch (RFC 7396) of the registration. The lease is not renewed
// by it. `If-Match` with the instance's ETag makes sure that no other writer was faster.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isObject, isRegistrationField } from '../../model/instance.ts';
import type { Problem } from '../../model/problem.ts';
import { instanceDocument, instanceName, replication } from '../documents/instance-document.ts';
import { refuseUnreadableBody } from '../server/json-body.ts';
import { inBody, invalidRequest, sendProblem } from '../server/problem-details.ts';
import type { ApiContext } from './api-context.ts';
import { revisionTag } from './entity-tag.ts';
import { readInstanceCall } from './instance-call.ts';
import { isRefusal, sendRefusal } from './refusals.ts';
import { instanceParams, instanceReply, patchBody, problemAnswer, writeQuery } from './schemas.ts';

/** Adds the call to a scope whose prefix is /api/v1. */
export function addPatchRoute(scope: FastifyInstance, context: ApiContext): void {
  const schema = {
    summary: 'Change a registration',
    description: 'JSON merge patch; does not renew the lease. With `If-Match`, only if it is still at that ETag.',
    tags: ['instances'],
    params: instanceParams,
    querystring: writeQuery,
    body: patchBody,
    consumes: ['application/merge-patch+json', 'application/json'],
    response: { 200: instanceReply, '4xx': problemAnswer },
  };
  const options = { preHandler: refuseUnreadableBody, schema };
  scope.patch('/apps/:env/:appid/:instance', options, async (request, reply) => patch(context, request, reply));
}

/** Handles the call; the body has been read as JSON. */
async function patch(
  { control, life, clock }: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const call = readInstanceCall({ control, life }, request, reply, 'patch', ['reason']);
  if (call === undefined) return reply;
  const { key, precondition, actor } = call;
  const command = { kind: 'patch' as const, key, precondition, patch: withoutSilentNulls(request.body ?? null) };
  const outcome = await control.commands.submit(request.principal, actor, command);
  if (isRefusal(outcome)) return sendRefusal(request, reply, life, 'patch', key, outcome);
  if (outcome.kind === 'invalid') {
    return sendProblem(
      reply,
      invalidRequest(`Cannot patch ${instanceName(key)}`, inBody(outcome.problems.map(aboutPlace))),
    );
  }
  const document = { ...instanceDocument(outcome.stored, clock), ...replication(outcome) };
  return reply.header('etag', revisionTag(life, outcome.stored.revision)).send(document);
}

/**
 * Removing (null) what is no field of a registration would change nothing, and a misspelt field would pass in silence:
 * as any other value it is refused, together with whatever else is wrong.
 */
function withoutSilentNulls(patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const members = Object.entries(patch).map(([name, value]) => [
    name,
    value === null && !isRegistrationField(name) ? '' : value,
  ]);
  return Object.fromEntries(members);
}

const placeFields: readonly string[] = ['env', 'appid', 'instance'];

function aboutPlace(found: Problem): Problem {
  const message = 'is the place of the instance: register it anew to change it';
  return placeFields.includes(found.field) ? { ...found, message } : found;
}
