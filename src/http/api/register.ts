// `PUT /apps/{env}/{appid}/{instance}`: register or replace. The reply is the whole contract of what follows: under
// which DNS names the instance is found, until when, and the very command that keeps it there.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { dnsNames } from '../../model/dns-names.ts';
import { isObject, isSameRegistration, parseRegistration, type Registration } from '../../model/instance.ts';
import type { InstanceRecord } from '../../model/instance-record.ts';
import { type InstanceKey, parseInstanceKey } from '../../model/names.ts';
import type { Problem } from '../../model/problem.ts';
import type { RegisterOutcome } from '../../registry/registry.ts';
import { inBody, invalidRequest, sendProblem } from '../server/problem-details.ts';
import { refuseToWrite } from '../server/unavailable.ts';
import { parseDirtyAt } from './dirty-at.ts';
import { instanceTag, isMatch, isNotModified } from './entity-tag.ts';
import { instanceDocument, instanceName, instancePath, leaseEndsAt } from './instance-document.ts';
import { QueryReader } from './query-reader.ts';
import { readReason } from './reason.ts';
import { actorOf, failedPrecondition, type InstanceParams, type WriteContext, whenDurable } from './write-context.ts';

/** Handles the call; the body has been read as JSON. */
export function register(context: WriteContext, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { registry, log } = context;
  const parsed = parseRequest(context, request);
  if ('what' in parsed) {
    log.count.registration('invalid');
    return sendProblem(reply, invalidRequest(parsed.what, parsed.problems));
  }
  const { key, registration, dirtyAtMs, reason } = parsed;
  const ifAbsent = request.headers['if-none-match']?.trim() === '*';
  const before = registry.find(key);
  if (!isWanted(request, before, ifAbsent)) {
    log.count.registration('precondition');
    return sendProblem(reply, failedPrecondition(key, 'register', request, before?.revision));
  }
  if (context.storeTrouble() !== undefined && !isThere(before, registration)) {
    return refuseToWrite({ ...context, counters: log.count }, reply);
  }
  const outcome = registry.register(key, registration, { ifAbsent, dirtyAtMs, by: actorOf(request, reason) });
  log.count.registration(outcome.kind);
  if ('problem' in outcome) return refuse(context, request, reply, key, outcome);
  if (outcome.kind === 'exists') return sendExisting(context, reply, outcome.stored);
  return accept(context, request, reply, outcome.kind, outcome.stored, reason);
}

/** Nothing but the lease would change. */
function isThere(before: InstanceRecord | undefined, registration: Registration): boolean {
  return before !== undefined && isSameRegistration(before.instance, registration);
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
function parseRequest(context: WriteContext, request: FastifyRequest): Parsed {
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

/** The preconditions other than `If-None-Match: *`, which the registry decides. */
function isWanted(request: FastifyRequest, before: InstanceRecord | undefined, ifAbsent: boolean): boolean {
  const tag = before === undefined ? undefined : instanceTag(before.revision);
  return isMatch(request, tag) && (ifAbsent || tag === undefined || !isNotModified(request, tag));
}

type Refusal = Exclude<Extract<RegisterOutcome, { readonly problem: Problem }>, { readonly kind: 'not-yours' }>;

function refuse(
  context: WriteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  key: InstanceKey,
  outcome: Refusal,
): FastifyReply {
  const { problem } = outcome;
  const what = `Cannot register ${instanceName(key)}`;
  if (outcome.kind === 'invalid') return sendProblem(reply, invalidRequest(what, [problem]));
  if (outcome.kind === 'full') {
    context.log.count.refused(outcome.what);
    context.log.refused(problem.message, request, key);
  }
  return sendProblem(reply, {
    kind: outcome.kind,
    detail: `${what}: ${problem.field} ${problem.message}.`,
    errors: [problem],
  });
}

function sendExisting(context: WriteContext, reply: FastifyReply, stored: InstanceRecord): FastifyReply {
  return sendProblem(reply, {
    kind: 'exists',
    detail: `Cannot register ${instanceName(stored.instance)} as new: it is there already, and If-None-Match: * was asked for.`,
    members: { stored: instanceDocument(stored, context.clock) },
    headers: { etag: instanceTag(stored.revision) },
  });
}

type Accepted = 'created' | 'replaced' | 'unchanged' | 'outdated';

function accept(
  context: WriteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  kind: Accepted,
  stored: InstanceRecord,
  reason: string | undefined,
): FastifyReply {
  const { log } = context;
  const { instance, revision } = stored;
  if (kind === 'unchanged') log.routine('unchanged', request, instance, revision);
  else log.decided(kind === 'created' ? 'registered' : kind, request, instance, revision, reason);
  const document = registrationReply(context, request, kind, stored);
  reply.header('etag', instanceTag(revision));
  return whenDurable(context, reply, () => {
    if (kind === 'created') reply.code(201).header('location', `${context.publicUrl}${instancePath(instance)}`);
    reply.send(document);
  });
}

function registrationReply(context: WriteContext, request: FastifyRequest, outcome: Accepted, stored: InstanceRecord) {
  const { clock, origin } = context;
  const { instance } = stored;
  return {
    ...instanceDocument(stored, clock),
    outcome,
    dnsNames: dnsNames(instance, origin),
    ...(instance.health === undefined ? renewal(context, request, stored) : {}),
  };
}

/** What an instance without checks has to do next. */
function renewal(context: WriteContext, request: FastifyRequest, stored: InstanceRecord) {
  return {
    renewBefore: leaseEndsAt(stored, context.clock),
    renewEverySeconds: Math.max(1, Math.floor(stored.instance.leaseSeconds / 3)),
    renewWith: renewCommand(context, request, stored.instance),
  };
}

/** A `Host` that can stand in a URL and in single quotes of a shell as it is. */
const plainHost = /^[A-Za-z0-9._:[\]-]{1,261}$/;

/** The command that renews the lease, to be pasted as it is; only the token is left to the environment. */
function renewCommand({ publicUrl, hasTokens }: WriteContext, request: FastifyRequest, key: InstanceKey): string {
  const at = publicUrl === '' ? `${request.protocol}://${hostOf(request)}` : publicUrl;
  // Double quotes: the shell has to put the token in.
  const token = hasTokens ? ` -H "authorization: Bearer $ROLLCALL_TOKEN"` : '';
  const dots = key.instance === '.' || key.instance === '..' ? ' --path-as-is' : '';
  return `curl -fsS${dots} -X PUT${token} '${at}${instancePath(key)}/renew'`;
}

function hostOf(request: FastifyRequest): string {
  return plainHost.test(request.host) ? request.host : ownAddress(request);
}

/** The address that the request came to, for a request of HTTP/1.0 that does not say. */
function ownAddress(request: FastifyRequest): string {
  const { localAddress = 'localhost', localPort = 80 } = request.socket;
  return `${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`;
}
