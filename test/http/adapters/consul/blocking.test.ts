// Queries that wait: woken by a change of their own result, and by nothing else.

import { expect, test } from 'vitest';
import { call, consulWorld, pass, put, register, turns } from '../../../kit/adapters/consul-world.ts';

test('a query with an index waits for a change of its own service', async () => {
  const world = consulWorld();
  await register(world, { ID: 'web-1', Check: { TTL: '10s', Status: 'passing' } });
  const first = await call(world, 'GET', '/health/service/web');
  const index = Number(first.headers['x-consul-index']);
  let body: unknown;
  const waiting = call(world, 'GET', `/health/service/web?index=${index}&wait=60s`).then((reply) => {
    body = reply.json();
    return reply;
  });
  await turns();
  expect(world.longPolls.waiting).toBe(1);
  await register(world, { Name: 'other', ID: 'o-1' });
  await put(world, '/agent/check/pass/service:web-1');
  await register(world, { ID: 'web-1', Check: { TTL: '10s', Status: 'passing' } });
  await turns();
  expect(body).toBeUndefined();
  await put(world, '/agent/check/fail/service:web-1');
  const reply = await waiting;
  expect(Number(reply.headers['x-consul-index'])).toBeGreaterThan(index);
  expect(body).toMatchObject([{ Checks: [{}, { Status: 'critical' }] }]);
});

test('an index of the future waits its time and gets the present one', async () => {
  const world = consulWorld();
  await register(world, { ID: 'web-1' });
  const waiting = call(world, 'GET', '/health/service/web?index=99999999&wait=1s');
  await turns();
  pass(world, 2000);
  const reply = await waiting;
  expect(reply.statusCode).toBe(200);
  expect(Number(reply.headers['x-consul-index'])).toBeLessThan(99_999_999);
});

test('catalog/services wakes for names and tags alone', async () => {
  const world = consulWorld();
  await register(world, { ID: 'web-1', Check: { TTL: '10s', Status: 'passing' } });
  const { headers } = await call(world, 'GET', '/catalog/services');
  let isDone = false;
  const waiting = call(world, 'GET', `/catalog/services?index=${String(headers['x-consul-index'])}&wait=60s`).then(
    (reply) => {
      isDone = true;
      return reply;
    },
  );
  await turns();
  await put(world, '/agent/check/fail/service:web-1');
  await put(world, '/agent/service/maintenance/web-1?enable=true');
  await turns();
  expect(isDone).toBe(false);
  await register(world, { ID: 'web-1', Tags: ['new'] });
  expect((await waiting).json()).toEqual({ consul: [], web: ['new'] });
});

test('a client that leaves frees its place, and there is an answer where there is none', async () => {
  const world = consulWorld({ waitingMax: 0 });
  await register(world, { ID: 'web-1' });
  const { headers } = await call(world, 'GET', '/health/service/web');
  const reply = await call(world, 'GET', `/health/service/web?index=${String(headers['x-consul-index'])}`);
  expect(reply.statusCode).toBe(503);
  expect(world.counters.counts.get('refused:long-polls')).toBe(1);
});

test('agent/service waits for another hash', async () => {
  const world = consulWorld();
  await register(world, { ID: 'web-1' });
  const first = await call(world, 'GET', '/agent/service/web-1');
  const hash = String(first.headers['x-consul-contenthash']);
  const waiting = call(world, 'GET', `/agent/service/web-1?hash=${hash}&wait=60s`);
  await turns();
  await register(world, { ID: 'web-1', Port: 9090 });
  const reply = await waiting;
  expect(reply.json()).toMatchObject({ Port: 9090 });
  expect(reply.headers['x-consul-contenthash']).not.toBe(hash);
});
