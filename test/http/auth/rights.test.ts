// No route answers without its right: every call of the API's description is tried by every kind of principal, at an app
// that its rights cover and at one that they do not.

import type { InjectOptions } from 'fastify';
import { describe, expect, test } from 'vitest';
import type { ClusterStatus, ClusterView } from '../../../src/model/cluster-status.ts';
import { Right } from '../../../src/model/principal.ts';
import { bearer, type CredentialWorld, credentialWorld, entry } from '../../kit/http/credential-world.ts';
import type { Json, Reply } from '../../kit/http/http-world.ts';

const file = [
  ...Right.map((right) => entry(right, `{ rights: [${right}] }`)),
  ...Right.map((right) => entry(`${right}-team`, `{ rights: [${right}], env: prod, app: team-* }`)),
  entry('nothing', ''),
].join('');

const cluster: ClusterView = {
  status: (): ClusterStatus => {
    throw new Error('is not asked for here');
  },
  forget: async () => 'unknown',
} as object as ClusterView;

function world(): CredentialWorld {
  const made = credentialWorld(file, {
    control: { cluster },
    deps: { adapters: { names: ['consul', 'eureka', 'discovery', 'tutorial'], env: 'prod' } },
  });
  return made;
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly right: string;
}

const open = ['/healthz', '/readyz'];

async function callsOf({ app }: CredentialWorld): Promise<Call[]> {
  const { paths } = (await app.inject('/openapi.json')).json() as { paths: Record<string, Record<string, Json>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, call]) => ({
      method: method.toUpperCase(),
      path,
      right: String(call['x-right']),
    })),
  );
}

/** The URL of a call about this app. */
function urlOf(path: string, appid: string): string {
  const values: Readonly<Record<string, string>> = {
    env: 'prod',
    appid,
    app: appid,
    service: appid,
    instance: 'i1',
    id: 'i1',
    version: '1',
    vip: 'v',
    node: 'n',
  };
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? 'x');
}

/** Was it admitted? It may still be refused for another fault. */
function isLetIn({ statusCode, body }: Reply): boolean {
  return statusCode !== 401 && statusCode !== 403 && !body.includes('"code":-403') && !body.includes('"code":-401');
}

/** Answers at once, also of streams. */
const query: Readonly<Record<string, string>> = {
  '/api/v1/resolve': '?name=team-a.prod.svc',
  '/discovery/fetch': '?env=prod&appid=team-a&status=1',
  '/discovery/fetchs': '?env=prod&appid=team-a&status=1',
  // The server itself: an app that is not there would be waited for.
  '/discovery/poll': '?env=prod&appid=infra.discovery&hostname=h',
  '/discovery/polls': '?env=prod&appid=infra.discovery&hostname=h&latest_timestamp=0',
};

async function tryCall(made: CredentialWorld, call: Call, who: string | undefined, appid: string): Promise<Reply> {
  const headers = who === undefined ? {} : bearer(who);
  const method = call.path === '/api/v1/watch' ? 'HEAD' : call.method;
  const url = urlOf(call.path, appid) + (query[call.path] ?? '');
  return made.app.inject({ method, url, headers } as InjectOptions);
}

/** What each right lets in, where it holds everywhere. */
function isRight(right: string, held: string): boolean {
  return right === 'any' || held === 'admin' || right === held;
}

describe('every route', () => {
  test('names the right it needs', async () => {
    const calls = await callsOf(world());
    expect(calls.length).toBeGreaterThan(40);
    for (const { path, right } of calls) {
      expect({ path, right }).toEqual({
        path,
        right: open.includes(path) ? 'undefined' : expect.stringMatching(/^(?:any|read|register|operate|metrics)$/),
      });
    }
    expect(calls.find(({ path }) => path === '/metrics')?.right).toBe('metrics');
  });

  test('answers 401 to callers without credentials, and with wrong ones, but for the open ones', async () => {
    const made = world();
    for (const call of await callsOf(made)) {
      const isOpen = open.includes(call.path);
      const { statusCode } = await tryCall(made, call, undefined, 'team-a');
      // Consul's clients know 403 alone.
      const refused = call.path.startsWith('/v1/') ? 403 : 401;
      expect({ call, status: statusCode === refused }).toEqual({ call, status: !isOpen });
      if (isOpen) continue;
      const reply = await tryCall(made, call, 'somebody-else', 'team-a');
      expect({ call, is: !isLetIn(reply) || reply.statusCode === 429 || reply.body.includes('"code":-509') }).toEqual({
        call,
        is: true,
      });
    }
  });

  test.each(Right)('lets in %s where that is its right, and nowhere else', async (held) => {
    const made = world();
    for (const call of await callsOf(made)) {
      if (open.includes(call.path)) continue;
      const reply = await tryCall(made, call, held, 'team-a');
      // A hold is the operator's, a drain the registrant's.
      const isDrain = call.path.endsWith('/drain') && held === 'operate' && reply.statusCode === 403;
      if (call.path === '/api/v1/nodes' && isRight(call.right, held)) continue;
      expect({ call, isLetIn: isLetIn(reply) || isDrain }).toEqual({
        call,
        isLetIn: isRight(call.right, held) || isDrain,
      });
    }
  });

  test('admits no client that only has the right to ask who it is', async () => {
    const made = world();
    for (const call of await callsOf(made)) {
      if (open.includes(call.path) || call.right === 'any') continue;
      const reply = await tryCall(made, call, 'nothing', 'team-a');
      expect({ call, isLetIn: isLetIn(reply) }).toEqual({ call, isLetIn: false });
    }
  });

  test.each(Right)('keeps %s of one team out of the app of another', async (held) => {
    const made = world();
    for (const call of await callsOf(made)) {
      const isOfApp = /\{(?:appid|app|service)\}/.test(call.path);
      if (!isOfApp) continue;
      const other = await tryCall(made, call, `${held}-team`, 'other');
      expect({ call, isLetIn: isLetIn(other) }).toEqual({ call, isLetIn: false });
    }
  });

  test('that is of all apps needs its right everywhere', async () => {
    const made = world();
    const all = [
      'GET /api/v1/refusals',
      'DELETE /api/v1/nodes/n',
      'GET /api/v1/export',
      'POST /api/v1/import',
      'GET /api/v1/zones',
    ];
    for (const call of all) {
      const [method, url] = call.split(' ') as [string, string];
      const right = url.includes('zones') ? 'read' : 'operate';
      const own = await made.app.inject({ method, url, headers: bearer(`${right}-team`) } as InjectOptions);
      expect({ call, status: own.statusCode }).toEqual({ call, status: 403 });
      const every = await made.app.inject({ method, url, headers: bearer(right) } as InjectOptions);
      expect(every.statusCode).not.toBe(403);
    }
  });
});

describe('a refusal', () => {
  test('names the right, the place and the caller, and no secret', async () => {
    const { call, control } = credentialWorld(entry('deploy', '{ rights: [read], env: prod }'));
    const reply = await call('PUT', '/apps/prod/orders/a1', { addrs: ['http://10.0.0.7:1'] }, bearer('deploy'));
    expect(reply.statusCode).toBe(403);
    expect(reply.json()).toMatchObject({
      type: 'urn:rollcall:problem:forbidden',
      right: 'register',
      who: 'token deploy',
    });
    expect(reply.body).toContain('prod/orders');
    expect(reply.body).not.toContain('secret');
    expect(control.refusedCalls.latest(9)).toMatchObject([
      { reason: 'right', who: 'token deploy', missing: 'register', where: 'prod/orders', count: 1 },
    ]);
  });

  test('is counted and not listed twice, and there is an end to the list', async () => {
    const { call, control } = credentialWorld(
      entry('deploy', '{ rights: [read] }') + entry('ops', '{ rights: [operate] }'),
    );
    for (let time = 0; time < 3; time++) await call('DELETE', '/apps/prod/orders/a1', undefined, bearer('deploy'));
    for (let app = 0; app < 1100; app++) await call('DELETE', `/apps/prod/a${app}/a1`, undefined, bearer('deploy'));
    const { refusals } = (await call('GET', '/refusals?limit=1000', undefined, bearer('ops'))).json() as {
      refusals: Json[];
    };
    expect(refusals).toHaveLength(1000);
    expect(refusals[0]).toMatchObject({ where: 'prod/a1099', count: 1 });
    expect(control.refusedCalls.latest(5000)).toHaveLength(1000);
  });
});
