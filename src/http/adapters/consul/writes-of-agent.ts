// Writes of services at the agent: register, deregister, maintenance. A service whose id is that of another service of this
// front moves there, as in the original, where an id is the agent's own. Maintenance is a hold without an end.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { actorOf } from '../../auth/auth.ts';
import { jsonObjectOf } from '../front.ts';
import { queryOf } from '../parameters.ts';
import { isSet } from './blocking.ts';
import { type ConsulContext, type ConsulHandler, lastPart } from './consul-context.ts';
import { keyOf, registerService } from './registering.ts';
import { isFailed, sendEmpty, sendFailed, sendText, sendUnknownService } from './replies.ts';
import { readService } from './service-definition.ts';

const register: ConsulHandler = async (context, request, reply) => {
  const refuse = (text: string): FastifyReply => {
    context.control.commands.malformed('register');
    return sendText(reply, 400, text);
  };
  const body = jsonObjectOf(request.body);
  if ('fault' in body) return refuse(`Request decode failed: ${body.fault}`);
  const definition = readService(body.object, 'Name', '.Alias');
  if ('fault' in definition) return refuse(definition.fault);
  const key = keyOf(context, definition.name, definition.id);
  if ('fault' in key) return refuse(key.fault);
  const former = context.index.byId(definition.id, request.principal)?.instance;
  const replacesChecks = isSet(queryOf(request), 'replace-existing-checks');
  const placed = { key, host: request.ip, node: undefined, replacesChecks };
  const outcome = await registerService(context, request, definition, placed);
  if ('fault' in outcome) return refuse(outcome.fault);
  if (isFailed(outcome)) return sendFailed(reply, outcome);
  const isElsewhere = former !== undefined && former.appid !== key.appid && former.fronts?.consul !== undefined;
  // One of another caller stays: there an id is the agent's own, here each caller has its own.
  if (isElsewhere && request.principal.may('register', former.env, former.appid)) {
    const command = {
      kind: 'cancel',
      key: { env: former.env, appid: former.appid, instance: former.instance },
    } as const;
    const left = await context.control.commands.submit(request.principal, actorOf(request, 'consul'), command);
    if (isFailed(left) && left.kind !== 'unknown') return sendFailed(reply, left);
  }
  return sendEmpty(reply);
};

const deregister: ConsulHandler = async (context, request, reply) => {
  const key = foundKey(context, request);
  if (key === undefined) return sendUnknownService(reply, lastPart(request));
  const { commands, view } = context.control;
  const isHeld = view.find(key)?.instance.override?.until === 'unbounded';
  const actor = actorOf(request, 'consul');
  const outcome = await commands.submit(request.principal, actor, { kind: 'cancel', key });
  if (isFailed(outcome)) return sendFailed(reply, outcome);
  // Its maintenance leaves with it, as in the original; a hold with an end does not.
  if (isHeld) await commands.submit(request.principal, actor, { kind: 'up', key });
  return sendEmpty(reply);
};

const maintenance: ConsulHandler = async (context, request, reply) => {
  const query = queryOf(request);
  const enable = query.get('enable');
  if (enable === undefined || enable === '') return sendText(reply, 400, 'Missing value for enable');
  const isOn = /^(1|t|true)$/i.test(enable);
  if (!isOn && !/^(0|f|false)$/i.test(enable))
    return sendText(reply, 400, `Invalid value for enable: ${JSON.stringify(enable.slice(0, 80))}`);
  const key = foundKey(context, request);
  if (key === undefined) return sendUnknownService(reply, lastPart(request));
  const { commands } = context.control;
  const actor = actorOf(request, 'consul', query.get('reason') || undefined);
  const outcome = isOn
    ? await commands.submit(request.principal, actor, { kind: 'drain', key, holdUntilMs: 'unbounded' })
    : await commands.submit(request.principal, actor, { kind: 'up', key });
  return isFailed(outcome) ? sendFailed(reply, outcome) : sendEmpty(reply);
};

function foundKey({ index }: ConsulContext, request: FastifyRequest) {
  const found = index.byId(lastPart(request), request.principal)?.instance;
  return found === undefined ? undefined : { env: found.env, appid: found.appid, instance: found.instance };
}

export const agentWrites = { register, deregister, maintenance } as const;
