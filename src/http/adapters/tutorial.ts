// The paths of a registry that a well-known tutorial has its readers build: `POST /{service}/{version}/register`,
// `GET /{service}/{version}/getaddresses` and `GET /{service}/{version}/heartbeat`, below /tutorial. The service is the
// app, the id `address:port`; the same again is a 409.
// A heartbeat names no instance: it renews all of that service and version that were registered through this front from
// the caller's address, which is kept in this front's part of the instance and so outlives a restart.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Instance, parseRegistration, type Registration } from '../../model/instance.ts';
import type { InstanceRecord } from '../../model/instance-record.ts';
import { type InstanceKey, parseAppid, parseInstanceKey } from '../../model/names.ts';
import type { RegisterOutcome } from '../../model/outcome.ts';
import { type Problem, problem } from '../../model/problem.ts';
import type { Refused } from '../../model/submit.ts';
import { actorOf } from '../auth/auth.ts';
import { failures } from '../server/problem-details.ts';
import type { Front, FrontContext } from './front.ts';
import { jsonObjectOf } from './front.ts';
import { hostInUrl } from './host-text.ts';

export const tutorial: Front = {
  name: 'tutorial',
  prefix: '/tutorial',
  readsBy: 'app',
  appOf: ({ params }) => parseAppid((params as Params).service),
  refuse(_request, reply, { kind, detail, headers }) {
    if (headers !== undefined) reply.headers(headers);
    reply.code(failures[kind].status).send(failed([problem('', detail)]));
  },
  add(scope, context) {
    addCalls(scope, context);
  },
};

function addCalls(scope: FastifyInstance, context: FrontContext): void {
  const tags = ['tutorial'];
  const path = '/:service/:version';
  scope.post(`${path}/register`, { schema: { summary: 'Register an instance', tags } }, async (request, reply) =>
    register(context, request, reply),
  );
  scope.get(
    `${path}/getaddresses`,
    { schema: { summary: 'Addresses of the instances that are up', tags } },
    (request, reply) => {
      getAddresses(context, request, reply);
    },
  );
  scope.get(
    `${path}/heartbeat`,
    { schema: { summary: "Renew the caller's instances", tags }, config: { right: 'register' } },
    (request, reply) => {
      heartbeat(context, request, reply);
    },
  );
}

interface Params {
  readonly service: string;
  readonly version: string;
}

async function register(context: FrontContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const decoded = decodeRegistration(context, request);
  if (Array.isArray(decoded)) {
    context.control.commands.malformed('register');
    return reply.code(400).send(failed(decoded));
  }
  const { key, registration } = decoded;
  const { service } = request.params as Params;
  const part = { appName: service, content: JSON.stringify({ registeredFrom: request.ip }) };
  const precondition = { ifNoneMatch: '*' } as const;
  const command = { kind: 'register' as const, key, registration, precondition, fronts: { tutorial: part } };
  const outcome = await context.control.commands.submit(request.principal, actorOf(request, 'tutorial'), command);
  if (outcome.kind === 'created') return reply.send({ success: true });
  const problems = 'problem' in outcome ? [outcome.problem] : [];
  return reply.code(statusOf[outcome.kind]).send(failed(problems));
}

/** From outcomes other than `created` to statuses. */
const statusOf: Readonly<Record<Exclude<(RegisterOutcome | Refused)['kind'], 'created'>, number>> = {
  exists: 409,
  conflict: 409,
  replaced: 409,
  unchanged: 409,
  outdated: 409,
  'precondition-failed': 409,
  invalid: 400,
  full: 507,
  forbidden: 403,
  quota: 429,
  'not-yours': 403,
  'not-ready': 503,
  'store-failing': 503,
  'no-quorum': 503,
  'not-durable': 503,
};

function failed(problems: readonly Problem[]) {
  return { success: false, ...(problems.length === 0 ? {} : { errors: problems }) };
}

interface Decoded {
  readonly key: InstanceKey;
  readonly registration: Registration;
}

const fields: readonly string[] = ['name', 'version', 'address', 'port', 'healthy'];

function decodeRegistration({ env, defaults }: FrontContext, request: FastifyRequest): Decoded | Problem[] {
  const { service, version } = request.params as Params;
  const body = jsonObjectOf(request.body);
  if ('fault' in body) return [problem('', body.fault)];
  const { name = service, version: bodyVersion = version, address, port, healthy = true } = body.object;
  const problems = Object.keys(body.object)
    .filter((field) => !fields.includes(field))
    .map((field) => problem(field.slice(0, 63), `is not a field: there are ${fields.join(', ')}`));
  if (name !== service) problems.push(problem('name', `must be the service of the path, ${service}`, name));
  if (bodyVersion !== version)
    problems.push(problem('version', `must be the version of the path, ${version}`, bodyVersion));
  if (typeof address !== 'string' || address === '')
    problems.push(problem('address', 'must be an IP address or a host name', address ?? 'nothing'));
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535)
    problems.push(problem('port', 'must be 1-65535', port ?? 'nothing'));
  if (typeof healthy !== 'boolean') problems.push(problem('healthy', 'must be true or false', healthy));
  if (problems.length > 0) return problems;
  const at = `${hostInUrl(address as string)}:${port as number}`;
  const key = parseInstanceKey(env, service, at);
  const status = healthy === true ? 'up' : 'waiting';
  const registration = parseRegistration({ addrs: [`http://${at}`], version, status }, defaults);
  if (!Array.isArray(key) && !Array.isArray(registration)) return { key, registration };
  return [...(Array.isArray(key) ? key : []), ...(Array.isArray(registration) ? registration : [])].map(inTheirWords);
}

/** Our fields, as callers of this front know them. */
function inTheirWords(found: Problem): Problem {
  if (found.field === 'appid') return { ...found, field: 'name' };
  return found.field.startsWith('addrs') || found.field === 'instance' ? { ...found, field: 'address' } : found;
}

/** All instances of the service and version; undefined: there are none. */
function instancesOf({ control, env }: FrontContext, request: FastifyRequest): readonly InstanceRecord[] | undefined {
  const { service, version } = request.params as Params;
  const appid = parseAppid(service);
  if (typeof appid !== 'string') return undefined;
  const found = control.apps.matching({ env, appid }, { version });
  return found.length === 0 ? undefined : found;
}

function getAddresses(context: FrontContext, request: FastifyRequest, reply: FastifyReply): void {
  const found = instancesOf(context, request);
  if (found === undefined) {
    reply.code(404).send(failed([]));
    return;
  }
  const up = found.filter(({ instance }) => instance.status === 'up');
  const addresses = up.flatMap(({ instance }) => instance.addrs.map(({ host, port }) => `${hostInUrl(host)}:${port}`));
  reply.header('cache-control', 'no-store').send({ addresses });
}

function heartbeat(context: FrontContext, request: FastifyRequest, reply: FastifyReply): void {
  const { renewals } = context.control;
  const actor = actorOf(request, 'tutorial');
  const now = renewals.now();
  const renewed = (instancesOf(context, request) ?? [])
    .filter(({ instance }) => isOfCaller(instance, request.ip))
    .filter(({ instance }) => renewals.renew(request.principal, actor, instance, now).kind === 'renewed');
  if (renewed.length === 0) reply.code(404).send(failed([]));
  else reply.send({ success: true });
}

function isOfCaller({ fronts }: Pick<Instance, 'fronts'>, address: string): boolean {
  const part = fronts?.tutorial;
  return part !== undefined && (JSON.parse(part.content) as { registeredFrom?: unknown }).registeredFrom === address;
}
