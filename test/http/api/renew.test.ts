// Heartbeats over HTTP, one at a time and many at once.

import { describe, expect, test } from 'vitest';
import { createWorld, type Json, problemOf } from '../../kit/http/http-world.ts';

describe('PUT …/renew', () => {
  test('moves the end of the lease and nothing else', async () => {
    const { call, register, clock, registry } = createWorld();
    await register('prod/orders/a1', { leaseSeconds: 30 });
    clock.advance(29_000);
    const reply = await call('PUT', '/apps/prod/orders/a1/renew');
    expect(reply.statusCode).toBe(200);
    expect(reply.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(reply.json()).toEqual({ renewBefore: '2026-01-01T00:00:59.000Z', leaseSeconds: 30, revision: 101 });
    expect(registry.revision).toBe(101);
    clock.advance(29_999);
    expect(registry.evictExpired(10)).toBe(0);
    clock.advance(1);
    expect(registry.evictExpired(10)).toBe(1);
  });

  test('is in wall-clock time, even after the wall clock was set', async () => {
    const { call, register, clock } = createWorld();
    await register('prod/orders/a1');
    clock.stepWall(3_600_000);
    const reply = await call('PUT', '/apps/prod/orders/a1/renew');
    expect(reply.json()).toMatchObject({ renewBefore: '2026-01-01T01:01:30.000Z' });
  });

  test.each<[what: string, payload: string | undefined, type: string | undefined]>([
    ['no body', undefined, undefined],
    ['no body but a type', undefined, 'text/plain'],
    ['an empty body that calls itself a form', '', 'application/x-www-form-urlencoded'],
    ['an empty body of nonsense', '', 'nonsense'],
    ['an empty object', '{}', 'application/json'],
    ['an empty object with space', ' { } ', 'application/json; charset=utf-8'],
  ])('works with %s', async (_what, payload, type) => {
    const { app, register } = createWorld();
    await register('prod/orders/a1');
    const headers = type === undefined ? {} : { 'content-type': type };
    const url = '/api/v1/apps/prod/orders/a1/renew';
    const reply = await app.inject({ method: 'PUT', url, headers, ...(payload === undefined ? {} : { payload }) });
    expect(reply.statusCode).toBe(200);
  });

  test.each<[what: string, payload: string, type: string, status: number]>([
    ['a field', '{"leaseSeconds":30}', 'application/json', 400],
    ['a list', '[]', 'application/json', 400],
    ['null', 'null', 'application/json', 400],
    ['broken JSON', '{', 'application/json', 400],
    ['text', 'hello', 'text/plain', 415],
  ])('refuses %s as a body', async (_what, payload, type, status) => {
    const { app, register } = createWorld();
    await register('prod/orders/a1');
    const url = '/api/v1/apps/prod/orders/a1/renew';
    const reply = await app.inject({ method: 'PUT', url, payload, headers: { 'content-type': type } });
    expect(reply.statusCode).toBe(status);
    problemOf(reply);
  });

  test('finds the instance in any case of its names', async () => {
    const { call, register } = createWorld();
    await register('prod/orders/Pay-1');
    expect((await call('PUT', '/apps/PROD/Orders/PAY-1/renew')).statusCode).toBe(200);
  });

  test('of an unknown instance is a 404 with how to register again', async () => {
    const { call, counters } = createWorld();
    const reply = await call('PUT', '/apps/prod/orders/10.0.0.7:8080/renew');
    expect(reply.statusCode).toBe(404);
    const problem = problemOf(reply);
    expect(problem.detail).toBe(
      'Cannot renew prod/orders/10.0.0.7:8080: it is not registered, or its lease has ended. ' +
        'Register it again with PUT /api/v1/apps/prod/orders/10.0.0.7%3A8080.',
    );
    expect(problem['registerWith']).toEqual({ method: 'PUT', path: '/api/v1/apps/prod/orders/10.0.0.7%3A8080' });
    expect(counters.counts.get('renewal:unknown')).toBe(1);
  });

  test('of an illegal name is a 400', async () => {
    const { call } = createWorld();
    const reply = await call('PUT', '/apps/prod_/orders/a1/renew');
    expect(reply.statusCode).toBe(400);
    expect(problemOf(reply).errors).toMatchObject([{ field: 'env' }]);
  });

  test('of an instance that was evicted is a 404', async () => {
    const { call, register, clock, registry } = createWorld();
    await register('prod/orders/a1');
    clock.advance(90_000);
    registry.evictExpired(10);
    expect((await call('PUT', '/apps/prod/orders/a1/renew')).statusCode).toBe(404);
  });
});

describe('POST /renew', () => {
  const of = (instance: unknown, rest: Json = {}) => ({ env: 'prod', appid: 'orders', instance, ...rest });

  test('answers for each, in order, and one that is wrong stops no other', async () => {
    const { call, register, clock, counters } = createWorld();
    await register('prod/orders/a1');
    await register('prod/orders/a2', { leaseSeconds: 30 });
    clock.advance(10_000);
    const instances = [
      of('a2'),
      of('gone'),
      of('a1', { env: 'PROD' }),
      of(7),
      of('a1', { appid: 'a_b' }),
      'a1',
      of('a1', { x: 1 }),
    ];
    const reply = await call('POST', '/renew', { instances });
    expect(reply.statusCode).toBe(200);
    expect(reply.json()).toMatchObject({
      results: [
        { ...of('a2'), status: 'renewed', renewBefore: '2026-01-01T00:00:40.000Z' },
        { ...of('gone'), status: 'unknown' },
        { instance: 'a1', status: 'renewed', renewBefore: '2026-01-01T00:01:40.000Z' },
        {
          ...of(7),
          status: 'invalid',
          problems: [{ field: 'instances[3].instance', pointer: '#/instances/3/instance' }],
        },
        { status: 'invalid', problems: [{ field: 'instances[4].appid', value: 'a_b' }] },
        { status: 'invalid', problems: [{ field: 'instances[5]', pointer: '#/instances/5' }] },
        { status: 'invalid', problems: [{ field: 'instances[6].x' }] },
      ],
    });
    expect(counters.counts.get('renewal:renewed')).toBe(2);
    expect(counters.counts.get('renewal:invalid')).toBe(4);
  });

  test('answers the usual body and any other spelling of it alike', async () => {
    const { app, register, clock, counters } = createWorld();
    await register('prod/orders/a1');
    await register('prod/orders/Two', { leaseSeconds: 30 });
    await register('prod/orders/a3');
    clock.advance(10_500);
    const instances = ['a1', 'TWO', 'gone', 'a b\u2028', 'a3'].map((instance) => of(instance));
    const ask = async (entry: (one: Json) => unknown) => {
      const payload = JSON.stringify({ instances: [...instances, of('a1', { env: 'pr.od' })].map(entry) });
      const headers = { 'content-type': 'application/json' };
      return app.inject({ method: 'POST', url: '/api/v1/renew', headers, payload });
    };
    const usual = await ask((one) => one);
    expect(counters.counts).toEqual(
      new Map([...counters.counts, ['renewal:renewed', 3], ['renewal:unknown', 1], ['renewal:invalid', 2]]),
    );
    const other = await ask(({ env, appid, instance }) => ({ instance, env, appid }));
    expect(usual.headers['content-type']).toBe(other.headers['content-type']);
    expect(usual.json()).toEqual(other.json());
    const results = (usual.json() as { results: Json[] }).results;
    expect(results.map(({ status }) => status)).toEqual([
      'renewed',
      'renewed',
      'unknown',
      'invalid',
      'renewed',
      'invalid',
    ]);
    expect(results[1]).toEqual({ ...of('TWO'), status: 'renewed', renewBefore: '2026-01-01T00:00:40.500Z' });
  });

  test.each<[what: string, body: unknown, field: string]>([
    ['no body', undefined, ''],
    ['a list', [], ''],
    ['no list', {}, 'instances'],
    ['an object in place of the list', { instances: {} }, 'instances'],
    ['another field', { instances: [], lease: 1 }, 'lease'],
    ['1001 instances', { instances: Array.from({ length: 1001 }, () => of('a')) }, 'instances'],
  ])('refuses %s', async (_what, body, field) => {
    const { call } = createWorld();
    const reply = await call('POST', '/renew', body);
    expect(reply.statusCode).toBe(400);
    expect(problemOf(reply).errors).toMatchObject([{ field }]);
  });

  test('takes 1000 instances with names of any length', async () => {
    const { call } = createWorld();
    const appid = `${'a'.repeat(63)}.${'b'.repeat(63)}`;
    const instances = Array.from({ length: 1000 }, (_, i) => of(`${'x'.repeat(200)}${i}`, { appid }));
    const reply = await call('POST', '/renew', { instances });
    expect(reply.statusCode).toBe(200);
    expect(reply.json().results).toHaveLength(1000);
  });
});
