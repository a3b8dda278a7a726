// The record of changes over HTTP: who, when, why, what before and after.

import Value from 'typebox/value';
import { describe, expect, test } from 'vitest';
import * as schemas from '../../../src/http/api/record-schemas.ts';
import { createWorld, type Json, problemOf, type World } from '../../kit/http/http-world.ts';

async function eventsOf({ call }: World, query = ''): Promise<Json[]> {
  const reply = await call('GET', `/events${query}`);
  expect(reply.statusCode).toBe(200);
  const document = reply.json() as { events: Json[] };
  expect([...Value.Errors(schemas.eventsReply, document)]).toEqual([]);
  return document.events;
}

/** A life of one instance, a second apart: 101 registered, 102 replaced, 103 patched, 104 cancelled. */
async function withLife(): Promise<World> {
  const world = createWorld();
  const { call, register, clock } = world;
  await register('prod/orders/a1', { version: '1' });
  clock.advance(1000);
  await register('prod/orders/a1', { version: '2', tags: ['t'] });
  clock.advance(1000);
  await call('PATCH', '/apps/prod/orders/a1?reason=too%20slow', { weight: 1 });
  clock.advance(1000);
  await call('DELETE', '/apps/prod/orders/a1?reason=bulk%20clean-up');
  return world;
}

describe('events', () => {
  test('list each change, newest first, with who, when, why, and what before and after', async () => {
    const world = await withLife();
    const [cancelled, patched, replaced, registered] = await eventsOf(world);
    const by = { address: '127.0.0.1' };
    expect(registered).toMatchObject({ revision: 101, at: '2026-01-01T00:00:00.000Z', why: 'registered', by });
    expect(registered).toMatchObject({ env: 'prod', appid: 'orders', instance: 'a1', after: { version: '1' } });
    expect(registered).not.toHaveProperty('before');
    expect(replaced).toMatchObject({ revision: 102, why: 'replaced', changed: ['version', 'tags'] });
    expect(replaced).toMatchObject({ before: { version: '1', tags: [] }, after: { version: '2', tags: ['t'] } });
    expect(patched).toMatchObject({ why: 'patched', changed: ['weight'], by: { ...by, reason: 'too slow' } });
    expect(cancelled).toMatchObject({ revision: 104, at: '2026-01-01T00:00:03.000Z', why: 'cancelled' });
    expect(cancelled).toMatchObject({ text: 'cancelled by 127.0.0.1: bulk clean-up', before: { weight: 1 } });
    expect(cancelled).not.toHaveProperty('after');
    expect(cancelled).not.toHaveProperty('changed');
  });

  test('have for an eviction the time since the last renewal', async () => {
    const world = createWorld();
    await world.register('prod/orders/a1', { leaseSeconds: 30 });
    world.clock.advance(10_000);
    await world.call('PUT', '/apps/prod/orders/a1/renew');
    world.clock.advance(30_000);
    world.registry.evictExpired(10);
    const [evicted] = await eventsOf(world, '?why=evicted');
    expect(evicted).toMatchObject({ why: 'evicted', silentSeconds: 30, heldSeconds: 0 });
    expect(evicted?.['text']).toBe('evicted: its lease of 30 s ended, no renewal came for 30 s');
    expect(evicted).not.toHaveProperty('by');
  });

  test('name the token of the caller', async () => {
    const world = createWorld({ deps: { tokens: [{ name: 'deploy', token: 'secret-1' }] } });
    const headers = { authorization: 'Bearer secret-1' };
    await world.call('PUT', '/apps/prod/orders/a1', { addrs: ['http://10.0.0.7:80'] }, headers);
    const reply = await world.call('GET', '/events', undefined, headers);
    expect(reply.body).not.toContain('secret-1');
    expect(reply.json().events).toMatchObject([
      { by: { address: '127.0.0.1', token: 'deploy' }, text: 'registered by deploy from 127.0.0.1' },
    ]);
    expect((await world.call('GET', '/events')).statusCode).toBe(401);
  });

  test.each<[query: string, revisions: number[]]>([
    ['', [104, 103, 102, 101]],
    ['?why=cancelled,evicted', [104]],
    ['?why=patched,registered,patched', [103, 101]],
    ['?env=dev', []],
    ['?env=PROD&app=prod/Orders&instance=A1', [104, 103, 102, 101]],
    ['?app=prod/pay', []],
    ['?from=-1s', [104, 103]],
    ['?from=-2s&to=-1s', [103, 102]],
    ['?to=2026-01-01T00:00:00Z', [101]],
    ['?to=2026-01-01T01:00:01+01:00', [102, 101]],
    ['?from=now', [104]],
    ['?before=103', [102, 101]],
  ])('asked for with "%s" are %j', async (query, revisions) => {
    expect((await eventsOf(await withLife(), query)).map(({ revision }) => revision)).toEqual(revisions);
  });

  test('come page by page, complete in spite of changes in between', async () => {
    const world = await withLife();
    const seen: unknown[] = [];
    let path: string | undefined = '/events?app=prod%2Forders&limit=2';
    while (path !== undefined) {
      const reply = await world.call('GET', path);
      const { events, next } = reply.json() as { events: Json[]; next?: string };
      seen.push(...events.map(({ revision }) => revision));
      await world.register(`prod/orders/x${seen.length}`);
      const link: string | undefined = /^<\/api\/v1(.*)>; rel="next"$/.exec(String(reply.headers['link']))?.[1];
      expect(link === undefined).toBe(next === undefined);
      expect(link ?? `before=${next}`).toContain(`before=${next}`);
      path = link;
    }
    expect(seen).toEqual([104, 103, 102, 101]);
  });

  test('have since when the record is complete', async () => {
    const world = createWorld({ changesMax: 2 });
    const complete = async () => (await world.call('GET', '/events?limit=1')).json() as Json;
    expect(await complete()).toMatchObject({ completeSince: '2026-01-01T00:00:00.000Z', completeSinceRevision: 100 });
    for (const id of ['a1', 'a2', 'a3']) {
      world.clock.advance(1000);
      await world.register(`prod/orders/${id}`);
    }
    expect(await complete()).toMatchObject({ completeSince: '2026-01-01T00:00:02.000Z', completeSinceRevision: 101 });
  });

  test.each<[query: string, fields: string[]]>([
    ['?why=removed', ['why']],
    ['?why=', ['why']],
    ['?why=restored', ['why']],
    ['?from=yesterday', ['from']],
    ['?from=-1h&to=-2h', ['from']],
    ['?from=15m&to=2026-11-21', ['from', 'to']],
    ['?app=orders', ['app']],
    ['?app=prod/or_ders', ['app']],
    ['?env=dev&app=prod/orders', ['app']],
    ['?env=a.b', ['env']],
    ['?instance=', ['instance']],
    ['?limit=0&before=x', ['before', 'limit']],
    ['?limit=1001', ['limit']],
    ['?appid=orders&since=-1h', ['appid', 'since']],
    ['?why=patched&why=cancelled', ['why']],
  ])('asked for with "%s" are a 400 that names %j', async (query, fields) => {
    const reply = await createWorld().call('GET', `/events${query}`);
    expect(reply.statusCode).toBe(400);
    expect([...new Set(problemOf(reply).errors.map(({ field }) => field))]).toEqual(fields);
  });

  test('that cannot be read are a 500 without a word of why', async () => {
    const recorder = { events: () => Promise.reject(new Error('SQLITE_IOERR: /var/lib')) };
    const { call } = createWorld({ control: { recorder } });
    for (const path of ['/events', '/apps/prod/orders?at=-0s']) {
      const reply = await call('GET', path);
      expect(reply.statusCode).toBe(500);
      expect(reply.body).not.toContain('SQLITE');
    }
  });
});

describe('a reason', () => {
  test('stands in the log line of every write that gives one', async () => {
    const { call, log } = createWorld();
    await call('PUT', '/apps/prod/orders/a1?reason=one', { addrs: ['http://10.0.0.7:80'] });
    await call('PATCH', '/apps/prod/orders/a1?reason=two', { weight: 1 });
    await call('PUT', '/apps/prod/orders/a1', { addrs: ['http://10.0.0.7:81'] });
    await call('POST', '/apps/prod/orders/a1/drain?reason=three');
    await call('DELETE', '/apps/prod/orders/a1?reason=four');
    const lines = log.flatMap(({ decision, reason }) => (decision === undefined ? [] : [[decision, reason]]));
    expect(lines).toEqual([
      ['registered', 'one'],
      ['patched', 'two'],
      ['replaced', undefined],
      ['drained', 'three'],
      ['cancelled', 'four'],
    ]);
  });

  test.each([
    ['PUT', { addrs: ['http://10.0.0.8:80'] }],
    ['PATCH', { weight: 1 }],
    ['DELETE', undefined],
  ])('of %s that is too long or not printable is refused, and so is an unknown parameter', async (method, body) => {
    const { call, register, registry } = createWorld();
    await register('prod/orders/a1');
    for (const query of [`reason=${'x'.repeat(201)}`, 'reason=a%0Ab', 'reason=a&reason=b', 'raeson=x']) {
      const reply = await call(method, `/apps/prod/orders/a1?${query}`, body);
      expect(reply.statusCode).toBe(400);
      expect(problemOf(reply).errors.map(({ field }) => field)).toEqual([query.split('=')[0]]);
    }
    expect(registry.revision).toBe(101);
    const reply = await call(method, `/apps/prod/orders/a1?reason=${'x'.repeat(200)}`, body);
    expect(reply.statusCode).toBe(200);
  });
});
