// Eureka's reads. An app without instances is a 404, a vip without any an empty list, as in the original; the short form
// that `X-Eureka-Accept: compact` asks for is not made, since clients read the full one as well.

import { availableParallelism } from 'node:os';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { scopedView } from '../../../control/scoped-view.ts';
import type { InstanceRecord } from '../../../model/instance-record.ts';
import type { InstanceKey } from '../../../model/names.ts';
import type { AppScope } from '../../../model/scope.ts';
import { appidOf } from '../app-name.ts';
import type { FrontContext } from '../front.ts';
import { type Applications, application, applicationsText, formatted } from './applications.ts';
import type { Delta } from './delta.ts';
import { instanceInfo } from './instance-info.ts';
import { formOf, sendError, sendFailed, sendForm } from './replies.ts';
import { xmlText } from './xml-writer.ts';

export interface EurekaContext extends FrontContext {
  /** What a caller may read of it. */
  readonly applications: (scope: AppScope) => Applications;
  readonly delta: Delta;
}

type Handler = (context: EurekaContext, request: FastifyRequest, reply: FastifyReply) => FastifyReply;

/** Where an instance of the path is; undefined: the app's name cannot be one. */
export function keyOf({ env }: FrontContext, request: FastifyRequest): InstanceKey | undefined {
  const { app, id } = request.params as { readonly app: string; readonly id: string };
  const appid = appidOf(app);
  return typeof appid === 'string' ? { env, appid, instance: id } : undefined;
}

const all: Handler = ({ applications }, request, reply) => {
  const form = formOf(request);
  return sendForm(reply, form, applications(request.principal.scope('read')).text(form));
};

const delta: Handler = ({ applications, delta: changed, clock, control }, request, reply) => {
  const form = formOf(request);
  const scope = request.principal.scope('read');
  const version = String(control.view.revision);
  return sendForm(
    reply,
    form,
    applicationsText(form, version, applications(scope).hashcode, changed.applications(clock.wallMs(), scope)),
  );
};

const app: Handler = ({ control, env }, request, reply) => {
  const appid = appidOf((request.params as { readonly app: string }).app);
  if (typeof appid === 'string' && !request.principal.may('read', env, appid)) return sendUnreadable(request, reply);
  const found = typeof appid === 'string' ? control.view.app(env, appid) : undefined;
  if (found === undefined) return sendError(request, reply, 404);
  const form = formOf(request);
  return sendForm(reply, form, formatted(form, 'application', application(found)));
};

const instance: Handler = (context, request, reply) => {
  const key = keyOf(context, request);
  if (key !== undefined && !request.principal.may('read', key.env, key.appid)) return sendUnreadable(request, reply);
  return sendInstance(request, reply, key && context.control.view.find(key));
};

const anyApp: Handler = ({ control, env }, request, reply) => {
  const { id } = request.params as { readonly id: string };
  for (const one of scopedView(control.view, request.principal.scope('read')).apps(env)) {
    const found = one.byId(id);
    if (found !== undefined) return sendInstance(request, reply, found);
  }
  return sendError(request, reply, 404);
};

function sendUnreadable(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendFailed(request, reply, { kind: 'forbidden', right: 'read' });
}

function sendInstance(request: FastifyRequest, reply: FastifyReply, found: InstanceRecord | undefined): FastifyReply {
  if (found === undefined) return sendError(request, reply, 404);
  const form = formOf(request);
  return sendForm(reply, form, formatted(form, 'instance', instanceInfo(found)));
}

function byVip(field: 'vipAddress' | 'secureVipAddress'): Handler {
  return ({ applications }, request, reply) => {
    const { vip } = request.params as { readonly vip: string };
    const form = formOf(request);
    return sendForm(reply, form, applications(request.principal.scope('read')).byVip(form, field, vip));
  };
}

const status: Handler = ({ env }, request, reply) => {
  const url = `${request.protocol}://${request.host}/eureka/`;
  const document = {
    generalStats: { 'num-of-cpus': availableParallelism(), environment: env, server: 'rollcall' },
    applicationStats: { 'registered-replicas': url, 'available-replicas': url, 'unavailable-replicas': '' },
    instanceInfo: { hostName: request.hostname, status: 'UP' },
  };
  const form = formOf(request);
  return sendForm(
    reply,
    form,
    form === 'json' ? JSON.stringify(document) : xmlText('com.netflix.eureka.util.StatusInfo', document),
  );
};

export const reads = {
  all,
  delta,
  app,
  instance,
  anyApp,
  vip: byVip('vipAddress'),
  svip: byVip('secureVipAddress'),
  status,
} as const;
