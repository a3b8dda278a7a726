// Instances and checks by the ids that Consul's clients call them by.

import { expect, test } from 'vitest';
import { call, consulWorld, get, instanceOf, put, register } from '../../../kit/adapters/consul-world.ts';
import type { Json } from '../../../kit/http/http-world.ts';

test('is made anew where changes are missing', async () => {
  const world = consulWorld({ changesMax: 2 });
  await register(world, { ID: 'web-0' });
  for (let at = 1; at < 6; at++) await world.register(`prod/web/web-${at}`);
  await world.call('DELETE', '/apps/prod/web/web-1');
  const { 'web-5': last, 'web-1': gone } = await get<Record<string, Json>>(world, '/agent/services');
  expect([last?.['ID'], gone]).toEqual(['web-5', undefined]);
  expect((await put(world, '/agent/check/pass/service:web-5')).statusCode).toBe(200);
  expect((await call(world, 'GET', '/agent/service/web-1')).statusCode).toBe(404);
});

test('an id of two services is the one that came in through Consul', async () => {
  const world = consulWorld();
  await world.register('prod/alone/same');
  await world.register('prod/other/same');
  await register(world, { Name: 'web', ID: 'same' });
  expect(await get(world, '/agent/service/same')).toMatchObject({ Service: 'web' });
  await put(world, '/agent/service/deregister/same');
  expect(instanceOf(world, 'same')).toBeUndefined();
  expect(await get(world, '/agent/service/same')).toMatchObject({ Service: 'alone' });
  await world.call('DELETE', '/apps/prod/alone/same');
  expect(await get(world, '/agent/service/same')).toMatchObject({ Service: 'other' });
});

test('a check with an id of its own is found by it, until it or its service leaves', async () => {
  const world = consulWorld();
  await register(world, { ID: 'web-1', Check: { TTL: '10s', CheckID: 'mine' } });
  expect((await put(world, '/agent/check/pass/mine')).statusCode).toBe(200);
  expect((await put(world, '/agent/check/pass/service:web-1')).statusCode).toBe(404);
  await register(world, { Name: 'api', ID: 'api-1', Check: { TTL: '10s', CheckID: 'mine' } });
  await put(world, '/agent/service/deregister/web-1');
  expect((await put(world, '/agent/check/pass/mine')).statusCode).toBe(200);
  await put(world, '/agent/service/deregister/api-1');
  expect((await put(world, '/agent/check/pass/mine')).statusCode).toBe(404);
});

test('another env is not looked at', async () => {
  const world = consulWorld();
  await world.register('dev/web/web-1');
  expect(await get(world, '/agent/services')).toEqual({});
  expect((await put(world, '/agent/service/deregister/web-1')).statusCode).toBe(404);
});
