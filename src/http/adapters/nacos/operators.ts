// What clients and consoles ask about the server itself: its state, its servers, its namespaces, and logging in. The version is the one of
// Nacos whose API this is.

import type { NacosCall, NacosContext, NacosHandler } from './context.ts';
import { fault, missing, type Result } from './replies.ts';
import { publicNamespace } from './service-name.ts';

const metrics: NacosHandler = () => ({ kind: 'ok', data: '{"status":"UP"}' });

const alive: NacosHandler = () => ({ kind: 'ok', data: '"ok"', text: 'OK' });

function hostAndPort({ request }: NacosCall): { readonly host: string; readonly port: number } {
  const { hostname, port, protocol } = request;
  return { host: hostname, port: port ?? (protocol === 'https' ? 443 : 80) };
}

/** This server, where the client has found it. */
const servers: NacosHandler = (_context, call) => {
  const { host, port } = hostAndPort(call);
  const server = { ip: host, servePort: port, site: 'unknown', weight: 1, adWeight: 0, alive: true, lastRefTime: 0 };
  return { kind: 'ok', data: JSON.stringify({ servers: [{ ...server, key: `${host}:${port}` }] }) };
};

/** For clients that learn their servers from an address server. */
const serverList: NacosHandler = (_context, call) => {
  const { host, port } = hostAndPort(call);
  return { kind: 'ok', data: '""', text: `${host}:${port}\n` };
};

const state: NacosHandler = () => ({
  kind: 'ok',
  data: JSON.stringify({ version: '2.5.1', standalone_mode: 'standalone', function_mode: 'naming' }),
});

interface Namespace {
  readonly namespace: string;
  readonly namespaceShowName: string;
  readonly namespaceDesc: null;
  readonly quota: number;
  readonly configCount: number;
  readonly type: number;
}

/** Every env with an app that the caller may read, and `public`, which is always there. */
function namespacesOf({ control, env }: NacosContext, { caller }: NacosCall): readonly Namespace[] {
  const apps = [...control.view.apps()].filter((app) => caller.principal.may('read', app.env, app.appid));
  const others = new Set(apps.map((app) => app.env));
  others.delete(env);
  const common = { namespaceDesc: null, quota: 200, configCount: 0 };
  return [
    { namespace: '', namespaceShowName: publicNamespace, ...common, type: 0 },
    ...[...others].sort().map((name) => ({ namespace: name, namespaceShowName: name, ...common, type: 2 })),
  ];
}

/** The first version has a wrapper of its own. */
const namespaces: NacosHandler = (context, call) => {
  const all = JSON.stringify(namespacesOf(context, call));
  return { kind: 'ok', data: call.version === 'v2' ? all : `{"code":200,"message":null,"data":${all}}` };
};

/** Programs that find no configuration start without it. */
const config: NacosHandler = (_context, { request, version }): Result => {
  const text = 'config data not exist: rollcall serves the naming of Nacos and keeps no configuration';
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  return isRead || version === 'v2' ? fault(404, 'notFound', text) : { kind: 'page', status: 404, text };
};

/** As in the original. */
const lifeSeconds = 18_000;

/**
 * A name and its secret for an access token that lasts a while. On a server that asks for no credentials any name gets one, so that
 * clients which have a user configured work unchanged.
 */
const login: NacosHandler = ({ logins, clock }, { given, request }): Result => {
  const name = given.get('username');
  const secret = given.get('password');
  if (name === undefined || name === '') return missing('username');
  const outcome = logins.isOpen ? 'open' : logins.login(name, secret ?? '', request.ip, lifeSeconds * 1000);
  if (outcome !== 'open' && outcome.kind !== 'granted') {
    const isLimited = outcome.kind === 'limited';
    return isLimited
      ? fault(429, 'server', 'too many wrong passwords')
      : { kind: 'page', status: 403, text: 'unknown user!' };
  }
  const { token, isAdmin } = outcome === 'open' ? { token: 'open', isAdmin: false } : outcome;
  const tokenTtl =
    outcome === 'open' ? lifeSeconds : Math.max(1, Math.floor((outcome.expiresAtMs - clock.wallMs()) / 1000));
  const granted = { accessToken: token, tokenTtl, globalAdmin: isAdmin, username: name };
  return { kind: 'ok', data: JSON.stringify(granted), text: JSON.stringify(granted) };
};

const unknown: NacosHandler = () => ({ kind: 'page', status: 404, text: 'No message available' });

export const operators = { metrics, alive, servers, serverList, state, namespaces, config, login, unknown } as const;
