// What the calls of Nacos's front share.

import type { FastifyRequest } from 'fastify';
import { actorOf } from '../../auth/auth.ts';
import type { FrontContext } from '../front.ts';
import type { Parameters } from '../parameters.ts';
import type { CreatedServices } from './created-services.ts';
import type { Caller, Naming } from './naming.ts';
import { type ApiVersion, fault, missing, type Result } from './replies.ts';
import type { ServiceInfos } from './service-info.ts';
import { type NacosService, serviceNameOf } from './service-name.ts';
import type { UdpPushes } from './udp-pushes.ts';

export interface NacosContext extends FrontContext {
  readonly naming: Naming;
  readonly infos: ServiceInfos;
  readonly services: CreatedServices;
  readonly udp: UdpPushes;
}

export interface NacosCall {
  readonly request: FastifyRequest;
  readonly given: Parameters;
  readonly version: ApiVersion;
  readonly caller: Caller;
}

export type NacosHandler = (context: NacosContext, call: NacosCall) => Result | Promise<Result>;

export function callerOf(request: FastifyRequest): Caller {
  return { principal: request.principal, actor: actorOf(request, 'nacos') };
}

export function mayRead({ caller }: NacosCall, { env, appid }: NacosService): boolean {
  return caller.principal.may('read', env, appid);
}

/** The service that a call names. */
export function serviceIn({ env }: FrontContext, { given }: NacosCall): NacosService | { readonly result: Result } {
  const service = given.get('serviceName');
  if (service === undefined || service === '') return { result: missing('serviceName') };
  const name = serviceNameOf({ namespace: given.get('namespaceId'), group: given.get('groupName'), service }, env);
  return 'fault' in name ? { result: fault(400, 'invalid', `Param ${name.fault}`) } : name;
}
