// `POST /restore`: back again what was removed by mistake.

import Value from 'typebox/value';
import { describe, expect, test } from 'vitest';
import * as schemas from '../../../src/http/api/record-schemas.ts';
import { createWorld, type Json, problemOf, type WorldOptions } from '../../kit/http/http-world.ts';

async function withBadCancel(options: WorldOptions = {}) {
  const world = createWorld(options);
  const { call, register, clock } = world;
  for (const id of ['a1', 'a2', 'a3']) await register(`prod/orders/${id}`, { version: id });
  await register('dev/orders/a1');
  clock.advance(60_000);
  for (const id of ['a1', 'a2', 'a3']) await call('DELETE', `/apps/prod/orders/${id}`);
  clock.advance(1000);
  await register('prod/orders/a3', { version: 'new' });
  return world;
}

const namesOf = (list: unknown) => (list as Json[]).map(({ instance }) => instance);

describe('putting back', () => {
  test('registers what was cancelled and is still absent, and gives the reason for the rest', async () => {
    const { call, log, registry } = await withBadCancel();
    const body = { app: 'prod/orders', from: '-5m' };
    expect(Value.Check(schemas.restoreBody, body)).toBe(true);
    const reply = await call('POST', '/restore', body);
    expect(reply.statusCode).toBe(200);
    const document = reply.json() as Json;
    expect([...Value.Errors(schemas.restoreReply, document)]).toEqual([]);
    expect(document).toMatchObject({ dryRun: false, skippedCount: 1, left: 0 });
    expect(document['restored']).toMatchObject([
      { env: 'prod', appid: 'orders', instance: 'a1', why: 'cancelled', revision: 105, at: '2026-01-01T00:01:00.000Z' },
      { instance: 'a2', revision: 106 },
    ]);
    expect(document['skipped']).toMatchObject([{ instance: 'a3', reason: 'is registered' }]);
    expect(registry.app('prod', 'orders')?.size).toBe(3);
    expect((await call('GET', '/apps/prod/orders/a1')).json()).toMatchObject({ version: 'a1', revision: 109 });
    expect((await call('GET', '/apps/prod/orders/a3')).json()).toMatchObject({ version: 'new' });
    const { events } = (await call('GET', '/events?limit=1')).json() as { events: Json[] };
    expect(events).toMatchObject([
      {
        why: 'registered',
        instance: 'a2',
        by: { address: '127.0.0.1', reason: 'restored: cancelled at revision 106' },
      },
    ]);
    const lines = log.filter(({ decision }) => decision === 'restored');
    expect(lines).toMatchObject([{ count: 2, skipped: 1, left: 0, remote: '127.0.0.1' }]);
  });

  test('as a dry run returns the same and changes nothing', async () => {
    const { call, log, registry } = await withBadCancel();
    const { revision } = registry;
    const lines = log.length;
    const reply = await call('POST', '/restore', { from: '-5m', dryRun: true });
    expect(reply.json()).toMatchObject({ dryRun: true, skippedCount: 1, left: 0 });
    expect(namesOf(reply.json().restored)).toEqual(['a1', 'a2']);
    expect(registry.revision).toBe(revision);
    expect(log.length).toBe(lines);
  });

  test('twice puts back once', async () => {
    const { call, registry } = await withBadCancel();
    await call('POST', '/restore', { from: '-5m' });
    const { revision } = registry;
    expect((await call('POST', '/restore', { from: '-5m' })).json()).toMatchObject({
      restored: [],
      skippedCount: 3,
    });
    expect(registry.revision).toBe(revision);
  });

  test('is answered when it is durable', async () => {
    let isDurable = true;
    const durable = () => (isDurable ? Promise.resolve() : Promise.reject(new Error('disk full')));
    const { call, registry } = await withBadCancel({ control: { durable } });
    isDurable = false;
    const reply = await call('POST', '/restore', { from: '-5m' });
    expect(reply.statusCode).toBe(503);
    expect(problemOf(reply)['type']).toBe('urn:rollcall:problem:not-durable');
    expect(registry.app('prod', 'orders')?.size).toBe(3);
  });

  test('leaves drained ones alone unless they are asked for', async () => {
    const { call, register, registry } = createWorld();
    await register('prod/orders/a1');
    await call('POST', '/apps/prod/orders/a1/drain');
    expect((await call('POST', '/restore', { from: '-5m' })).json()).toMatchObject({ restored: [], skipped: [] });
    const reply = await call('POST', '/restore', { from: '-5m', why: ['drained'], by: { address: '127.0.0.1' } });
    expect(reply.json()).toMatchObject({ restored: [{ instance: 'a1', why: 'drained', revision: 102 }] });
    expect(registry.app('prod', 'orders')?.byId('a1')?.instance.status).toBe('up');
    const { events } = (await call('GET', '/events?limit=1')).json() as { events: Json[] };
    expect(events).toMatchObject([{ why: 'resumed', by: { reason: 'restored: drained at revision 102' } }]);
  });
});

test.each<[body: unknown, fields: string[]]>([
  [undefined, ['']],
  [[], ['']],
  [{}, ['from']],
  [{ from: 5 }, ['from']],
  [{ from: 'yesterday', to: 'today' }, ['from', 'to']],
  [{ from: '-1m', to: '-2m' }, ['from']],
  [{ from: '2027-01-01T00:00:00Z' }, ['from']],
  [{ from: '-1m', why: 'cancelled' }, ['why']],
  [{ from: '-1m', why: [] }, ['why']],
  [{ from: '-1m', why: ['cancelled', 'patched'] }, ['why']],
  [{ from: '-1m', env: 'a.b', app: 'orders' }, ['env', 'app']],
  [{ from: '-1m', env: 'dev', app: 'prod/orders' }, ['app']],
  [{ from: '-1m', env: 5, app: {} }, ['env', 'app']],
  [{ from: '-1m', by: 'me' }, ['by']],
  [{ from: '-1m', by: {} }, ['by']],
  [{ from: '-1m', by: { token: 5 } }, ['by']],
  [{ from: '-1m', by: { name: 'x' } }, ['by']],
  [{ from: '-1m', why: ['evicted'], by: { token: 'x' } }, ['by']],
  [{ from: '-1m', dryRun: 'yes', limit: 5 }, ['limit', 'dryRun']],
])('the body %j is a 400 that names %j', async (body, fields) => {
  const { call, registry } = await withBadCancel();
  const { revision } = registry;
  const reply = await call('POST', '/restore', body);
  expect(reply.statusCode).toBe(400);
  expect(problemOf(reply).errors.map(({ field }) => field)).toEqual(fields);
  expect(registry.revision).toBe(revision);
});

test('a parameter is refused: a dry run asked for in the wrong place must not be a wet one', async () => {
  const { call, registry } = await withBadCancel();
  const { revision } = registry;
  const reply = await call('POST', '/restore?dryRun=true', { from: '-5m' });
  expect(problemOf(reply).errors).toMatchObject([{ field: 'dryRun' }]);
  expect(registry.revision).toBe(revision);
});
