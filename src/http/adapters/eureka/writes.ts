// Eureka's writes. A heartbeat whose lastDirtyTimestamp is newer than what is stored is a 404, which has the client
// register again: that is how a changed instance gets through. A status in a heartbeat counts where it is another than
// the registrant sent last. An override is a hold without an end, UP the end of one.
// The lease is Eureka's durationInSecs, exact, where the original doubles it.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Instance } from '../../../model/instance.ts';
import { type InstanceKey, parseInstanceKey } from '../../../model/names.ts';
import { actorOf } from '../../auth/auth.ts';
import { appidOf } from '../app-name.ts';
import { isFailed } from '../failed-outcome.ts';
import { keptLiveness } from '../kept-liveness.ts';
import { queryOf } from '../parameters.ts';
import { problemText } from '../problem-text.ts';
import { decodeInstance, type EurekaRegistration } from './decode.ts';
import { appNameOf, contentOf, partOf, sentStatus } from './part.ts';
import { type EurekaContext, keyOf } from './reads.ts';
import { contentTypes, sendEmpty, sendError, sendFailed, sendSentence } from './replies.ts';
import { type EurekaStatus, eurekaStatusOf, wantedOf } from './status.ts';

type Handler = (context: EurekaContext, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

const register: Handler = async (context, request, reply) => {
  const { control, clock, defaults, env } = context;
  const appName = (request.params as { readonly app: string }).app.toUpperCase();
  const decoded = decodeInstance(request.body, appName, defaults, clock.wallMs());
  if ('fault' in decoded) {
    control.commands.malformed('register');
    if (decoded.unreadable !== true) return sendSentence(reply, 400, decoded.fault);
    const text = JSON.stringify({ error: 'cannot parse request body' });
    return reply.code(400).header('content-type', contentTypes.json).send(text.replace(':', ': '));
  }
  const appid = appidOf(appName);
  if (typeof appid !== 'string') {
    control.commands.malformed('register');
    return sendSentence(reply, 400, problemText([{ ...appid, field: 'app' }]));
  }
  const key = { env, appid, instance: decoded.id };
  const fault = idFault(key);
  if (fault !== undefined) {
    control.commands.malformed('register');
    return sendSentence(reply, 400, fault);
  }
  const command = { ...registerCommand(key, decoded), ...keptLiveness(control.view, key) };
  const outcome = await control.commands.submit(request.principal, actorOf(request, 'eureka'), command);
  return isFailed(outcome) ? sendFailed(request, reply, outcome) : sendEmpty(reply, 204);
};

function idFault({ env, appid, instance }: InstanceKey): string | undefined {
  const key = parseInstanceKey(env, appid, instance);
  return Array.isArray(key) ? problemText(key) : undefined;
}

function registerCommand(key: InstanceKey, { registration, appName, content, dirtyAtMs, given }: EurekaRegistration) {
  const keeps = ['group', 'tags', 'weight', 'priority', 'dnsTtl', 'checks'] as const;
  return {
    kind: 'register' as const,
    key,
    registration,
    dirtyAtMs,
    fronts: { eureka: partOf(appName, content) },
    keeps: [...keeps, ...(given.zone ? [] : ['zone' as const]), ...(given.version ? [] : ['version' as const])],
  };
}

const heartbeat: Handler = async (context, request, reply) => {
  const { view, renewals } = context.control;
  const key = keyOf(context, request);
  if (key === undefined) {
    renewals.malformed();
    return sendError(request, reply, 404);
  }
  const found = await renewals.sought(() => [key]);
  if (typeof found === 'object')
    return sendFailed(request, reply, { kind: 'no-quorum', reason: found.reason, isUnknown: false });
  const stored = view.find(key);
  const query = queryOf(request);
  const dirtyAtMs = Number(query.get('lastDirtyTimestamp') ?? 0);
  if (stored !== undefined && dirtyAtMs > stored.dirtyAtMs) return sendError(request, reply, 404);
  const actor = actorOf(request, 'eureka');
  const renewal = renewals.renew(request.principal, actor, key);
  if (renewal.kind === 'forbidden') return sendFailed(request, reply, { kind: 'forbidden', right: 'register' });
  if (renewal.kind !== 'renewed') return sendError(request, reply, 404);
  const status = eurekaStatusOf(query.get('status') ?? '');
  const { instance } = renewal.stored;
  return status === undefined || status === (sentStatus(contentOf(instance)) ?? status)
    ? sendEmpty(reply, 200)
    : setStatus(context, request, reply, instance, status);
};

/** The registrant's own status is another one. */
async function setStatus(
  { control }: EurekaContext,
  request: FastifyRequest,
  reply: FastifyReply,
  instance: Instance,
  status: EurekaStatus,
): Promise<FastifyReply> {
  const { env, appid, instance: id } = instance;
  const eureka = partOf(appNameOf(instance), { ...contentOf(instance), status });
  const patch = { status: wantedOf(status) };
  const command = { kind: 'patch', key: { env, appid, instance: id }, patch, fronts: { eureka } } as const;
  const outcome = await control.commands.submit(request.principal, actorOf(request, 'eureka'), command);
  return isFailed(outcome) ? sendFailed(request, reply, outcome) : sendEmpty(reply, 200);
}

const cancel: Handler = async (context, request, reply) => {
  const key = keyOf(context, request);
  if (key === undefined) return sendError(request, reply, 404);
  const command = { kind: 'cancel', key } as const;
  const outcome = await context.control.commands.submit(request.principal, actorOf(request, 'eureka'), command);
  return isFailed(outcome) ? sendFailed(request, reply, outcome) : sendEmpty(reply, 200);
};

const override: Handler = async (context, request, reply) => {
  const key = keyOf(context, request);
  if (key === undefined || context.control.view.find(key) === undefined) return sendError(request, reply, 404);
  const status = eurekaStatusOf(queryOf(request).get('value') ?? '');
  if (status === undefined) return sendError(request, reply, 500);
  const { commands } = context.control;
  const actor = actorOf(request, 'eureka', status);
  const outcome =
    status === 'UP'
      ? await commands.submit(request.principal, actor, { kind: 'up', key })
      : await commands.submit(request.principal, actor, { kind: 'drain', key, holdUntilMs: 'unbounded' });
  return isFailed(outcome) ? sendFailed(request, reply, outcome) : sendEmpty(reply, 200);
};

/** `value`: what the status is from now on. */
const endOverride: Handler = async (context, request, reply) => {
  const { commands, view } = context.control;
  const key = keyOf(context, request);
  if (key === undefined) return sendError(request, reply, 404);
  const outcome = await commands.submit(request.principal, actorOf(request, 'eureka'), { kind: 'up', key });
  if (isFailed(outcome)) return sendFailed(request, reply, outcome);
  const stored = view.find(key);
  const status = eurekaStatusOf(queryOf(request).get('value') ?? '');
  if (stored === undefined || status === undefined || wantedOf(status) === stored.instance.wanted)
    return sendEmpty(reply, 200);
  return setStatus(context, request, reply, stored.instance, status);
};

const metadata: Handler = async (context, request, reply) => {
  const key = keyOf(context, request);
  if (key === undefined) return sendError(request, reply, 404);
  const patch = { metadata: Object.fromEntries(queryOf(request).queryEntries()) };
  const command = { kind: 'patch', key, patch } as const;
  const outcome = await context.control.commands.submit(request.principal, actorOf(request, 'eureka'), command);
  return isFailed(outcome) ? sendFailed(request, reply, outcome) : sendEmpty(reply, 200);
};

export const writes = { register, heartbeat, cancel, override, endOverride, metadata } as const;
