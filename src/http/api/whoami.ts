// `GET /whoami`: what the credential of a call is, and what it may do: for the console, for people who have been refused,
// and for programs before they begin. It shows nothing of the secret, and of no other credential.

import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { type Principal, Right } from '../../model/principal.ts';
import { isoTime } from '../documents/instance-document.ts';
import { QueryReader } from './query-reader.ts';
import { problemAnswer } from './schemas.ts';

const whoamiReply = Type.Object({
  kind: Type.String({ description: 'anonymous, token, certificate or jwt.' }),
  name: Type.String({ description: 'As the record of changes has it; empty for anonymous callers.' }),
  allow: Type.Array(
    Type.Object({
      rights: Type.Array(Type.Enum(Right)),
      env: Type.String({ description: 'A pattern: * is any run of characters.' }),
      app: Type.String({ description: 'The same.' }),
    }),
    { description: 'All of them add up; admin includes all rights.' },
  ),
  expiresAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
  instancesMax: Type.Union([Type.Integer(), Type.Null()], { description: 'Null: no limit of its own.' }),
  instances: Type.Union([Type.Integer(), Type.Null()], {
    description: 'How many of them there are; null without a limit.',
  }),
});

/** Adds the call to a scope whose prefix is /api/v1. `instancesOf`: how many instances an entry has. */
export function addWhoamiRoute(scope: FastifyInstance, instancesOf: (entry: string) => number): void {
  const schema = {
    summary: 'Who the caller is, and what it may do',
    tags: ['operations'],
    response: { 200: whoamiReply, '4xx': problemAnswer },
  };
  scope.get('/whoami', { schema, config: { right: 'any' } }, (request, reply) => {
    if (new QueryReader(request, []).refused(reply, 'Cannot identify the caller')) return;
    reply.header('cache-control', 'no-store').send(documentOf(request.principal, instancesOf));
  });
}

function documentOf({ kind, name, grants, expiresAtMs, quota }: Principal, count: (entry: string) => number) {
  return {
    kind,
    name,
    allow: grants.map(({ rights, env = '*', app = '*' }) => ({ rights, env, app })),
    expiresAt: expiresAtMs === undefined ? null : isoTime(expiresAtMs),
    instancesMax: quota?.instancesMax ?? null,
    instances: quota === undefined ? null : count(quota.entry),
  };
}
