// What becomes of a service's definition, and what comes back of it.

import { expect, test } from 'vitest';
import { hostLabel } from '../../../../src/runtime/host-label.ts';
import { consulWorld, get, health, instanceOf, pass, put, register } from '../../../kit/adapters/consul-world.ts';
import type { Json } from '../../../kit/http/http-world.ts';

test('names come back as they were given, and two that become one are refused', async () => {
  const world = consulWorld();
  await register(world, { Name: 'My_App', ID: 'a' });
  expect(Object.keys(await get<Json>(world, '/catalog/services'))).toContain('My_App');
  expect(instanceOf(world, 'a', 'my-app')).toBeDefined();
  expect(await get(world, '/health/service/My_App')).toMatchObject([{ Service: { Service: 'My_App', ID: 'a' } }]);
  const reply = await put(world, '/agent/service/register', { Name: 'my-app', ID: 'b', Address: '10.0.0.8', Port: 1 });
  expect([reply.statusCode, reply.body]).toEqual([400, expect.stringContaining('My_App')]);
});

test('an app has one name in the catalog, for instances of every front', async () => {
  const world = consulWorld();
  await world.register('prod/my-app/plain', { tags: ['green'] });
  expect(await get(world, '/catalog/services')).toEqual({ consul: [], 'my-app': ['green'] });
  await register(world, { Name: 'My-App', ID: 'a', Tags: ['blue'] });
  expect(await get(world, '/catalog/services')).toEqual({ 'My-App': ['blue', 'green'], consul: [] });
  await put(world, '/agent/service/deregister/a');
  await world.register('prod/other/one', { tags: ['x'] });
  expect(await get(world, '/catalog/services')).toEqual({ consul: [], 'my-app': ['green'], other: ['x'] });
  expect(await get(world, '/catalog/services?filter=ServiceName%20!%3D%20other')).toEqual({
    consul: [],
    'my-app': ['green'],
  });
});

test('an id moves to another service', async () => {
  const world = consulWorld();
  await register(world, { Name: 'old', ID: 'x' });
  await register(world, { Name: 'new', ID: 'x' });
  expect(Object.keys(await get<Json>(world, '/catalog/services'))).toEqual(['consul', 'new']);
});

test('tags that are too long or too many for DNS come back, and the others select', async () => {
  const world = consulWorld();
  const rule = 'traefik.http.routers.web.rule=Host(`web.example.com`) && PathPrefix(`/`)';
  const many = Array.from({ length: 40 }, (_, at) => `t${at}`);
  await register(world, { ID: 'web-1', Tags: [rule, 'blue', ...many] });
  expect(instanceOf(world, 'web-1')?.tags).toEqual(['blue', ...many.slice(0, 31)]);
  expect((await health(world))[0]?.Service['Tags']).toEqual([rule, 'blue', ...many]);
  expect(await health(world, `?tag=BLUE&tag=t39`)).toHaveLength(1);
  expect(await health(world, '?tag=blue&tag=green')).toEqual([]);
});

test('without an address a service is where its registrant is; without a port it has none', async () => {
  const world = consulWorld();
  await register(world, { ID: 'web-1', Address: '', Port: 0 });
  expect(await health(world)).toMatchObject([
    { Node: { Node: hostLabel(), Address: '127.0.0.1' }, Service: { Address: '', Port: 0 } },
  ]);
  expect(instanceOf(world, 'web-1')?.addrs).toMatchObject([{ host: '127.0.0.1', port: 9, portName: 'discard' }]);
});

test('instances of other fronts are services like any other', async () => {
  const world = consulWorld();
  await world.register('prod/web/api-1', {
    addrs: ['http://10.0.0.9:80'],
    tags: ['blue'],
    metadata: { team: 'x' },
    weight: 20,
  });
  expect(await health(world, '?passing')).toMatchObject([
    {
      Service: {
        ID: 'api-1',
        Address: '10.0.0.9',
        Port: 80,
        Tags: ['blue'],
        Meta: { team: 'x' },
        Weights: { Passing: 20 },
      },
      Checks: [{}, { CheckID: 'service:api-1', Status: 'passing', Type: 'ttl' }],
    },
  ]);
  pass(world, 60_000);
  expect((await put(world, '/agent/check/pass/service:api-1')).statusCode).toBe(200);
  pass(world, 60_000);
  expect(instanceOf(world, 'api-1')).toBeDefined();
  await world.call('POST', '/apps/prod/web/api-1/drain');
  expect(await health(world, '?passing')).toEqual([]);
  expect((await put(world, '/agent/service/deregister/api-1')).statusCode).toBe(200);
  expect(instanceOf(world, 'api-1')).toBeUndefined();
});

test.each([
  [{ Meta: { secure: 'true' } }, 'https'],
  [{ Meta: { secure: 'false' } }, 'http'],
  [{ Tags: ['grpc'] }, 'grpc'],
  [{ Check: { HTTP: 'http://10.0.0.7:8080/', Interval: '1s' } }, 'http'],
  [{}, 'tcp'],
])('the port of %j is %s', async (fields, portName) => {
  const world = consulWorld();
  await register(world, { ID: 'web-1', ...fields });
  expect(instanceOf(world, 'web-1')?.addrs).toMatchObject([{ portName }]);
});

test('an id may have slashes and percent signs in it', async () => {
  const world = consulWorld();
  await register(world, { ID: 'host/web:80%', Check: { TTL: '10s' } });
  expect((await put(world, '/agent/check/pass/service:host/web:80%25')).statusCode).toBe(200);
  expect((await put(world, '/agent/check/pass/service%3Ahost%2Fweb%3A80%25')).statusCode).toBe(200);
  expect(await get(world, '/agent/service/host/web:80%25')).toMatchObject({ ID: 'host/web:80%' });
  expect((await put(world, '/agent/service/deregister/host/web:80%25')).statusCode).toBe(200);
  expect(instanceOf(world, 'host/web:80%')).toBeUndefined();
});
