// The calls on the record of changes: who did what, and what was removed by mistake restored.

import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import { refuseUnreadableBody } from '../server/json-body.ts';
import type { ApiContext } from './api-context.ts';
import { readEvents } from './read-events.ts';
import * as schemas from './record-schemas.ts';
import { restore } from './restore.ts';
import { problemAnswer } from './schemas.ts';

/** Adds the calls to a scope whose prefix is /api/v1. */
export function addRecordRoutes(scope: FastifyInstance, context: ApiContext): void {
  const app = scope.withTypeProvider<TypeBoxTypeProvider>();

  app.get(
    '/events',
    {
      schema: {
        summary: 'Who changed what, when and why',
        description: 'Every change of an instance, newest first, with what was before and after it. Renewals are none.',
        tags: ['record'],
        querystring: schemas.eventsQuery,
        response: { 200: schemas.eventsReply, '4xx': problemAnswer },
      },
    },
    async (request, reply) => readEvents(context, request, reply),
  );

  app.post(
    '/restore',
    {
      config: { right: 'operate' },
      preHandler: refuseUnreadableBody,
      schema: {
        summary: 'Restore what was removed by mistake',
        description:
          'Registers again, with a fresh lease, the instances that the matching removals took away and that are still ' +
          'absent; a drained one that has not been changed since takes traffic again. At most 1000 a call.',
        tags: ['record'],
        body: schemas.restoreBody,
        response: { 200: schemas.restoreReply, '4xx': problemAnswer, 503: problemAnswer },
      },
    },
    async (request, reply) => restore(context, request, reply),
  );
}
