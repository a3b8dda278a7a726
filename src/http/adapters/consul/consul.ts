// The API of HashiCorp Consul, below /v1: what its Go, npm, Python and Spring clients, Prometheus, consul-template and
// scripts call for registering and finding services. The datacenter is the env that the setting `adapterEnv` names.
// Not here: KV, sessions, prepared queries, the mesh, ACLs and events, whose paths are unknown as any other; a key that is
// read is not there, and a caller that waits for one waits.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hostLabel } from '../../../runtime/host-label.ts';
import type { Front } from '../front.ts';
import { queryOf } from '../parameters.ts';
import { readOptions, sendRead } from './blocking.ts';
import { type ConsulContext, type ConsulHandler, Outputs } from './consul-context.ts';
import { KeptTexts } from './kept-texts.ts';
import { agentReads } from './reads-of-agent.ts';
import { catalogReads } from './reads-of-catalog.ts';
import { healthReads } from './reads-of-health.ts';
import { sendJson, sendRefused, sendText, setIndex } from './replies.ts';
import { ServiceIndex } from './service-index.ts';
import { ServiceTags } from './service-tags.ts';
import { Nodes } from './shown-node.ts';
import { TtlPasses } from './ttl-passes.ts';
import { agentWrites } from './writes-of-agent.ts';
import { catalogWrites } from './writes-of-catalog.ts';
import { checkWrites } from './writes-of-checks.ts';

export const consul: Front = {
  name: 'consul',
  prefix: '/v1',
  credentials: { scheme: 'X-Consul-Token', tokenOf },
  refuse: sendRefused,
  readsBy: 'env',
  add(scope, context) {
    const { control, env } = context;
    addCalls(scope, {
      ...context,
      index: new ServiceIndex(control.view, control.changes, env),
      serviceTags: new ServiceTags(control.view, env),
      nodes: new Nodes(hostLabel(), env),
      outputs: new Outputs(),
      passes: new TtlPasses(),
      texts: new KeptTexts(),
      random: Math.random,
    });
  },
};

/** The header, or the parameter that older clients send, mostly with nothing in it. */
function tokenOf(request: FastifyRequest): string | undefined {
  const header = request.headers['x-consul-token'];
  if (typeof header === 'string' && header !== '') return header;
  return queryOf(request).get('token') || undefined;
}

interface Call {
  readonly method: 'get' | 'put';
  readonly path: string;
  readonly summary: string;
  readonly handler: ConsulHandler;
  readonly config?: { readonly mayWait?: true; readonly isRenewal?: true; readonly right?: 'operate' };
}

const waits = { mayWait: true } as const;
const renews = { isRenewal: true } as const;
const holds = { right: 'operate' } as const;

const calls: readonly Call[] = [
  { method: 'put', path: '/agent/service/register', summary: 'Register a service', handler: agentWrites.register },
  {
    method: 'put',
    path: '/agent/service/deregister/:id',
    summary: 'Deregister a service',
    handler: agentWrites.deregister,
  },
  {
    method: 'put',
    path: '/agent/service/maintenance/:id',
    summary: 'Maintenance of a service',
    handler: agentWrites.maintenance,
    config: holds,
  },
  { method: 'put', path: '/agent/check/register', summary: 'Add a check to a service', handler: checkWrites.register },
  { method: 'put', path: '/agent/check/deregister/:id', summary: 'Remove a check', handler: checkWrites.deregister },
  {
    method: 'put',
    path: '/agent/check/pass/:id',
    summary: 'A TTL check passes',
    handler: checkWrites.pass,
    config: renews,
  },
  {
    method: 'put',
    path: '/agent/check/warn/:id',
    summary: 'A TTL check warns',
    handler: checkWrites.warn,
    config: renews,
  },
  { method: 'put', path: '/agent/check/fail/:id', summary: 'A TTL check fails', handler: checkWrites.fail },
  {
    method: 'put',
    path: '/agent/check/update/:id',
    summary: 'The status of a TTL check',
    handler: checkWrites.update,
    config: renews,
  },
  { method: 'get', path: '/agent/services', summary: 'Services', handler: agentReads.services },
  { method: 'get', path: '/agent/service/:id', summary: 'A service', handler: agentReads.service, config: waits },
  { method: 'get', path: '/agent/checks', summary: 'Checks', handler: agentReads.checks },
  {
    method: 'get',
    path: '/agent/health/service/id/:id',
    summary: 'The health of a service by id',
    handler: agentReads.healthById,
  },
  {
    method: 'get',
    path: '/agent/health/service/name/:name',
    summary: 'The health of a service by name',
    handler: agentReads.healthByName,
  },
  { method: 'get', path: '/agent/self', summary: 'This server', handler: agentReads.self },
  { method: 'get', path: '/agent/members', summary: 'Servers', handler: agentReads.members },
  {
    method: 'put',
    path: '/catalog/register',
    summary: 'Register a service of a node',
    handler: catalogWrites.register,
  },
  {
    method: 'put',
    path: '/catalog/deregister',
    summary: 'Deregister services of a node',
    handler: catalogWrites.deregister,
  },
  {
    method: 'get',
    path: '/catalog/services',
    summary: 'Services with their tags',
    handler: catalogReads.services,
    config: waits,
  },
  {
    method: 'get',
    path: '/catalog/service/:name',
    summary: 'Instances of a service',
    handler: catalogReads.service,
    config: waits,
  },
  { method: 'get', path: '/catalog/datacenters', summary: 'Datacenters', handler: catalogReads.datacenters },
  { method: 'get', path: '/catalog/nodes', summary: 'Nodes', handler: catalogReads.nodes, config: waits },
  {
    method: 'get',
    path: '/catalog/node/:node',
    summary: 'Services of a node',
    handler: catalogReads.node,
    config: waits,
  },
  {
    method: 'get',
    path: '/catalog/node-services/:node',
    summary: 'Services of a node as a list',
    handler: catalogReads.nodeServices,
    config: waits,
  },
  {
    method: 'get',
    path: '/health/service/:name',
    summary: 'Instances of a service with their health',
    handler: healthReads.service,
    config: waits,
  },
  {
    method: 'get',
    path: '/health/checks/:name',
    summary: 'Checks of a service',
    handler: healthReads.checks,
    config: waits,
  },
  { method: 'get', path: '/health/node/:node', summary: 'Checks of a node', handler: healthReads.node, config: waits },
  {
    method: 'get',
    path: '/health/state/:state',
    summary: 'Checks by status',
    handler: healthReads.state,
    config: waits,
  },
  { method: 'get', path: '/status/leader', summary: 'The address of this server', handler: leader },
  { method: 'get', path: '/status/peers', summary: 'The addresses of the servers', handler: peers },
  { method: 'get', path: '/session/list', summary: 'Sessions: there are none', handler: sessions },
  { method: 'get', path: '/kv/*', summary: 'Keys: there are none', handler: key, config: waits },
];

function addCalls(scope: FastifyInstance, context: ConsulContext): void {
  for (const { method, path, summary, handler, config = {} } of calls) {
    const options = { schema: { summary, tags: ['consul'] }, config };
    // Not async: a renewal has nothing to wait for.
    scope[method](path.replace(/:\w+$/, '*'), options, (request, reply) => handler(context, request, reply));
  }
  scope.all('/*', { schema: { hide: true } }, (request, reply) => sendOther(request, reply));
}

/** What is not here is not there with another method either. */
const absent: readonly ConsulHandler[] = [sessions, key];

/** A call that is there with another method, or none. */
function sendOther(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = (request.url.split('?', 1)[0] as string).slice(consul.prefix.length).split('/');
  const found = calls.filter((call) => !absent.includes(call.handler) && isAt(path, call.path.split('/')));
  // `register` is not an id.
  const exact = found.filter((call) => !call.path.includes(':'));
  const allowed = new Set((exact.length > 0 ? exact : found).map(({ method }) => method.toUpperCase()));
  if (allowed.size === 0) return sendText(reply, 404, 'Invalid URL path: not a recognized HTTP API endpoint');
  reply.header('allow', ['OPTIONS', ...allowed].join(','));
  if (request.method === 'OPTIONS') return reply.code(200).send();
  return sendText(reply, 405, `method ${request.method} not allowed`);
}

function isAt(path: readonly string[], template: readonly string[]): boolean {
  const isOpen = /^[:*]/.test(template.at(-1) ?? '');
  if (isOpen ? path.length < template.length : path.length !== template.length) return false;
  return template.every((segment, at) => (/^[:*]/.test(segment) ? path[at] !== '' : segment === path[at]));
}

function addressText(context: ConsulContext, request: FastifyRequest): string {
  const { address } = context.nodes.own(request);
  return `${address.includes(':') ? `[${address}]` : address}:${request.raw.socket.localPort ?? 0}`;
}

function leader(context: ConsulContext, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendJson(reply, JSON.stringify(addressText(context, request)));
}

function peers(context: ConsulContext, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendJson(reply, JSON.stringify([addressText(context, request)]));
}

/** Never another: what is not here does not change. */
const nothing = { place: 'kv ', index: () => 1 };

function sessions(_context: ConsulContext, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  setIndex(reply, 1, 'leader');
  return sendJson(reply, '[]');
}

function key(
  context: ConsulContext,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply | Promise<FastifyReply> {
  const options = readOptions(context, request, reply);
  if (options === undefined) return reply;
  return sendRead(context, request, reply, options, nothing, () => reply.code(404).send());
}
