// discovery's API over our use cases: what its clients send and get, how they wait, and what other fronts see of it.

import { setImmediate } from 'node:timers/promises';
import type { InjectOptions } from 'fastify';
import { expect, test } from 'vitest';
import { createWorld, type Json, type Reply, type WorldOptions } from '../../../kit/http/http-world.ts';
import { keyOf } from '../../../kit/registry/harness.ts';

const given = {
  region: 'sh',
  zone: 'sh001',
  env: 'dev',
  appid: 'raw.app',
  hostname: 'h1',
  addrs: 'http://127.0.97.1:80,grpc://127.0.97.1:90',
  version: '1',
  metadata: '{"weight":"30"}',
  status: '1',
};
type Fields = Readonly<Record<string, string | undefined>>;

function world(options: WorldOptions = {}) {
  const adapters = { names: ['discovery', 'eureka'] as const, env: 'prod' };
  const found = createWorld({ ...options, deps: { adapters, ...options.deps } });
  const form = (fields: Fields) =>
    new URLSearchParams(
      Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ).toString();
  const post = async (path: string, fields: Fields = {}) => {
    const options: InjectOptions = { method: 'POST', url: `/discovery/${path}`, payload: form(fields) };
    return found.app.inject(options);
  };
  const register = (fields: Fields = {}) => post('register', { ...given, ...fields });
  const get = (path: string) => found.app.inject({ url: `/discovery/${path}`, headers: { host: '127.0.0.9:7171' } });
  const stored = (name = 'raw.app.dev/h1') => found.registry.find(keyOf(name))?.instance;
  return { ...found, post, register, get, stored };
}

const identity = { zone: 'sh001', env: 'dev', appid: 'raw.app', hostname: 'h1' };

/** What is held after some turns. */
async function settled(reply: Promise<Reply>): Promise<Reply | 'held'> {
  let found: Reply | undefined;
  void reply.then((one) => {
    found = one;
  });
  for (let turn = 0; turn < 200 && found === undefined; turn++) await setImmediate();
  return found ?? 'held';
}

test('a registration becomes an instance of its own env; addresses may be joined or repeated', async () => {
  const { register, stored } = world();
  const reply = await register();
  expect([reply.statusCode, reply.body, reply.headers['kratos-status-code']]).toEqual([
    200,
    '{"code":0,"message":"0","ttl":1}',
    '0',
  ]);
  expect(stored()).toMatchObject({
    zone: 'sh001',
    version: '1',
    weight: 30,
    status: 'up',
    addrs: [{ portName: 'http' }, { portName: 'grpc' }],
  });
});

test('parameters count in the query as well, and the body wins', async () => {
  const { app, stored } = world();
  const url = `/discovery/register?${new URLSearchParams({ ...given, version: 'query' }).toString()}`;
  await app.inject({ method: 'POST', url, payload: 'version=body' });
  expect(stored()?.version).toBe('body');
});

test.each<[what: string, fields: Fields, message: RegExp]>([
  ['no status', { status: '0' }, /^Key: 'ArgRegister.Status' Error:.* 'required' tag$/],
  ['no addresses', { addrs: undefined }, /^Key: 'ArgRegister.Addrs' Error:.* 'gt' tag$/],
  ['no app and no env', { appid: '', env: '' }, /ArgRegister.Env.*\nKey: 'ArgRegister.AppID'/],
  ['a status that is none', { status: '3' }, /^-400$/],
  ['metadata that is no JSON', { metadata: 'notjson' }, /^-400$/],
  ['metadata that is a list', { metadata: '[]' }, /^-400$/],
  ['an address that is none', { addrs: 'nothing' }, /addrs\[0\]/],
  ['an env that no name can have', { env: 'a.b' }, /env/],
  ['a zone that is too long', { zone: 'z'.repeat(64) }, /zone/],
])('a registration with %s is -400', async (_what, fields, message) => {
  const { register, registry } = world();
  const reply = await register(fields);
  expect([reply.statusCode, registry.instanceCount]).toEqual([200, 0]);
  expect(reply.json()).toMatchObject({ code: -400, message: expect.stringMatching(message) });
});

test('values in metadata that are no text are kept as JSON', async () => {
  const { register, stored } = world();
  await register({ metadata: '{"weight":10,"deep":{"a":[1]},"none":null}' });
  expect(Object.fromEntries(stored()?.metadata ?? [])).toEqual({ weight: '10', deep: '{"a":[1]}' });
});

test('renew gives the instance with times in nanoseconds; unknown, or in another zone, is -404', async () => {
  const { register, post, clock } = world();
  await register();
  clock.advance(5000);
  const reply = await post('renew', identity);
  expect(reply.body).toContain(`"renew_timestamp":${clock.wallMs()}000000,`);
  expect(reply.json()).toMatchObject({ code: 0, data: { hostname: 'h1', region: 'sh', status: 1 } });
  expect((await post('renew', { ...identity, hostname: 'x' })).json()).toMatchObject({ code: -404 });
  expect((await post('renew', { ...identity, zone: 'zz' })).json()).toMatchObject({ code: -404, data: null });
  expect((await post('renew', { env: 'dev' })).json()).toMatchObject({ code: -400 });
});

test('without renewals the instance goes at the end of its lease', async () => {
  const { register, post, clock, registry } = world();
  await register();
  clock.advance(91_000);
  registry.evictExpired(10);
  expect((await post('renew', identity)).json()).toMatchObject({ code: -404 });
});

test('set changes status and metadata and moves the timestamp of the app; cancel takes it away', async () => {
  const { register, post, get, stored } = world();
  await register({ metadata: '{"a":"1","b":"2"}' });
  const latest = async () =>
    /"latest_timestamp":(\d+)\}\}$/.exec((await get('fetch?env=dev&appid=raw.app&status=3')).body)?.[1];
  const before = await latest();
  const reply = await post('set', { ...identity, status: '2', metadata: '{"b":"3","weight":"7"}' });
  expect(reply.json()).toMatchObject({ code: 0 });
  expect(stored()).toMatchObject({ status: 'waiting', weight: 7 });
  expect(Object.fromEntries(stored()?.metadata ?? [])).toEqual({ b: '3', weight: '7' });
  expect(BigInt((await latest()) as string)).toBeGreaterThan(BigInt(before as string));
  for (const fields of [
    { hostname: 'x', status: '1' },
    { status: '7' },
    { metadata: 'x' },
    { zone: 'zz', status: '1' },
  ])
    expect((await post('set', { ...identity, ...fields })).json()).toMatchObject({ code: -400 });
  expect((await post('cancel', { ...identity, zone: 'zz' })).json()).toMatchObject({ code: -404 });
  expect((await post('cancel', identity)).body).toBe('{"code":0,"message":"0","ttl":1}');
  expect((await post('cancel', identity)).body).toBe('{"code":-404,"message":"-404","ttl":1}');
});

test('fetch by status and zone; zones without a match are there and empty', async () => {
  const { register, get } = world();
  await register();
  await register({ hostname: 'h2', zone: 'other', status: '2' });
  const zones = async (query: string) => {
    const { data } = (await get(`fetch?env=dev&appid=raw.app&${query}`)).json() as { data: Json | null };
    const found = data === null ? {} : (data['instances'] as Record<string, Json[]>);
    return Object.entries(found).map(([zone, list]) => `${zone}:${list.map(({ hostname }) => hostname).join()}`);
  };
  expect(await zones('status=1')).toEqual(['other:', 'sh001:h1']);
  expect(await zones('status=3&zone=other')).toEqual(['other:h2']);
  expect((await get('fetch?env=dev&appid=raw.app&status=1&zone=zz')).json()).toMatchObject({ code: -404 });
  expect((await get('fetch?env=dev&appid=nobody&status=1')).json()).toMatchObject({ code: -404, data: null });
  expect((await get('fetch?env=dev&appid=raw.app&status=9')).json()).toMatchObject({ code: -400 });
  const several = (await get('fetchs?env=dev&appid=raw.app&appid=nobody&status=3')).json() as { data: Json };
  expect(Object.keys(several.data)).toEqual(['raw.app']);
  const all = (await get('fetch/all')).json() as { data: Json };
  expect(Object.keys(all.data)).toEqual(['infra.discovery', 'raw.app']);
});

test('this server is infra.discovery in every env, at the address where it was found', async () => {
  const { get } = world();
  for (const env of ['dev', 'uat']) {
    const { data } = (await get(`polls?env=${env}&appid=infra.discovery&hostname=me&latest_timestamp=0`)).json() as {
      data: Record<string, { instances: Record<string, Json[]>; latest_timestamp: number }>;
    };
    const app = data['infra.discovery'];
    expect(app?.latest_timestamp).not.toBe(0);
    expect(Object.values(app?.instances ?? {})).toMatchObject([[{ env, addrs: ['http://127.0.0.9:7171'] }]]);
  }
  expect((await get('nodes')).json()).toMatchObject({ data: [{ addr: '127.0.0.9:7171', status: 0 }] });
});

test('polls hold until an app changes, and give that app alone', async () => {
  const { register, get, timers } = world();
  await register();
  const first = (await get('polls?env=dev&appid=raw.app&appid=nobody&hostname=me')).body;
  const latest = /"latest_timestamp":(\d+)\}\}/.exec(first)?.[1] as string;
  expect(JSON.parse(first)).toMatchObject({ code: 0, error: { '-404': ['nobody'] } });
  const poll = (hostname = 'me') =>
    get(`polls?env=dev&appid=raw.app&appid=nobody&hostname=${hostname}&latest_timestamp=${latest}&latest_timestamp=0`);
  const held = [poll(), poll(), poll('other')];
  expect(await settled(held[0] as Promise<Reply>)).toBe('held');
  await register({ appid: 'nobody', hostname: 'h9' });
  for (const reply of held) {
    const { data } = (await reply).json() as { data: Json };
    expect(Object.keys(data)).toEqual(['nobody']);
  }
  const idle = get(`polls?env=dev&appid=raw.app&hostname=me&latest_timestamp=${latest}`);
  expect(await settled(idle)).toBe('held');
  timers.pass(30_000);
  expect((await idle).json()).toMatchObject({ code: -304 });
});

test.each<[what: string, change: (world: ReturnType<typeof createdWorld>) => Promise<unknown>]>([
  ['the last instance that leaves', ({ post }) => post('cancel', identity)],
  ['set', ({ post }) => post('set', { ...identity, status: '2' })],
  ['our own API', ({ call }) => call('PATCH', '/apps/dev/raw.app/h1', { version: '2' })],
])('a poll hears of %s, also between two polls', async (_what, change) => {
  const made = createdWorld();
  await made.register();
  const latestOf = (reply: Reply) => /"latest_timestamp":(\d+)\}\}/.exec(reply.body)?.[1] as string;
  const latest = latestOf(await made.get('polls?env=dev&appid=raw.app&hostname=me'));
  await change(made);
  const late = await settled(made.get(`polls?env=dev&appid=raw.app&hostname=me&latest_timestamp=${latest}`));
  expect(late).not.toBe('held');
  expect((late as Reply).json()).toMatchObject({ code: 0, data: { 'raw.app': {} } });
  expect(latestOf(late as Reply)).not.toBe(latest);
});

function createdWorld() {
  return world();
}

test('a poll with a timestamp of another registry is answered at once, one far ahead waits', async () => {
  const { register, get, timers, clock } = world();
  await register();
  clock.stepWall(10 * 365 * 24 * 3_600_000);
  const ask = (latest: bigint) => get(`poll?env=dev&appid=raw.app&hostname=me&latest_timestamp=${latest}`);
  expect(await settled(ask(BigInt(clock.wallMs()) * 1_000_000n - 1n))).not.toBe('held');
  const ahead = ask(9_223_372_036_854_775_807n);
  expect(await settled(ahead)).toBe('held');
  timers.pass(30_000);
  expect((await ahead).json()).toMatchObject({ code: -304 });
  expect((await get('poll?env=dev&appid=raw.app&hostname=me&latest_timestamp=x')).json()).toMatchObject({ code: -400 });
  expect((await get('poll?env=dev&appid=nobody&hostname=me')).json()).toMatchObject({ code: -404 });
});

test('waiting has a limit, and places are given back', async () => {
  const { get, longPolls, timers } = world({ waitingMax: 1 });
  const held = get('polls?env=dev&appid=a&hostname=me');
  expect(await settled(held)).toBe('held');
  expect((await get('polls?env=dev&appid=b&appid=c&hostname=me')).json()).toMatchObject({ code: -509 });
  timers.pass(30_000);
  await held;
  expect(longPolls.waiting).toBe(0);
  const many = Array.from({ length: 300 }, (_, i) => `appid=a${i}`).join('&');
  expect((await get(`polls?env=dev&hostname=me&${many}`)).json()).toMatchObject({ code: -400 });
  expect((await get('polls?env=dev&appid=a&hostname=me&latest_timestamp=1&latest_timestamp=2')).json()).toMatchObject({
    code: -400,
  });
});

test('an unknown path is a 404 in plain text', async () => {
  const reply = await world().get('nothing');
  expect([reply.statusCode, reply.body]).toEqual([404, '404 page not found']);
});

test('registered through Eureka, read through discovery and our API, and back', async () => {
  const { app, get, call, register } = world();
  const center = { name: 'MyOwn' };
  const port = { $: 8080, '@enabled': 'true' };
  const metadata = { zone: 'eu-1a', version: '1.4.2' };
  const instance = {
    instanceId: 'w1',
    app: 'WEB',
    hostName: 'h',
    ipAddr: '10.0.0.7',
    port,
    metadata,
    dataCenterInfo: center,
  };
  await app.inject({ method: 'POST', url: '/eureka/apps/WEB', payload: JSON.stringify({ instance }) });
  const read = (await get('fetch?env=prod&appid=web&status=1')).json() as { data: { instances: Json } };
  expect(read.data.instances).toMatchObject({
    'eu-1a': [{ hostname: 'w1', version: '1.4.2', addrs: ['http://10.0.0.7:8080'], status: 1 }],
  });
  await register({ env: 'prod', appid: 'Account.Service', zone: 'eu-1b' });
  const headers = { accept: 'application/json' };
  const eureka = await app.inject({ url: '/eureka/apps/ACCOUNT.SERVICE', headers });
  expect(eureka.json()).toMatchObject({
    application: {
      instance: [{ instanceId: 'h1', ipAddr: '127.0.97.1', port: { $: 80 }, status: 'UP', metadata: { weight: '30' } }],
    },
  });
  const fetched = await get('fetch?env=prod&appid=Account.Service&status=1');
  expect(fetched.body).toContain('"appid":"Account.Service"');
  expect((await call('GET', '/apps/prod/account.service/h1')).json()).toMatchObject({ zone: 'eu-1b', weight: 30 });
  await call('POST', '/apps/prod/web/w1/drain');
  const drained = (await get('fetch?env=prod&appid=web&status=1')).json() as Json;
  expect(drained['data']).toMatchObject({ instances: { 'eu-1a': [] } });
});

test('a change has discovery as its front', async () => {
  const { register, call } = world();
  await register();
  const { events } = (await call('GET', '/events')).json() as { events: unknown[] };
  expect(events).toMatchObject([{ why: 'registered', by: { front: 'discovery' } }]);
});
