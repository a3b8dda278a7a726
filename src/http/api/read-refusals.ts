// `GET /refusals`: the latest calls that were refused for want of a right, of good credentials or of room in a quota, newest
// first, each once with how often it came. For operators of the whole registry: it names apps of all.

import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { type KeptRefusal, RefusalReason } from '../../control/refused-calls.ts';
import { isoTime } from '../documents/instance-document.ts';
import type { ApiContext } from './api-context.ts';
import { QueryReader } from './query-reader.ts';
import { problemAnswer } from './schemas.ts';

const limitDefault = 100;
const limitMax = 1000;

const refusalsReply = Type.Object({
  refusals: Type.Array(
    Type.Object({
      reason: Type.Enum(RefusalReason),
      who: Type.String({ description: 'The caller; of wrong credentials what was wrong with them.' }),
      address: Type.String(),
      what: Type.String({ description: 'The route or the command.' }),
      missing: Type.String({ description: 'The right; the entry whose quota is full; empty for credentials.' }),
      where: Type.String({ description: 'The app that it was about.' }),
      firstAt: Type.String({ format: 'date-time' }),
      lastAt: Type.String({ format: 'date-time' }),
      count: Type.Integer(),
    }),
  ),
});

/** Adds the call to a scope whose prefix is /api/v1. */
export function addRefusalsRoute(scope: FastifyInstance, { control }: ApiContext): void {
  const schema = {
    summary: 'Calls that were refused: who, what and why not',
    tags: ['record'],
    querystring: Type.Object({
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limitMax, default: limitDefault })),
    }),
    response: { 200: refusalsReply, '4xx': problemAnswer },
  };
  scope.get('/refusals', { schema, config: { right: 'operate', isWhole: true } }, (request, reply) => {
    const query = new QueryReader(request, ['limit']);
    const limit = query.integer('limit', 1, limitMax) ?? limitDefault;
    if (query.refused(reply, 'Cannot list refusals')) return;
    const refusals = control.refusedCalls.latest(limit).map(documentOf);
    reply.header('cache-control', 'no-store').send({ refusals });
  });
}

function documentOf({ firstAtMs, lastAtMs, ...call }: KeptRefusal) {
  return { ...call, firstAt: isoTime(firstAtMs), lastAt: isoTime(lastAtMs) };
}
