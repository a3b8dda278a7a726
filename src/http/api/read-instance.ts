// `GET /apps/{env}/{appid}/{instance}`: one instance, with its ETag.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { instanceDocument } from '../documents/instance-document.ts';
import { sendProblem } from '../server/problem-details.ts';
import { type ApiContext, type InstanceParams, instanceKeyOf } from './api-context.ts';
import { consistentRead } from './consistent-read.ts';
import { isRevisionKnown, revisionTag, sendNotModified } from './entity-tag.ts';
import { QueryReader } from './query-reader.ts';
import { unknownInstance } from './refusals.ts';
import { consistent, instanceParams, instanceReply, problemAnswer } from './schemas.ts';

/** Adds the call to a scope whose prefix is /api/v1. */
export function addInstanceReadRoute(scope: FastifyInstance, context: ApiContext): void {
  const schema = {
    summary: 'Show an instance',
    tags: ['instances'],
    params: instanceParams,
    querystring: Type.Object({ consistent }),
    response: { 200: instanceReply, '4xx': problemAnswer },
  };
  scope.get('/apps/:env/:appid/:instance', { schema, preHandler: consistentRead(context) }, (request, reply) => {
    readInstance(context, request, reply);
  });
}

function readInstance(
  { control, clock, life }: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const key = instanceKeyOf(request.params as InstanceParams, 'show', reply);
  if (key === undefined || new QueryReader(request, ['consistent']).refused(reply, 'Cannot show an instance'))
    return reply;
  const stored = control.view.find(key);
  if (stored === undefined) return sendProblem(reply, unknownInstance(key, 'show'));
  const tag = revisionTag(life, stored.revision);
  if (isRevisionKnown(request, life, stored.revision)) return sendNotModified(reply, tag);
  return reply.header('etag', tag).header('cache-control', 'no-cache').send(instanceDocument(stored, clock));
}
