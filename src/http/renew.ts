// Renewals: `PUT …/renew` for one lease, `POST /renew` for many. The first is the hot call of the whole API (every
// instance, every 30 s), so it looks up the names as they came and parses them only when nothing is found: what is
// registered is canonical by itself. Its reply is put together as text, without a schema.
// Nothing is written down for a renewal: after a restart every lease starts afresh (design §6).

import type { FastifyReply, FastifyRequest } from 'fastify';
import { isObject } from '../registry/instance.ts';
import { type InstanceKey, parseInstanceKey } from '../registry/names.ts';
import { type Problem, problem } from '../registry/problem.ts';
import type { RenewOutcome } from '../registry/registry.ts';
import { leaseEndsAt } from './instance-document.ts';
import { UnreadableBody } from './json-body.ts';
import { inBody, invalidRequest, sendProblem } from './problem-details.ts';
import { type InstanceParams, instanceKeyOf, unknownInstance, type WriteContext } from './write-context.ts';

/** A few milliseconds of work, and what an agent with a host full of instances has to say. */
export const renewalsMax = 1000;

/** `PUT …/renew`. */
export function renew(context: WriteContext, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { log, registry } = context;
  const params = request.params as InstanceParams;
  if (request.body !== undefined && !isEmptyObject(request.body)) return refuseBody(request, reply);
  let outcome: RenewOutcome = registry.renew(params);
  if (outcome.kind === 'unknown') {
    const key = instanceKeyOf(params, 'renew', reply);
    if (key === undefined) {
      log.count.renewal('invalid');
      return reply;
    }
    outcome = registry.renew(key);
    if (outcome.kind === 'unknown') {
      log.count.renewal('unknown');
      return sendProblem(reply, unknownInstance(key, 'renew'));
    }
  }
  log.count.renewal('renewed');
  const { stored } = outcome;
  log.routine('renewed', request, stored.instance, stored.revision);
  const ends = JSON.stringify(leaseEndsAt(stored, context.clock));
  return reply
    .header('content-type', 'application/json; charset=utf-8')
    .send(`{"renewBefore":${ends},"leaseSeconds":${stored.instance.leaseSeconds},"revision":${stored.revision}}`);
}

function isEmptyObject(body: unknown): boolean {
  return isObject(body) && !(body instanceof UnreadableBody) && Object.keys(body).length === 0;
}

function refuseBody(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (request.body instanceof UnreadableBody) return sendProblem(reply, request.body.failure);
  const errors = inBody([
    problem('', 'must be empty or {}: a renewal changes nothing but the end of the lease', request.body),
  ]);
  return sendProblem(reply, invalidRequest('Cannot renew with this body', errors));
}

interface Renewal {
  readonly env: unknown;
  readonly appid: unknown;
  readonly instance: unknown;
  readonly status: 'renewed' | 'unknown' | 'invalid';
  readonly renewBefore?: string | null;
  readonly problems?: readonly Problem[];
}

/** `POST /renew`: a result for each, in order; one that is wrong does not stop the others. */
export function renewMany(context: WriteContext, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { body } = request;
  const problems = listProblems(body);
  if (problems.length > 0) return sendProblem(reply, invalidRequest('Cannot renew these instances', inBody(problems)));
  const { instances } = body as { readonly instances: readonly unknown[] };
  const results = instances.map((entry, index) => renewOne(context, request, entry, `instances[${index}]`));
  return reply.send({ results });
}

function listProblems(body: unknown): Problem[] {
  if (!isObject(body)) return [problem('', 'must be a JSON object with a list "instances"', body ?? 'nothing')];
  const problems = Object.keys(body)
    .filter((key) => key !== 'instances')
    .map((key) => problem(key.slice(0, 63), 'is not a field of this call'));
  const { instances } = body as { readonly instances?: unknown };
  if (!Array.isArray(instances))
    problems.push(problem('instances', 'must be a list of { env, appid, instance }', instances ?? 'nothing'));
  else if (instances.length > renewalsMax) {
    problems.push(problem('instances', `must be at most ${renewalsMax}`, `${instances.length} instances`));
  }
  return problems;
}

function renewOne(context: WriteContext, request: FastifyRequest, entry: unknown, at: string): Renewal {
  const { log, registry } = context;
  const { env, appid, instance } = (isObject(entry) ? entry : {}) as Partial<Record<keyof InstanceKey, unknown>>;
  const key = keyOf(entry, at);
  if (Array.isArray(key)) {
    log.count.renewal('invalid');
    return { env, appid, instance, status: 'invalid', problems: key };
  }
  const outcome = registry.renew(key);
  log.count.renewal(outcome.kind);
  if (outcome.kind === 'unknown') return { env, appid, instance, status: 'unknown' };
  log.routine('renewed', request, outcome.stored.instance, outcome.stored.revision);
  return { env, appid, instance, status: 'renewed', renewBefore: leaseEndsAt(outcome.stored, context.clock) };
}

const keyFields = ['env', 'appid', 'instance'] as const;

function keyOf(entry: unknown, at: string): InstanceKey | Problem[] {
  if (!isObject(entry)) return inBody([problem(at, 'must be an object { env, appid, instance }', entry)]);
  const problems = Object.keys(entry)
    .filter((key) => !(keyFields as readonly string[]).includes(key))
    .map((key) => problem(`${at}.${key.slice(0, 63)}`, 'is not a field of a renewal'));
  for (const field of keyFields) {
    const value = entry[field];
    if (typeof value !== 'string') problems.push(problem(`${at}.${field}`, 'must be text', value ?? 'nothing'));
  }
  if (problems.length > 0) return inBody(problems);
  const { env, appid, instance } = entry as Record<keyof InstanceKey, string>;
  const key = parseInstanceKey(env, appid, instance);
  return Array.isArray(key) ? inBody(key.map((fault) => ({ ...fault, field: `${at}.${fault.field}` }))) : key;
}
