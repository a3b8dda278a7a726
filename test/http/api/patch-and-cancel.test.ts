// Changing an instance in place, and taking it away.

import { describe, expect, test } from 'vitest';
import { createWorld, type Json, problemOf, tagOf } from '../../kit/http/http-world.ts';

describe('PATCH', () => {
  test('changes what it names, leaves the rest and does not renew the lease', async () => {
    const { call, register, clock } = createWorld();
    await register('prod/orders/a1', { version: '1', metadata: { team: 'x', note: 'y' }, tags: ['a'] });
    clock.advance(60_000);
    const reply = await call('PATCH', '/apps/prod/orders/a1', {
      status: 'waiting',
      metadata: { note: null, more: 'z' },
    });
    expect(reply.statusCode).toBe(200);
    expect(reply.headers['etag']).toBe(tagOf(102));
    expect(reply.json()).toMatchObject({
      version: '1',
      tags: ['a'],
      status: 'waiting',
      metadata: { team: 'x', more: 'z' },
      leaseEndsAt: '2026-01-01T00:01:30.000Z',
      updatedAt: '2026-01-01T00:01:00.000Z',
      revision: 102,
    });
  });

  test('is a merge patch by its proper type as well', async () => {
    const { app, register } = createWorld();
    await register('prod/orders/a1');
    const headers = { 'content-type': 'application/merge-patch+json' };
    const url = '/api/v1/apps/prod/orders/a1';
    const reply = await app.inject({ method: 'PATCH', url, headers, payload: '{"weight":0}' });
    expect(reply.json()).toMatchObject({ weight: 0 });
    const wrong = await app.inject({
      method: 'PATCH',
      url,
      headers: { 'content-type': 'application/json-patch+json' },
      payload: '[]',
    });
    expect(wrong.statusCode).toBe(415);
    expect(problemOf(wrong)['type']).toBe('urn:rollcall:problem:unsupported-media-type');
  });

  test('that changes nothing keeps the revision; null gives a field its default', async () => {
    const { call, register } = createWorld();
    await register('prod/orders/a1', { weight: 50 });
    expect((await call('PATCH', '/apps/prod/orders/a1', {})).json()).toMatchObject({ revision: 101 });
    expect((await call('PATCH', '/apps/prod/orders/a1', { weight: 50 })).json()).toMatchObject({ revision: 101 });
    expect((await call('PATCH', '/apps/prod/orders/a1', { weight: null })).json()).toMatchObject({
      weight: 10,
      revision: 102,
    });
  });

  test.each<[what: string, body: unknown, fields: string[]]>([
    ['the place of the instance', { env: 'dev', appid: 'x', instance: 'y' }, ['env', 'appid', 'instance']],
    ['an unknown field', { wieght: 1 }, ['wieght']],
    ['the removal of an unknown field', { wieght: null }, ['wieght']],
    ['the removal of the place', { env: null, weight: -1 }, ['env', 'weight']],
    ['the removal of the addresses', { addrs: null }, ['addrs']],
    ['several wrong values', { weight: -1, tags: 'x', metadata: { a: 1 } }, ['tags', 'weight', 'metadata.a']],
    ['dirtyAt', { dirtyAt: 1 }, ['dirtyAt']],
    ['a list', [], ['']],
    ['null', null, ['']],
    ['nothing', undefined, ['']],
  ])('refuses %s', async (_what, body, fields) => {
    const { call, register, registry } = createWorld();
    await register('prod/orders/a1');
    const reply = await call('PATCH', '/apps/prod/orders/a1', body);
    expect(reply.statusCode).toBe(400);
    expect(problemOf(reply).errors.map(({ field }) => field)).toEqual(fields);
    expect(registry.revision).toBe(101);
  });

  test('with If-Match changes what the client has seen, and nothing else', async () => {
    const { call, register, registry } = createWorld();
    await register('prod/orders/a1');
    for (const tag of ['"7"', 'W/"101"', '101', '"7", "8"']) {
      const reply = await call('PATCH', '/apps/prod/orders/a1', { weight: 1 }, { 'if-match': tag });
      expect(reply.statusCode).toBe(412);
      expect(problemOf(reply)).toMatchObject({ revision: 101 });
    }
    expect(registry.revision).toBe(101);
    expect((await call('PATCH', '/apps/prod/orders/a1', { weight: 1 }, { 'if-match': '"7", "101"' })).statusCode).toBe(
      200,
    );
    expect((await call('PATCH', '/apps/prod/orders/a1', { weight: 2 }, { 'if-match': '*' })).statusCode).toBe(200);
  });

  test('of what is not there is a 404, of an illegal name a 400', async () => {
    const { call } = createWorld();
    expect((await call('PATCH', '/apps/prod/orders/a1', { weight: 1 })).statusCode).toBe(404);
    expect((await call('PATCH', '/apps/prod/or_ders/a1', { weight: 1 })).statusCode).toBe(400);
  });
});

describe('DELETE', () => {
  test('removes the instance and returns when its process may stop', async () => {
    const { call, register, registry } = createWorld();
    await register('prod/orders/a1', { dnsTtl: 7 });
    const reply = await call('DELETE', '/apps/prod/orders/a1');
    expect(reply.statusCode).toBe(200);
    expect(reply.json()).toEqual({
      env: 'prod',
      appid: 'orders',
      instance: 'a1',
      outcome: 'cancelled',
      revision: 102,
      // It was in no answer; when it was: see safe-stops.test.ts.
      safe: true,
      safeToStopAt: '2026-01-01T00:00:00.000Z',
      safeInSeconds: 0,
    });
    expect(registry.instanceCount).toBe(0);
  });

  test('a second time is a 404', async () => {
    const { call, register, registry } = createWorld();
    await register('prod/orders/a1');
    await call('DELETE', '/apps/prod/orders/a1');
    const reply = await call('DELETE', '/apps/prod/orders/a1');
    expect(reply.statusCode).toBe(404);
    expect(problemOf(reply)['type']).toBe('urn:rollcall:problem:unknown-instance');
    expect(registry.revision).toBe(102);
  });

  test('works with an empty body of any type', async () => {
    const { app, register } = createWorld();
    await register('prod/orders/a1');
    const headers = { 'content-type': 'application/json' };
    const reply = await app.inject({ method: 'DELETE', url: '/api/v1/apps/prod/orders/a1', headers, payload: '' });
    expect(reply.statusCode).toBe(200);
  });

  test('with If-Match of an older state is a 412', async () => {
    const { call, register, registry } = createWorld();
    await register('prod/orders/a1');
    expect((await call('DELETE', '/apps/prod/orders/a1', undefined, { 'if-match': '"7"' })).statusCode).toBe(412);
    expect(registry.instanceCount).toBe(1);
  });
});

describe('the log', () => {
  test('has one line a decision, with who and from where, and none for reads', async () => {
    const token = 'correct-horse-battery';
    const { call, log } = createWorld({ deps: { tokens: [{ name: 'deploy', token }] } });
    const headers = { authorization: `Bearer ${token}` };
    const body = { addrs: ['http://10.0.0.7:80'] };
    await call('PUT', '/apps/prod/orders/a1', body, headers);
    await call('PUT', '/apps/prod/orders/a1', body, headers);
    await call('PUT', '/apps/prod/orders/a1', { ...body, weight: 1 }, headers);
    await call('PUT', '/apps/prod/orders/a1/renew', undefined, headers);
    await call('GET', '/apps/prod/orders/a1', undefined, headers);
    await call('GET', '/apps', undefined, headers);
    await call('PATCH', '/apps/prod/orders/a1', { weight: 2 }, headers);
    await call('DELETE', '/apps/prod/orders/a1', undefined, headers);
    const lines = log.map(({ level, decision }) => [level, decision]);
    expect(lines).toEqual([
      [30, 'registered'],
      [20, 'unchanged'],
      [30, 'replaced'],
      [20, 'renewed'],
      [30, 'patched'],
      [30, 'cancelled'],
    ]);
    const place: Json = { env: 'prod', appid: 'orders', instance: 'a1', token: 'deploy', remote: '127.0.0.1' };
    for (const line of log) expect(line).toMatchObject(place);
    expect(JSON.stringify(log)).not.toContain(token);
  });

  test('stays one short line for any names', async () => {
    const { register, log } = createWorld();
    await register(`prod/orders/${encodeURIComponent(`%s ${'é'.repeat(100)}`)}`);
    expect(log).toHaveLength(1);
    expect(String(log[0]?.['instance']).length).toBeLessThan(90);
  });
});
