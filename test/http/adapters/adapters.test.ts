// One registry behind every front: what comes in through one is read through every other, and what one cannot express stays as
// another has set it.

import type { InjectOptions } from 'fastify';
import { expect, test } from 'vitest';
import { createWorld, type World } from '../../kit/http/http-world.ts';

function allFronts(): World {
  return createWorld({ deps: { adapters: { names: ['consul', 'eureka', 'discovery'], env: 'prod' } } });
}

async function send(
  world: World,
  method: string,
  url: string,
  payload?: string,
  type = 'application/json',
): Promise<void> {
  const headers = payload === undefined ? {} : { 'content-type': type };
  const sent = payload === undefined ? {} : { payload };
  const reply = await world.app.inject({ method, url, headers, ...sent } as InjectOptions);
  expect([url, reply.statusCode < 300, reply.body.includes('"code":-')]).toEqual([url, true, false]);
}

const registrations: Readonly<Record<string, (world: World) => Promise<void>>> = {
  api: (world) =>
    send(
      world,
      'PUT',
      '/api/v1/apps/prod/web/one',
      '{"addrs":["http://10.0.0.7:80"],"metadata":{"team":"x"},"zone":"z1"}',
    ),
  consul: (world) => {
    const body = {
      Name: 'web',
      ID: 'one',
      Address: '10.0.0.7',
      Port: 80,
      Tags: ['http'],
      Meta: { team: 'x', zone: 'z1' },
    };
    return send(world, 'PUT', '/v1/agent/service/register', JSON.stringify(body));
  },
  eureka: (world) => {
    const port = { $: 80, '@enabled': 'true' };
    const metadata = { team: 'x', zone: 'z1' };
    const own = { app: 'web', instanceId: 'one', hostName: 'h', ipAddr: '10.0.0.7', port, metadata, status: 'UP' };
    const instance = { ...own, vipAddress: 'web', dataCenterInfo: { name: 'MyOwn' } };
    return send(world, 'POST', '/eureka/apps/WEB', JSON.stringify({ instance }));
  },
  discovery: (world) => {
    const form = 'appid=web&env=prod&hostname=one&zone=z1&addrs=http://10.0.0.7:80&status=1&metadata={"team":"x"}';
    return send(world, 'POST', '/discovery/register', form, 'application/x-www-form-urlencoded');
  },
};

interface Seen {
  readonly id: string;
  readonly at: string;
  readonly team: string | undefined;
  readonly isUp: boolean;
}

async function json<T>(world: World, url: string): Promise<T> {
  const headers = { accept: 'application/json' };
  return (await world.app.inject({ method: 'GET', url, headers })).json() as T;
}

type Meta = Readonly<Record<string, string>>;

const readers: Readonly<Record<string, (world: World) => Promise<readonly Seen[]>>> = {
  async api(world) {
    type Read = { instances: { instance: string; addrs: string[]; metadata: Meta; status: string }[] };
    const { instances } = await json<Read>(world, '/api/v1/apps/prod/web');
    return instances.map(({ instance: id, addrs, metadata, status }) => {
      return { id, at: addrs[0]?.split('//')[1] ?? '', team: metadata['team'], isUp: status === 'up' };
    });
  },
  async consul(world) {
    type Service = { ID: string; Address: string; Port: number; Meta: Meta };
    const entries = await json<{ Service: Service; Checks: { Status: string }[] }[]>(world, '/v1/health/service/web');
    return entries.map(({ Service: { ID: id, Address, Port, Meta }, Checks }) => {
      const isUp = Checks.every(({ Status }) => Status === 'passing');
      return { id, at: `${Address}:${Port}`, team: Meta['team'], isUp };
    });
  },
  async eureka(world) {
    type Instance = { instanceId: string; ipAddr: string; port: { $: number }; metadata: Meta; status: string };
    type Read = { application: { instance: Instance[] } };
    const { application } = await json<Read>(world, '/eureka/apps/WEB');
    return application.instance.map(({ instanceId: id, ipAddr, port, metadata, status }) => {
      return { id, at: `${ipAddr}:${port.$}`, team: metadata['team'], isUp: status === 'UP' };
    });
  },
  async discovery(world) {
    type Instance = { hostname: string; addrs: string[]; metadata: Meta; status: number };
    type Read = { data: { instances: Readonly<Record<string, Instance[]>> } };
    const { data } = await json<Read>(world, '/discovery/fetch?appid=web&env=prod&status=3');
    return Object.values(data.instances)
      .flat()
      .map(({ hostname: id, addrs, metadata, status }) => {
        return { id, at: addrs[0]?.split('//')[1] ?? '', team: metadata['team'], isUp: status === 1 };
      });
  },
};

const pairs = Object.keys(registrations).flatMap((from) => Object.keys(readers).map((to) => [from, to] as const));

test.each(pairs)('what comes in through %s is read through %s', async (from, to) => {
  const world = allFronts();
  await registrations[from]?.(world);
  expect(await readers[to]?.(world)).toEqual([{ id: 'one', at: '10.0.0.7:80', team: 'x', isUp: true }]);
  expect(world.registry.find({ env: 'prod', appid: 'web', instance: 'one' })?.instance.zone).toBe('z1');
  await send(world, 'POST', '/api/v1/apps/prod/web/one/drain');
  expect(await readers[to]?.(world)).toMatchObject([{ isUp: false }]);
});

test('a Eureka client removes nothing that was set through Consul, and the other way round', async () => {
  const world = allFronts();
  const instance = () => world.registry.find({ env: 'prod', appid: 'web', instance: 'one' })?.instance;
  const rule = `traefik.http.routers.web.rule=${'x'.repeat(80)}`;
  const service = { Name: 'web', ID: 'one', Address: '10.0.0.7', Port: 80, Meta: { team: 'x' } };
  const body = {
    ...service,
    Tags: ['blue', rule],
    Weights: { Passing: 30, Warning: 1 },
    Check: { TTL: '60s', Status: 'passing' },
  };
  await send(world, 'PUT', '/v1/agent/service/register', JSON.stringify(body));
  await registrations['eureka']?.(world);
  await send(world, 'PUT', '/eureka/apps/WEB/one?status=UP');
  expect(instance()).toMatchObject({ tags: ['blue'], weight: 30 });
  const [entry] = await json<{ Service: { Tags: string[] } }[]>(world, '/v1/health/service/web');
  expect(entry?.Service.Tags).toEqual(['blue', rule]);
  await send(world, 'PUT', '/v1/agent/service/register', JSON.stringify(body));
  const { application } = await json<{ application: { instance: object[] } }>(world, '/eureka/apps/WEB');
  expect(application.instance).toMatchObject([{ hostName: 'h', vipAddress: 'web' }]);
});
