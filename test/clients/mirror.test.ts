// A move from an old registry to rollcall, with a second rollcall behind its Consul and Eureka fronts as the old one: what is
// registered there is in DNS here, stays while the old one is down, and gives way to the clients that move.

import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Running, startRollcall } from '../kit/cli/command-line.ts';
import { digShort } from '../kit/dns/dig.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const patience = { withinMs: 60_000, everyMs: 100 };

async function startFronts(env: Readonly<Record<string, string>> = {}, http?: string): Promise<ServerProcess> {
  const on = http === undefined ? {} : { http };
  const server = await startServer({ ...on, env: { ROLLCALL_ADAPTERS: 'consul,eureka,nacos', ...env } });
  onTestFinished(async () => void (await server.kill()));
  return server;
}

function startMirror(from: string, old: ServerProcess, now: ServerProcess, ...more: string[]): Running {
  const source = from === 'eureka' ? `${old.http}/eureka` : old.http;
  return startRollcall(['mirror', '--from', from, '--source', source, '--registry', now.http, ...more]);
}

async function put(server: ServerProcess, path: string, body?: object): Promise<number> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  return (await fetch(`${server.http}/v1${path}`, { method: 'PUT', ...sent })).status;
}

const web = { Name: 'My_Web', Port: 8080 };

const instances = async (server: ServerProcess, appid: string): Promise<Record<string, unknown>[]> => {
  const reply = await fetch(`${server.http}/api/v1/apps/prod/${appid}`);
  const document = (await reply.json()) as { readonly instances?: Record<string, unknown>[] };
  return document.instances ?? [];
};

const markOf = (one: Record<string, unknown> | undefined): string | undefined =>
  (one?.['metadata'] as Record<string, string> | undefined)?.['mirrored-from'];

async function inDns(server: ServerProcess, name: string, wanted: readonly string[]): Promise<void> {
  const isSo = async (): Promise<boolean> =>
    JSON.stringify((await digShort(server.dnsPort, `${name} A`)).toSorted()) === JSON.stringify(wanted);
  await until(`${name} is ${wanted.join(' ') || 'nothing'}`, isSo, patience);
}

test('from Consul: found here, kept while it is down, and given up to the clients that move', async () => {
  const [old, now] = [await startFronts(), await startFronts()];
  await put(old, '/agent/service/register', {
    ...web,
    ID: 'w1',
    Address: '127.0.61.1',
    Tags: ['blue'],
    Meta: { a: '1' },
  });
  await put(old, '/agent/service/register', { ...web, ID: 'w2', Address: '127.0.61.2', Check: { TTL: '300s' } });
  const mirror = startMirror('consul', old, now);
  await inDns(now, 'my-web.prod.svc', ['127.0.61.1']);
  // A check passes, an instance joins: without a poll.
  await put(old, '/agent/check/pass/service:w2');
  await put(old, '/agent/service/register', { Name: 'pay', ID: 'p1', Address: '127.0.61.9', Port: 9000 });
  await inDns(now, 'my-web.prod.svc', ['127.0.61.1', '127.0.61.2']);
  await inDns(now, 'pay.prod.svc', ['127.0.61.9']);
  // A client of the new one finds the name, the tags and the metadata as they were given at the old one.
  const health = await (await fetch(`${now.http}/v1/health/service/My_Web?passing`)).json();
  expect(health).toMatchObject([
    { Service: { ID: 'w1', Service: 'My_Web', Address: '127.0.61.1', Port: 8080, Tags: ['blue'], Meta: { a: '1' } } },
    { Service: { ID: 'w2', Service: 'My_Web', Address: '127.0.61.2' } },
  ]);
  // The first client moves by the same front, the second by the API under another name.
  expect(await put(now, '/agent/service/register', { ...web, ID: 'w1', Address: '127.0.61.1', Tags: ['green'] })).toBe(
    200,
  );
  const moved = { addrs: ['http://127.0.61.2:8080'] };
  const reply = await fetch(`${now.http}/api/v1/apps/prod/my-web/other`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(moved),
  });
  expect(reply.status).toBe(201);
  const isMoved = async (): Promise<boolean> =>
    (await instances(now, 'my-web')).every((one) => markOf(one) === undefined);
  await until('only the clients being registered', isMoved, patience);
  const names = (await instances(now, 'my-web')).map((one) => [one['instance'], one['tags']]);
  expect(names.toSorted()).toEqual([
    ['other', []],
    ['w1', ['green']],
  ]);
  expect(markOf((await instances(now, 'pay'))[0])).toMatch(/^consul 127\.0\.0\.1:\d+$/);
  await old.kill();
  await mirror.untilOutput(/cannot be read, what it had stays/);
  await inDns(now, 'pay.prod.svc', ['127.0.61.9']);
  await inDns(now, 'my-web.prod.svc', ['127.0.61.1', '127.0.61.2']);
  // It stops cleanly, and what it had written is left to its lease.
  mirror.child.kill('SIGTERM');
  const ended = await mirror.ended;
  expect({ code: ended.code, out: ended.out }).toEqual({
    code: 0,
    out: expect.stringContaining('missing here   prod/my-web/w1'),
  });
  await inDns(now, 'pay.prod.svc', ['127.0.61.9']);
  const events = (await (await fetch(`${now.http}/api/v1/events?app=prod/pay`)).json()) as {
    readonly events: object[];
  };
  expect(events.events[0]).toMatchObject({
    why: 'registered',
    by: { reason: expect.stringMatching(/^mirror of consul /) },
  });
});

describe('from Eureka', () => {
  const info = (id: string, ip: string, more: object = {}): object => ({
    instance: {
      ...{ instanceId: id, hostName: id, app: 'SHOP', ipAddr: ip, status: 'UP', vipAddress: 'shop' },
      port: { $: 8080, '@enabled': 'true' },
      dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
      ...more,
    },
  });
  const register = async (server: ServerProcess, body: object): Promise<void> => {
    const headers = { 'content-type': 'application/json' };
    const reply = await fetch(`${server.http}/eureka/apps/SHOP`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    expect(reply.status).toBe(204);
  };

  test('changes come by delta, a sudden end is doubted, and --leave takes away what is left', async () => {
    const [old, now] = [await startFronts(), await startFronts()];
    await register(old, info('s1', '127.0.62.1'));
    const mirror = startMirror('eureka', old, now, '--poll', '200ms', '--leave');
    await inDns(now, 'shop.prod.svc', ['127.0.62.1']);
    // A moved client whose lastDirtyTimestamp is of long ago is the newer one all the same.
    await register(old, info('s2', '127.0.62.2'));
    await inDns(now, 'shop.prod.svc', ['127.0.62.1', '127.0.62.2']);
    await register(now, info('s2', '127.0.62.2', { lastDirtyTimestamp: '1600000000000' }));
    const byId = async (id: string) => (await instances(now, 'shop')).find((one) => one['instance'] === id);
    expect(markOf(await byId('s2'))).toBeUndefined();
    await fetch(`${old.http}/eureka/apps/SHOP/s2`, { method: 'DELETE' });
    await fetch(`${old.http}/eureka/apps/SHOP/s1`, { method: 'DELETE' });
    await mirror.untilOutput(/has 1 of 1 instances no more at once/);
    await inDns(now, 'shop.prod.svc', ['127.0.62.1', '127.0.62.2']);
    mirror.child.kill('SIGTERM');
    expect((await mirror.ended).code).toBe(0);
    await inDns(now, 'shop.prod.svc', ['127.0.62.2']);
  });

  test('--dry-run prints what differs and writes nothing; --once writes', async () => {
    const [old, now] = [await startFronts(), await startFronts()];
    await register(old, info('s1', '127.0.62.1'));
    const dry = await startMirror('eureka', old, now, '--dry-run', '--output', 'json').ended;
    const document = JSON.parse(dry.out) as { readonly missing: readonly { readonly instance: string }[] };
    expect(document.missing.map(({ instance }) => instance)).toEqual(['prod/shop/s1']);
    expect(await instances(now, 'shop')).toEqual([]);
    expect((await startMirror('eureka', old, now, '--once').ended).code).toBe(0);
    await inDns(now, 'shop.prod.svc', ['127.0.62.1']);
    await old.kill();
    expect(await startMirror('eureka', old, now, '--once').ended).toMatchObject({ code: 1, out: '' });
  });
});

/** Takes connections, as the TCP check of a persistent instance of Nacos wants; its port. */
async function listenAt(host: string): Promise<string> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => {
    server.listen(0, host, resolve);
  });
  onTestFinished(() => void server.close());
  return String((server.address() as AddressInfo).port);
}

test('from Nacos: services of each group, waiting ones too, until their clients move', async () => {
  const [old, now] = [await startFronts(), await startFronts()];
  const ports = new Map<string, string>();
  for (const ip of ['127.0.63.1', '127.0.63.2']) ports.set(ip, await listenAt(ip));
  const register = async (server: ServerProcess, fields: Readonly<Record<string, string>>): Promise<void> => {
    const port = ports.get(fields['ip'] ?? '') ?? '';
    const query = new URLSearchParams({ port, ephemeral: 'false', ...fields });
    const reply = await fetch(`${server.http}/nacos/v1/ns/instance?${query.toString()}`, { method: 'POST' });
    expect([reply.status, await reply.text()]).toEqual([200, 'ok']);
  };
  await register(old, { serviceName: 'cart', ip: '127.0.63.1', weight: '2.5', metadata: '{"version":"1.2"}' });
  await register(old, { serviceName: 'BLUE@@cart', ip: '127.0.63.2', clusterName: 'eu-1' });
  const groups = ['--group', 'DEFAULT_GROUP', '--group', 'BLUE'];
  const mirror = startMirror('nacos', old, now, '--poll', '200ms', ...groups);
  await inDns(now, 'cart.prod.svc', ['127.0.63.1']);
  await inDns(now, 'cart.blue.prod.svc', ['127.0.63.2']);
  await inDns(now, '1.2._version.cart.prod.svc', ['127.0.63.1']);
  await inDns(now, 'eu-1._zone.cart.blue.prod.svc', ['127.0.63.2']);
  const list = `${now.http}/nacos/v1/ns/instance/list?serviceName=BLUE%40%40cart`;
  expect(await (await fetch(list)).json()).toMatchObject({ hosts: [{ ip: '127.0.63.2', clusterName: 'eu-1' }] });
  await register(now, { serviceName: 'cart', ip: '127.0.63.1' });
  expect(await instances(now, 'cart')).toMatchObject([{ weight: 10, metadata: {} }]);
  mirror.child.kill('SIGTERM');
  expect((await mirror.ended).code).toBe(0);
});

test.each([
  ['--from consul --source ftp://x', '--source'],
  ['--from consul --source http://127.0.0.1:1 --poll 5s', '--poll'],
  ['--from eureka --source http://127.0.0.1:1 --group A', '--group'],
  ['--from nacos --source http://127.0.0.1:1 --env a.b', '--env'],
  ['--from nacos --source http://127.0.0.1:1 --doubt soon', '--doubt'],
])('mirror %s is refused, naming %s', async (line, named) => {
  const ended = await startRollcall(['mirror', ...line.split(' ')]).ended;
  expect({ code: ended.code, out: ended.out }).toEqual({ code: 2, out: '' });
  expect(ended.err).toContain(named);
});
