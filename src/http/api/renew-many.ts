// `POST /renew`: many renewals in one call, a result for each, in order; one that is wrong does not stop the others.
// This is how a large fleet renews, by agents, so it costs about a microsecond a renewal: a body in its common form is read
// in one go (common-renewals.ts), the clock is read once for all, names are looked up as they came and parsed only when
// nothing is found, and the reply is put together as text.
// Limit: `renewalsMax` a call.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Renewals } from '../../control/renewals.ts';
import type { Actor } from '../../model/change.ts';
import { isObject } from '../../model/instance.ts';
import type { InstanceRecord } from '../../model/instance-record.ts';
import type { InstanceKey } from '../../model/names.ts';
import type { Principal } from '../../model/principal.ts';
import { type Problem, problem } from '../../model/problem.ts';
import type { Moment } from '../../runtime/clock.ts';
import { actorOf } from '../auth/auth.ts';
import { leaseEndsAt } from '../documents/instance-document.ts';
import { refuseUnreadableBody } from '../server/json-body.ts';
import { inBody, invalidRequest, sendProblem } from '../server/problem-details.ts';
import type { ApiContext } from './api-context.ts';
import { type CommonRenewal, CommonRenewals, readCommonRenewals, renewalsMax } from './common-renewals.ts';
import { uncertain } from './renew.ts';
import { problemAnswer, renewManyBody, renewManyReply } from './schemas.ts';

interface Renewal {
  readonly env: unknown;
  readonly appid: unknown;
  readonly instance: unknown;
  readonly status: 'renewed' | 'unknown' | 'invalid';
  readonly renewBefore?: string | null;
  readonly problems?: readonly Problem[];
}

/** Adds the call to a scope whose prefix is /api/v1. */
export function addRenewManyRoute(scope: FastifyInstance, context: ApiContext): void {
  const options = {
    bodyLimit: context.renewManyBytes,
    config: { readCommon: readCommonRenewals },
    preHandler: refuseUnreadableBody,
    schema: {
      summary: 'Renew many leases',
      description: 'A result for each, in order; an unknown instance does not stop the others.',
      tags: ['instances'],
      body: renewManyBody,
      response: { 200: renewManyReply, '4xx': problemAnswer },
    },
  };
  scope.post('/renew', options, (request, reply) => {
    const seeking = context.control.renewals.sought(() => keysIn(request.body));
    if (seeking === undefined) return void renewMany(context, request, reply);
    void seeking.then((found) => {
      // Those that are here are renewed all the same.
      if (typeof found !== 'object') return renewMany(context, request, reply);
      const call = new Call(context.control.renewals, request);
      for (const [index, key] of keysIn(request.body).entries()) call.renew(key, index);
      return uncertain(reply, found.reason);
    });
  });
}

/** Those that are in the form of a renewal: the others are refused. */
function keysIn(body: unknown): readonly InstanceKey[] {
  const list: unknown = body instanceof CommonRenewals ? body.entries : isObject(body) ? body['instances'] : undefined;
  if (!Array.isArray(list) || list.length > renewalsMax) return [];
  return (list as readonly unknown[]).flatMap((entry) => {
    const { env, appid, instance } = (isObject(entry) ? entry : {}) as Partial<Record<keyof InstanceKey, unknown>>;
    const isKey = typeof env === 'string' && typeof appid === 'string' && typeof instance === 'string';
    return isKey ? [{ env, appid, instance }] : [];
  });
}

function renewMany({ control }: ApiContext, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { body } = request;
  const call = new Call(control.renewals, request);
  if (body instanceof CommonRenewals && body.entries.length <= renewalsMax) {
    return reply.header('content-type', 'application/json; charset=utf-8').send(call.renewCommon(body.entries));
  }
  const given: unknown = body instanceof CommonRenewals ? { instances: body.entries } : body;
  const problems = listProblems(given);
  if (problems.length > 0) return sendProblem(reply, invalidRequest('Cannot renew these instances', inBody(problems)));
  const { instances } = given as { readonly instances: readonly unknown[] };
  return reply.send({ results: instances.map((entry, index) => call.renew(entry, index)) });
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

/** One call: all its renewals happen at the same moment. */
class Call {
  readonly #renewals: Renewals;
  readonly #principal: Principal;
  readonly #actor: Actor;
  readonly #now: Moment;
  /** The end of the last result. */
  #last = { deadlineMs: Number.NaN, text: '' };

  constructor(renewals: Renewals, request: FastifyRequest) {
    this.#renewals = renewals;
    this.#principal = request.principal;
    this.#actor = actorOf(request, 'api');
    this.#now = renewals.now();
  }

  /** The body of the reply. What was asked is repeated as it came. */
  renewCommon(entries: readonly CommonRenewal[]): string {
    let results = '';
    let renewed = 0;
    for (const [index, entry] of entries.entries()) {
      if (index > 0) results += ',';
      const stored = this.#renewals.renewCounted(this.#principal, this.#actor, entry, this.#now);
      if (stored !== undefined) {
        renewed++;
        results += `{${entry.text}${this.#endOf(stored)}`;
      } else {
        const { env, appid, instance } = entry;
        results += JSON.stringify(this.renew({ env, appid, instance }, index));
      }
    }
    this.#renewals.counted(renewed);
    return `{"results":[${results}]}`;
  }

  renew(entry: unknown, index: number): Renewal {
    const { env, appid, instance } = (isObject(entry) ? entry : {}) as Partial<Record<keyof InstanceKey, unknown>>;
    const at = `instances[${index}]`;
    const problems = entryProblems(entry, at);
    if (problems.length > 0) {
      this.#renewals.malformed();
      return { env, appid, instance, status: 'invalid', problems: inBody(problems) };
    }
    const renewal = this.#renewals.renew(this.#principal, this.#actor, entry as InstanceKey, this.#now);
    switch (renewal.kind) {
      case 'renewed':
        return { env, appid, instance, status: 'renewed', renewBefore: this.#renewBefore(renewal.stored) };
      case 'invalid': {
        const found = renewal.problems.map((fault) => ({ ...fault, field: `${at}.${fault.field}` }));
        return { env, appid, instance, status: 'invalid', problems: inBody(found) };
      }
      case 'unknown':
        return { env, appid, instance, status: 'unknown' };
      default: {
        const found = [problem(at, 'must be an instance that the caller may renew')];
        return { env, appid, instance, status: 'invalid', problems: inBody(found) };
      }
    }
  }

  /** Leases of one length end at one time: the text is mostly made once a call. */
  #endOf(stored: InstanceRecord): string {
    const { deadlineMs } = stored;
    if (deadlineMs !== this.#last.deadlineMs) {
      this.#last = {
        deadlineMs,
        text: `,"status":"renewed","renewBefore":${JSON.stringify(this.#renewBefore(stored))}}`,
      };
    }
    return this.#last.text;
  }

  #renewBefore(stored: InstanceRecord): string | null {
    const { monotonicMs, wallMs } = this.#now;
    return leaseEndsAt(stored, { monotonicMs: () => monotonicMs, wallMs: () => wallMs });
  }
}

const keyFields = ['env', 'appid', 'instance'] as const;

function entryProblems(entry: unknown, at: string): Problem[] {
  if (!isObject(entry)) return [problem(at, 'must be an object { env, appid, instance }', entry)];
  const problems = Object.keys(entry)
    .filter((key) => !(keyFields as readonly string[]).includes(key))
    .map((key) => problem(`${at}.${key.slice(0, 63)}`, 'is not a field of a renewal'));
  for (const field of keyFields) {
    const value = entry[field];
    if (typeof value !== 'string') problems.push(problem(`${at}.${field}`, 'must be text', value ?? 'nothing'));
  }
  return problems;
}
