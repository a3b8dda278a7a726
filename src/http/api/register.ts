// `PUT /apps/{env}/{appid}/{instance}`: register or replace. The reply is the whole contract of what follows: under
// which DNS names the instance is found, until when, and the very command that keeps it there.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { answeringNames } from '../../model/dns-names.ts';
import { isObject, parseRegistration, type Registration } from '../../model/instance.ts';
import type { InstanceRecord } from '../../model/instance-record.ts';
import { type InstanceKey, parseInstanceKey } from '../../model/names.ts';
import type { RegisterOutcome } from '../../model/outcome.ts';
import type { Problem } from '../../model/problem.ts';
import { actorOf } from '../auth/auth.ts';
import {
  instanceDocument,
  instanceName,
  instancePath,
  leaseEndsAt,
  replication,
} from '../documents/instance-document.ts';
import { refuseUnreadableBody } from '../server/json-body.ts';
import { inBody, invalidRequest, sendProblem } from '../server/problem-details.ts';
import type { ApiContext, InstanceParams } from './api-context.ts';
import { preconditionOf, revisionTag } from './entity-tag.ts';
import { parseDirtyAt } from './moment.ts';
import { QueryReader } from './query-reader.ts';
import { readReason } from './reason.ts';
import { isRefusal, sendRefusal } from './refusals.ts';
import { renewCommand } from './renew-command.ts';
import {
  instanceParams,
  problemAnswer,
  registrationBody,
  registrationReply as replySchema,
  writeQuery,
} from './schemas.ts';

/** Adds the call to a scope whose prefix is /api/v1. */
export function addRegisterRoute(scope: FastifyInstance, context: ApiContext): void {
  const schema = {
    summary: 'Register or replace an instance',
    description: 'The reply has its DNS names and the call that renews its lease. `If-None-Match: *`: only if new.',
    tags: ['instances'],
    params: instanceParams,
    querystring: writeQuery,
    body: registrationBody,
    response: { 200: replySchema, 201: replySchema, '4xx': problemAnswer, 507: problemAnswer },
  };
  const options = { preHandler: refuseUnreadableBody, schema };
  scope.put('/apps/:env/:appid/:instance', options, async (request, reply) => register(context, request, reply));
}

/** Handles the call; the body has been read as JSON. */
async function register(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { control, life } = context;
  const parsed = parseRequest(context, request);
  if ('what' in parsed) {
    control.commands.malformed('register');
    return sendProblem(reply, invalidRequest(parsed.what, parsed.problems));
  }
  const { key, registration, dirtyAtMs, reason } = parsed;
  const precondition = preconditionOf(request, life);
  const command = { kind: 'register' as const, key, registration, dirtyAtMs, precondition };
  const outcome = await control.commands.submit(request.principal, actorOf(request, 'api', reason), command);
  if (isRefusal(outcome)) return sendRefusal(request, reply, life, 'register', key, outcome);
  if ('problem' in outcome) return refuse(reply, key, outcome);
  if (outcome.kind === 'exists') return sendExisting(context, reply, outcome.stored);
  const { instance, revision } = outcome.stored;
  if (outcome.kind === 'created') reply.code(201).header('location', `${context.publicUrl}${instancePath(instance)}`);
  const document = registrationReply(context, request, outcome.kind, outcome.stored);
  return reply.header('etag', revisionTag(life, revision)).send({ ...document, ...replication(outcome) });
}

type Parsed =
  | {
      readonly key: InstanceKey;
      readonly registration: Registration;
      readonly dirtyAtMs: number | undefined;
      readonly reason: string | undefined;
    }
  | { readonly what: string; readonly problems: readonly Problem[] };

/** Path, query and body in one go: all problems of them. */
function parseRequest(context: ApiContext, request: FastifyRequest): Parsed {
  const { body } = request;
  const params = request.params as InstanceParams;
  const query = new QueryReader(request, ['reason']);
  const reason = readReason(query);
  const key = parseInstanceKey(params.env, params.appid, params.instance);
  const { dirtyAt, ...fields } = isObject(body) ? body : {};
  const registration = parseRegistration(isObject(body) ? fields : body, context.defaults);
  const dirtyAtMs = parseDirtyAt(dirtyAt, context.clock.wallMs());
  const problems: Problem[] = [...(Array.isArray(key) ? key : []), ...query.problems];
  if (Array.isArray(registration)) problems.push(...inBody(registration));
  if (typeof dirtyAtMs === 'object') problems.push(...inBody([dirtyAtMs]));
  const isSound = !Array.isArray(key) && !Array.isArray(registration) && typeof dirtyAtMs !== 'object';
  if (isSound && problems.length === 0) return { key, registration, dirtyAtMs, reason };
  return {
    what: Array.isArray(key) ? 'Cannot register an instance' : `Cannot register ${instanceName(key)}`,
    problems,
  };
}

type Declined = Extract<RegisterOutcome, { readonly kind: 'conflict' | 'invalid' | 'full' }>;

function refuse(reply: FastifyReply, key: InstanceKey, { kind, problem }: Declined): FastifyReply {
  const what = `Cannot register ${instanceName(key)}`;
  if (kind === 'invalid') return sendProblem(reply, invalidRequest(what, [problem]));
  return sendProblem(reply, { kind, detail: `${what}: ${problem.field} ${problem.message}.`, errors: [problem] });
}

function sendExisting({ clock, life }: ApiContext, reply: FastifyReply, stored: InstanceRecord): FastifyReply {
  return sendProblem(reply, {
    kind: 'exists',
    detail: `Cannot register ${instanceName(stored.instance)} as new: it is there already, and If-None-Match: * was asked for.`,
    members: { stored: instanceDocument(stored, clock) },
    headers: { etag: revisionTag(life, stored.revision) },
  });
}

function registrationReply(
  context: ApiContext,
  request: FastifyRequest,
  outcome: 'created' | 'replaced' | 'unchanged' | 'outdated',
  stored: InstanceRecord,
) {
  const { clock, origin } = context;
  const { instance } = stored;
  const hidden = context.hiddenNames(instance);
  return {
    ...instanceDocument(stored, clock),
    outcome,
    dnsNames: answeringNames(instance, origin, hidden),
    ...(hidden.length === 0 ? {} : { hidden }),
    ...(instance.health === undefined ? renewal(context, request, stored) : {}),
  };
}

/** What an instance without checks has to do next. */
function renewal({ clock, hasTokens, publicUrl }: ApiContext, request: FastifyRequest, stored: InstanceRecord) {
  return {
    renewBefore: leaseEndsAt(stored, clock),
    renewEverySeconds: Math.max(1, Math.floor(stored.instance.leaseSeconds / 3)),
    renewWith: renewCommand(request, stored.instance, { hasTokens, publicUrl }),
  };
}
