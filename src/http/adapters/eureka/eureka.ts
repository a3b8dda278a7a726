// The API of Netflix Eureka, below /eureka and /eureka/v2 alike: what Spring Cloud, eureka-js-client, py-eureka-client,
// fargo and Prometheus call. Apps live in the env that the setting `adapterEnv` names.
// Not here: replication between servers, ASGs and regions, which answer 404; rollcall has its own cluster.

import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { scopedView } from '../../../control/scoped-view.ts';
import type { AppScope } from '../../../model/scope.ts';
import { appidOf } from '../app-name.ts';
import type { Front } from '../front.ts';
import { Applications } from './applications.ts';
import { Delta } from './delta.ts';
import { type EurekaContext, reads } from './reads.ts';
import { sendRefused } from './replies.ts';
import { writes } from './writes.ts';

export const eureka: Front = {
  name: 'eureka',
  prefix: '/eureka',
  credentials: { scheme: 'Basic', tokenOf: basicSecretOf },
  refuse: sendRefused,
  readsBy: 'app',
  appOf: ({ params }) => appidOf((params as { readonly app?: string }).app ?? ''),
  add(scope, context) {
    const { control, env } = context;
    const applicationsOf = byScope((scope) => new Applications(scopedView(control.view, scope), env));
    const own: EurekaContext = {
      ...context,
      applications: (scope) => applicationsOf(scope),
      delta: new Delta(control.changes, env),
    };
    for (const base of ['', '/v2']) addCalls(scope, own, base);
  },
};

/** Callers that read the same share what is made for them. */
const scopesMax = 32;

function byScope(make: (scope: AppScope) => Applications): (scope: AppScope) => Applications {
  const made = new LRUCache<string, Applications>({ max: scopesMax });
  return (scope) => {
    const known = made.get(scope.key) ?? make(scope);
    made.set(scope.key, known);
    return known;
  };
}

type Handler = (context: EurekaContext, request: FastifyRequest, reply: FastifyReply) => unknown;

function addCalls(scope: FastifyInstance, context: EurekaContext, base: string): void {
  const tags = ['eureka'];
  const hold = { right: 'operate' } as const;
  type Method = 'get' | 'post' | 'put' | 'delete';
  const add = (
    method: Method,
    path: string,
    summary: string,
    handler: Handler,
    config: FastifyContextConfig = {},
  ): void => {
    const options = { schema: { summary, tags }, config };
    scope[method](`${base}${path}`, options, async (request, reply) => handler(context, request, reply));
  };
  for (const path of ['/apps', '/apps/']) add('get', path, 'All instances', reads.all);
  for (const path of ['/apps/delta', '/apps/delta/']) add('get', path, 'Changes of the last 3 minutes', reads.delta);
  add('get', '/apps/:app', 'Instances of an app', reads.app);
  add('get', '/apps/:app/:id', 'An instance', reads.instance);
  add('get', '/instances/:id', 'An instance, of whatever app', reads.anyApp);
  add('get', '/vips/:vip', 'Instances by vip address', reads.vip);
  add('get', '/svips/:vip', 'Instances by secure vip address', reads.svip);
  add('get', '/status', 'The state of the server', reads.status);
  add('post', '/apps/:app', 'Register an instance', writes.register);
  add('put', '/apps/:app/:id', 'Renew an instance', writes.heartbeat, { isRenewal: true });
  add('delete', '/apps/:app/:id', 'Cancel an instance', writes.cancel);
  add('put', '/apps/:app/:id/status', 'Override the status of an instance', writes.override, hold);
  add('delete', '/apps/:app/:id/status', 'End the override', writes.endOverride, hold);
  add('put', '/apps/:app/:id/metadata', 'Set metadata of an instance', writes.metadata);
}

/** The password of HTTP Basic credentials (RFC 7617), out of `http://name:secret@host/`; the name has no meaning. */
function basicSecretOf({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(headers.authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : text.slice(colon + 1);
}
