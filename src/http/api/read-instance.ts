// `GET /apps/{env}/{appid}/{instance}`: one instance, with its ETag.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from '../server/problem-details.ts';
import { instanceTag, isNotModified, sendNotModified } from './entity-tag.ts';
import { instanceDocument } from './instance-document.ts';
import { QueryReader } from './query-reader.ts';
import { type InstanceParams, instanceKeyOf, unknownInstance, type WriteContext } from './write-context.ts';

/** Handles the call. */
export function readInstance(
  context: Pick<WriteContext, 'registry' | 'clock'>,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const key = instanceKeyOf(request.params as InstanceParams, 'show', reply);
  if (key === undefined || new QueryReader(request, []).refused(reply, 'Cannot show an instance')) return reply;
  const stored = context.registry.find(key);
  if (stored === undefined) return sendProblem(reply, unknownInstance(key, 'show'));
  const tag = instanceTag(stored.revision);
  if (isNotModified(request, tag)) return sendNotModified(reply, tag);
  return reply.header('etag', tag).header('cache-control', 'no-cache').send(instanceDocument(stored, context.clock));
}
