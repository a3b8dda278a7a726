// The API of Nacos's naming, below /nacos: the first HTTP version, which clients of 1.x speak, and the second, which is the same in
// a wrapper. Clients of 2.x and 3.x speak gRPC, which is in grpc/. The namespace `public` is the env of the setting `adapterEnv`.
// Not here: configuration, which is refused, and messages between Nacos servers.

import type { FastifyContextConfig, FastifyInstance, FastifyRequest } from 'fastify';
import type { Front } from '../front.ts';
import { parametersOf, queryOf } from '../parameters.ts';
import { callerOf, type NacosCall, type NacosContext, type NacosHandler } from './context.ts';
import { CreatedServices } from './created-services.ts';
import { instances } from './instances.ts';
import { Naming } from './naming.ts';
import { operators } from './operators.ts';
import { type ApiVersion, sendRefused, sendResult } from './replies.ts';
import { ServiceInfos } from './service-info.ts';
import { services } from './services.ts';
import { UdpPushes } from './udp-pushes.ts';

export const nacos: Front = {
  name: 'nacos',
  prefix: '/nacos',
  credentials: { scheme: 'accessToken', tokenOf: accessTokenOf },
  refuse: sendRefused,
  readsBy: 'app',
  add(scope, context) {
    const { control, clock } = context;
    const services = context.nacosServices ?? new CreatedServices();
    const infos = new ServiceInfos(control.view, clock, services);
    const udp = new UdpPushes({ control, infos });
    scope.addHook('onClose', async () => udp.close());
    addCalls(scope, { ...context, naming: new Naming(context), infos, services, udp });
  },
};

/** A client that has logged in shows it in the query, newer ones in a header; npm nacos shows its secret with each call. */
function accessTokenOf(request: FastifyRequest): string | undefined {
  const header = request.headers['accesstoken'];
  const query = queryOf(request);
  const token = query.get('accessToken') || (typeof header === 'string' ? header : undefined);
  return token || query.get('password') || undefined;
}

type Method = 'get' | 'post' | 'put' | 'delete' | 'patch';

function addCalls(scope: FastifyInstance, context: NacosContext): void {
  const tags = ['nacos'];
  const any = { right: 'any' } as const;
  const add = (
    methods: Method | readonly Method[],
    path: string,
    summary: string,
    handler: NacosHandler,
    rights: Pick<FastifyContextConfig, 'right' | 'orRight'> = {},
  ): void => {
    const version: ApiVersion = path.startsWith('/v2/') ? 'v2' : 'v1';
    const options = { schema: { summary, tags }, config: { ...rights, isRenewal: path.endsWith('/beat') } };
    for (const method of [methods].flat() as readonly Method[])
      scope[method](path, options, async (request, reply) => {
        const call: NacosCall = { request, given: parametersOf(request), version, caller: callerOf(request) };
        return sendResult(request, reply, version, await handler(context, call));
      });
  };
  for (const base of ['/v1/ns', '/v2/ns']) {
    add('post', `${base}/instance`, 'Register an instance', instances.register);
    add('delete', `${base}/instance`, 'Deregister an instance', instances.deregister);
    add(['put', 'patch'], `${base}/instance`, 'Change an instance', instances.update, { orRight: 'operate' });
    add('get', `${base}/instance`, 'An instance', instances.one);
    add('put', `${base}/instance/beat`, 'Renew an instance', instances.beat);
    add('get', `${base}/instance/list`, 'Instances of a service', instances.list);
    for (const path of ['/health/instance', '/health'])
      add('put', `${base}${path}`, 'Set the health of an instance', instances.setHealth);
    add('get', `${base}/service/list`, 'Names of services', services.list);
    add('post', `${base}/service`, 'Create a service', services.create);
    add('put', `${base}/service`, 'Change a service', services.update);
    add('get', `${base}/service`, 'A service', services.show);
    add('delete', `${base}/service`, 'Delete a service', services.remove);
    add('get', `${base}/operator/metrics`, 'The state of the server', operators.metrics, any);
    add('get', `${base}/operator/servers`, 'Servers', operators.servers, any);
  }
  for (const path of ['/v1/auth/login', '/v1/auth/users/login', '/v3/auth/user/login'])
    add('post', path, 'An access token for a name and its secret', operators.login, { right: 'open' });
  for (const path of ['/v1/console/health/liveness', '/v1/console/health/readiness'])
    add('get', path, 'Whether the server is alive', operators.alive, { right: 'open' });
  for (const path of ['/v1/console/server/state', '/v2/console/server/state'])
    add('get', path, 'The version of the server', operators.state, any);
  for (const path of ['/v1/console/namespaces', '/v2/console/namespace/list'])
    add('get', path, 'Namespaces', operators.namespaces);
  add('get', '/serverlist', 'Servers, one a line', operators.serverList, any);
  const all = ['get', 'post', 'put', 'delete'] as const;
  for (const path of ['/v1/cs/*', '/v2/cs/*']) add(all, path, 'Configuration, which is refused', operators.config, any);
  add(all, '/*', 'Anything else', operators.unknown, any);
}
