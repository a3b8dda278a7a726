// `GET /apps/{env}/{appid}/{instance}`: one instance, with its ETag.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from '../server/problem-details.ts';
import { type ApiContext, type InstanceParams, instanceKeyOf } from './api-context.ts';
import { isRevisionKnown, revisionTag, sendNotModified } from './entity-tag.ts';
import { instanceDocument } from './instance-document.ts';
import { QueryReader } from './query-reader.ts';
import { unknownInstance } from './refusals.ts';

/** Handles the call. */
export function readInstance(
  { control, clock, life }: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const key = instanceKeyOf(request.params as InstanceParams, 'show', reply);
  if (key === undefined || new QueryReader(request, []).refused(reply, 'Cannot show an instance')) return reply;
  const stored = control.view.find(key);
  if (stored === undefined) return sendProblem(reply, unknownInstance(key, 'show'));
  const tag = revisionTag(life, stored.revision);
  if (isRevisionKnown(request, life, stored.revision)) return sendNotModified(reply, tag);
  return reply.header('etag', tag).header('cache-control', 'no-cache').send(instanceDocument(stored, clock));
}
