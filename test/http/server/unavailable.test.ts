// Before the registry is back, and while nothing can be written down: what is refused, before it is applied, and what
// goes on.

import { expect, test } from 'vitest';
import { createWorld, problemOf } from '../../kit/http/http-world.ts';
import { keyOf } from '../../kit/registry/harness.ts';

function world() {
  const state = { isRecovered: true, trouble: undefined as string | undefined };
  const availability = { isRecovered: () => state.isRecovered, storeTrouble: () => state.trouble };
  const durable = async () => {
    if (state.trouble !== undefined) throw new Error(state.trouble);
  };
  return { state, ...createWorld({ control: { availability, durable } }) };
}

const addrs = ['http://10.0.0.7:8080'];

test('while the store fails, writes are refused and change nothing; reads and renewals go on', async () => {
  const { state, register, call, registry, counters, app } = world();
  await register('prod/orders/a');
  const { revision } = registry;
  state.trouble = 'database or disk is full';
  const refused = [
    await register('prod/orders/b'),
    await register('prod/orders/a', { weight: 3 }),
    await call('PATCH', '/apps/prod/orders/a', { weight: 3 }),
    await call('DELETE', '/apps/prod/orders/a'),
    await call('POST', '/apps/prod/orders/a/drain'),
  ];
  for (const reply of refused) {
    expect(reply.statusCode).toBe(503);
    expect(problemOf(reply)['type']).toBe('urn:rollcall:problem:store-failing');
    expect(reply.headers['retry-after']).toBe('2');
  }
  expect([registry.revision, registry.instanceCount]).toEqual([revision, 1]);
  expect(registry.find(keyOf('orders.prod/a'))?.instance.weight).toBe(10);
  expect(counters.counts.get('refused:store') ?? counters.counts.size).toBeGreaterThanOrEqual(5);

  expect((await call('PUT', '/apps/prod/orders/a/renew')).statusCode).toBe(200);
  const renewals = { instances: [{ env: 'prod', appid: 'orders', instance: 'a' }] };
  expect((await call('POST', '/renew', renewals)).statusCode).toBe(200);
  expect((await call('GET', '/apps/prod/orders')).statusCode).toBe(200);
  const ready = await app.inject({ method: 'GET', url: '/readyz' });
  expect([ready.statusCode, ready.json()]).toEqual([
    200,
    { status: 'ready', store: 'failing: database or disk is full' },
  ]);

  state.trouble = undefined;
  expect((await register('prod/orders/b')).statusCode).toBe(201);
});

test('a renewal by registering again keeps the lease, and its reply does not claim durability', async () => {
  const { state, register, registry, clock } = world();
  await register('prod/orders/a');
  state.trouble = 'disk full';
  clock.advance(80_000);
  const reply = await register('prod/orders/a');
  expect(problemOf(reply)).toMatchObject({ type: 'urn:rollcall:problem:not-durable' });
  expect(registry.find(keyOf('orders.prod/a'))?.deadlineMs).toBe(clock.monotonicMs() + 90_000);
});

test('the write that meets the trouble took effect and its reply warns that it may be lost', async () => {
  let isFailing = false;
  const durable = async () => {
    if (isFailing) throw new Error('disk full');
  };
  const { call, registry } = createWorld({ control: { durable } });
  isFailing = true;
  const reply = await call('PUT', '/apps/prod/orders/a', { addrs });
  expect(reply.statusCode).toBe(503);
  expect(problemOf(reply)['type']).toBe('urn:rollcall:problem:not-durable');
  expect(reply.headers['retry-after']).toBe('2');
  expect(registry.instanceCount).toBe(1);
});

test('before the registry is restored every call of the API is 503, and only those', async () => {
  const { state, call, app } = world();
  state.isRecovered = false;
  for (const [method, path] of [
    ['GET', '/apps/prod/orders'],
    ['PUT', '/apps/prod/orders/a/renew'],
    ['DELETE', '/apps/prod/orders/a'],
  ] as const) {
    const reply = await call(method, path);
    expect(problemOf(reply)).toMatchObject({ status: 503, type: 'urn:rollcall:problem:not-ready' });
  }
  expect((await app.inject({ method: 'GET', url: '/healthz' })).statusCode).toBe(200);
});
