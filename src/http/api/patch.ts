// `PATCH /apps/{env}/{appid}/{instance}`: a JSON merge patch (RFC 7396) of the registration. The lease is not renewed
// by it. `If-Match` with the instance's ETag makes sure that nobody else was faster.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { isObject, parseRegistration, registrationToJson } from '../../model/instance.ts';
import type { InstanceRecord } from '../../model/instance-record.ts';
import { type Problem, problem } from '../../model/problem.ts';
import { mergePatch } from '../../registry/merge-patch.ts';
import { inBody, invalidRequest, sendProblem } from '../server/problem-details.ts';
import { instanceTag } from './entity-tag.ts';
import { readInstanceCall } from './instance-call.ts';
import { instanceDocument, instanceName } from './instance-document.ts';
import { actorOf, unknownInstance, type WriteContext, whenDurable } from './write-context.ts';

/** Handles the call; the body has been read as JSON. */
export function patch(context: WriteContext, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { registry, log } = context;
  const call = readInstanceCall(context, request, reply, 'patch', ['reason']);
  if (call === undefined) return reply;
  const { key, stored, reason } = call;
  const problems = stored === undefined ? [] : strangeProblems(context, stored, request.body);
  const outcome =
    problems.length > 0
      ? { kind: 'invalid' as const, problems }
      : registry.patch(key, request.body ?? null, actorOf(request, reason));
  log.count.patch(outcome.kind);
  if (outcome.kind === 'unknown') return sendProblem(reply, unknownInstance(key, 'patch'));
  if (outcome.kind === 'invalid') {
    return sendProblem(reply, invalidRequest(`Cannot patch ${instanceName(key)}`, inBody(outcome.problems)));
  }
  const { revision } = outcome.stored;
  if (outcome.kind === 'patched') log.decided('patched', request, key, revision, reason);
  const document = instanceDocument(outcome.stored, context.clock);
  return whenDurable(context, reply, () => reply.header('etag', instanceTag(revision)).send(document));
}

const placeFields: readonly string[] = ['env', 'appid', 'instance'];

/**
 * All problems of a patch that has members which are no part of a registration, and none otherwise. The registry
 * refuses such members as well, but not with null: removing what is not there would be no change, and a misspelt
 * field would pass in silence.
 */
function strangeProblems(context: WriteContext, stored: InstanceRecord, body: unknown): Problem[] {
  if (!isObject(body)) return [];
  const current = registrationToJson(stored.instance);
  const strange = Object.keys(body).filter((field) => !Object.hasOwn(current, field));
  if (strange.length === 0) return [];
  const known = Object.fromEntries(Object.entries(body).filter(([field]) => Object.hasOwn(current, field)));
  const others = parseRegistration(mergePatch(current, known), context.defaults);
  return [...strange.map(strangeProblem), ...(Array.isArray(others) ? others : [])];
}

function strangeProblem(field: string): Problem {
  const isPlace = placeFields.includes(field);
  const message = isPlace
    ? 'is the place of the instance: register it anew to change it'
    : 'is not a field of a registration';
  return problem(field.slice(0, 63), message);
}
