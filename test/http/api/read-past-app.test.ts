// `?at=`: an app as it was.

import Value from 'typebox/value';
import { expect, test } from 'vitest';
import { pastAppReply } from '../../../src/http/api/schemas.ts';
import { createWorld, type Json, problemOf } from '../../kit/http/http-world.ts';

/** 0 s: a1 (up, zone a) and a2 (waiting, zone b); 1 s: a1 gone; 2 s: a2 up, a3. */
async function withPast(changesMax = 1000) {
  const world = createWorld({ changesMax });
  const { call, register, clock } = world;
  await register('prod/orders/a2', { status: 'waiting', zone: 'b' });
  await register('prod/orders/a1', { zone: 'a' });
  clock.advance(1000);
  await call('DELETE', '/apps/prod/orders/a1');
  clock.advance(1000);
  await call('PATCH', '/apps/prod/orders/a2', { status: 'up' });
  await register('prod/orders/a3', { addrs: ['grpc://10.0.0.3:90'] });
  clock.advance(1000);
  return world;
}

test.each<[query: string, ids: string[]]>([
  ['at=-3s', ['a1', 'a2']],
  ['at=2026-01-01T00:00:00.999Z', ['a1', 'a2']],
  ['at=-2s', ['a2']],
  ['at=-1s', ['a2', 'a3']],
  ['at=now', ['a2', 'a3']],
  ['at=-3s&status=up', ['a1']],
  ['at=-3s&status=waiting', ['a2']],
  ['at=-1s&status=waiting', []],
  ['at=-3s&zone=B', ['a2']],
  ['at=-1s&port=grpc', ['a3']],
  ['at=-3s&limit=1', ['a1']],
])('with %s the app has %j', async (query, ids) => {
  const { call } = await withPast();
  const reply = await call('GET', `/apps/prod/orders?${query}`);
  expect(reply.statusCode).toBe(200);
  expect(reply.headers['etag']).toBeUndefined();
  const document = reply.json() as { instances: Json[] };
  expect([...Value.Errors(pastAppReply, document)]).toEqual([]);
  expect(document.instances.map(({ instance }) => instance)).toEqual(ids);
});

test('the reply has the moment it is about', async () => {
  const { call } = await withPast();
  const reply = await call('GET', '/apps/PROD/orders?at=-2500ms'.replace('2500ms', '2s'));
  expect(reply.json()).toMatchObject({ env: 'prod', at: '2026-01-01T00:00:01.000Z', revision: 103 });
  expect((await call('GET', '/apps/prod/never?at=-2s')).json()).toMatchObject({ instances: [] });
});

test('a time before the record is a 410 with the time since when changes are recorded', async () => {
  const { call } = await withPast();
  const reply = await call('GET', '/apps/prod/orders?at=-1h');
  expect(reply.statusCode).toBe(410);
  expect(problemOf(reply)).toMatchObject({
    type: 'urn:rollcall:problem:not-recorded',
    completeSince: '2026-01-01T00:00:00.000Z',
    detail:
      'Cannot list the instances that prod/orders had at 2025-12-31T23:00:03.000Z: changes are recorded since 2026-01-01T00:00:00.000Z.',
  });
  const { call: short } = await withPast(2);
  expect(problemOf(await short('GET', '/apps/prod/orders?at=-2s'))).toMatchObject({
    completeSince: '2026-01-01T00:00:02.000Z',
  });
});

test.each<[query: string, fields: string[]]>([
  ['at=2026-01-01T00:00:04Z', ['at']],
  ['at=later', ['at']],
  ['at=', ['at']],
  ['at=-1s&at=-2s', ['at']],
  ['at=-1s&wait=1s&index=5', ['index', 'wait']],
  ['at=-1s&near=a&order=random&subset=2&client=x', ['near', 'order', 'subset', 'client']],
  ['at=-1s&status=dead&zonee=b', ['zonee', 'status']],
  ['at=-1s&limit=0', ['limit']],
])('%s is a 400 that names %j', async (query, fields) => {
  const { call } = await withPast();
  const reply = await call('GET', `/apps/prod/orders?${query}`);
  expect(reply.statusCode).toBe(400);
  expect(problemOf(reply).errors.map(({ field }) => field)).toEqual(fields);
});
