// Out of the answers and still registered: what a drain does, and its reply.

import { describe, expect, test } from 'vitest';
import { createWorld, problemOf, tagOf } from '../../kit/http/http-world.ts';

describe('POST …/drain', () => {
  test('makes the instance waiting at once, and its lease goes on', async () => {
    const { call, register, registry, clock } = createWorld();
    await register('prod/orders/a1', { version: '1', metadata: { team: 'x' } });
    clock.advance(60_000);
    const reply = await call('POST', '/apps/prod/orders/a1/drain');
    expect(reply.statusCode).toBe(200);
    expect(reply.headers['etag']).toBe(tagOf(102));
    expect(reply.json()).toEqual({
      env: 'prod',
      appid: 'orders',
      instance: 'a1',
      outcome: 'drained',
      status: 'waiting',
      revision: 102,
      safe: true,
      safeToStopAt: '2026-01-01T00:01:00.000Z',
      safeInSeconds: 0,
    });
    expect((await call('GET', '/apps/prod/orders/a1')).json()).toMatchObject({
      status: 'waiting',
      version: '1',
      metadata: { team: 'x' },
      leaseEndsAt: '2026-01-01T00:01:30.000Z',
    });
    expect((await call('PUT', '/apps/prod/orders/a1/renew')).statusCode).toBe(200);
    expect(registry.find({ env: 'prod', appid: 'orders', instance: 'a1' })?.instance.status).toBe('waiting');
  });

  test('is one change, with its cause; a second drain is none', async () => {
    const { call, register, registry, counters, log } = createWorld();
    const causes: unknown[] = [];
    registry.onChange(({ cause, kind, origin }) => causes.push([kind, { ...cause, by: origin }]));
    await register('prod/orders/a1');
    const drains = ['?reason=deploy%201.4', ''].map((query) => call('POST', `/apps/prod/orders/a1/drain${query}`));
    const replies = await Promise.all(drains);
    expect(replies.map((reply) => reply.json())).toMatchObject([
      { outcome: 'drained', revision: 102 },
      { outcome: 'unchanged', revision: 102 },
    ]);
    const by = { kind: 'anonymous', front: 'api', address: '127.0.0.1', reason: 'deploy 1.4' };
    expect(causes.slice(1)).toEqual([['updated', { why: 'drained', by }]]);
    expect([counters.counts.get('drain:drained'), counters.counts.get('drain:unchanged')]).toEqual([1, 1]);
    expect(log.map(({ decision }) => decision)).toEqual(['registered', 'drained']);
  });

  test('of one that its owner has set to waiting changes nothing', async () => {
    const { call, register } = createWorld();
    await register('prod/orders/a1', { status: 'waiting' });
    const reply = await call('POST', '/apps/prod/orders/a1/drain?wait=30s');
    expect(reply.json()).toMatchObject({ outcome: 'unchanged', revision: 101, safe: true });
  });

  test.each([
    ['PUT', { addrs: ['http://10.0.0.7:8080'] }],
    ['PATCH', { status: 'up' }],
  ])('is undone by %s with status up', async (method, body) => {
    const { call, register, registry } = createWorld();
    await register('prod/orders/a1');
    await call('POST', '/apps/prod/orders/a1/drain');
    expect((await call(method, '/apps/prod/orders/a1', body)).statusCode).toBe(200);
    expect(registry.find({ env: 'prod', appid: 'orders', instance: 'a1' })?.instance.status).toBe('up');
  });

  test('takes no body, and minds none', async () => {
    const { app, register } = createWorld();
    await register('prod/orders/a1');
    const headers = { 'content-type': 'application/json' };
    const reply = await app.inject({ method: 'POST', url: '/api/v1/apps/prod/orders/a1/drain', headers, payload: '' });
    expect(reply.statusCode).toBe(200);
  });

  test('of what is not there is a 404, of an illegal name or time a 400, with an older If-Match a 412', async () => {
    const { call, register, registry, counters } = createWorld();
    const missing = await call('POST', '/apps/prod/orders/a1/drain');
    expect([missing.statusCode, problemOf(missing).detail]).toEqual([
      404,
      'Cannot drain prod/orders/a1: it is not registered, or its lease has ended.',
    ]);
    await register('prod/orders/a1');
    expect((await call('POST', '/apps/prod/or_ders/a1/drain')).statusCode).toBe(400);
    for (const query of ['wait=soon', 'wait=6m', 'wait=1s&wait=2s', 'wiat=30s']) {
      const reply = await call('POST', `/apps/prod/orders/a1/drain?${query}`);
      expect([query, reply.statusCode]).toEqual([query, 400]);
      expect(problemOf(reply).errors).toHaveLength(1);
    }
    const other = await call('POST', '/apps/prod/orders/a1/drain', undefined, { 'if-match': '"7"' });
    expect(other.statusCode).toBe(412);
    expect(registry.revision).toBe(101);
    expect(Object.fromEntries(counters.counts)).toMatchObject({
      'drain:unknown': 1,
      'drain:invalid': 5,
      'drain:precondition': 1,
    });
  });
});
