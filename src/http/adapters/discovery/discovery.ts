// The API of bilibili's discovery, below /discovery: what its Go SDK (kratos) and curl call. Each call names its env.
// Not here: replication between its servers (`replication`, `from_zone` and `latest_timestamp` of writes are passed over)
// and schedulers, which are left out of answers.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Front } from '../front.ts';
import type { DiscoveryContext } from './apps.ts';
import { poll, polls } from './polls.ts';
import { reads } from './reads.ts';
import { notFoundText, sendRefused } from './replies.ts';
import { writes } from './writes.ts';

export const discovery: Front = {
  name: 'discovery',
  prefix: '/discovery',
  refuse: sendRefused,
  readsBy: 'app',
  add(scope, context) {
    addCalls(scope, { ...context, startedMs: context.clock.wallMs() });
  },
};

type Handler = (context: DiscoveryContext, request: FastifyRequest, reply: FastifyReply) => unknown;

function addCalls(scope: FastifyInstance, context: DiscoveryContext): void {
  const tags = ['discovery'];
  const add = (method: 'get' | 'post', path: string, summary: string, handler: Handler, config = {}): void => {
    const options = { schema: { summary, tags }, config };
    scope[method](path, options, async (request, reply) => handler(context, request, reply));
  };
  add('post', '/register', 'Register an instance', writes.register);
  add('post', '/renew', 'Renew an instance', writes.renew, { isRenewal: true });
  add('post', '/cancel', 'Cancel an instance', writes.cancel);
  add('post', '/set', 'Set status and metadata of instances', writes.set);
  add('get', '/fetch', 'Instances of an app', reads.fetch);
  add('get', '/fetchs', 'Instances of several apps', reads.fetchs);
  add('get', '/fetch/all', 'All instances', reads.fetchAll);
  add('get', '/poll', 'Wait for an app to change', poll, { mayWait: true });
  add('get', '/polls', 'Wait for one of several apps to change', polls, { mayWait: true });
  add('get', '/nodes', 'Servers', reads.nodes);
  scope.get('/*', { schema: { hide: true } }, async (_request, reply) =>
    reply.code(404).header('content-type', 'text/plain').send(notFoundText),
  );
}
