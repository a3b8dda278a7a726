// Selection over HTTP: near, order, subset, limit, and their ETags.

import { describe, expect, test } from 'vitest';
import { createWorld, type Json, problemOf, type World } from '../../kit/http/http-world.ts';
import { seededRandom } from '../../kit/registry/placed.ts';

const ids = (reply: { json(): unknown }) =>
  (reply.json() as { instances: Json[] }).instances.map(({ instance }) => instance);

async function shop(): Promise<World & { ask(query: string): Promise<unknown[]> }> {
  const world = createWorld({ deps: { random: seededRandom(3) } });
  await world.register('prod/orders/a1', { zone: 'eu-1a' });
  await world.register('prod/orders/b1', { zone: 'eu-1b', status: 'waiting' });
  await world.register('prod/orders/a2', { zone: 'eu-1a', status: 'waiting' });
  await world.register('prod/orders/b2', { zone: 'eu-1b' });
  return { ...world, ask: async (query) => ids(await world.call('GET', `/apps/prod/orders?${query}`)) };
}

test.each([
  ['near=EU-1B', ['b1', 'b2', 'a1', 'a2']],
  ['near=eu-1b&status=up', ['b2', 'a1']],
  ['near=eu-1b&status=up&limit=2', ['b2', 'a1']],
  ['near=eu-1b&limit=3', ['b1', 'b2', 'a1']],
  ['near=nowhere&status=up', ['a1', 'b2']],
  ['near=eu-1a&zone=eu-1b', ['b1', 'b2']],
])('"%s" gives %j', async (query, expected) => {
  const { ask } = await shop();
  expect(await ask(query)).toEqual(expected);
});

test('round-robin begins one place further with every call, each list by itself', async () => {
  const { ask } = await shop();
  const first = (await ask('order=round-robin'))[0];
  const all = ['a1', 'b1', 'a2', 'b2'];
  const turned = (by: number) => all[(all.indexOf(first as string) + by) % 4];
  // Another list in between takes no turn away.
  for (const by of [1, 2, 3, 4]) {
    await ask('order=round-robin&status=up');
    expect((await ask('order=round-robin'))[0]).toBe(turned(by));
  }
  const firsts = new Set<unknown>();
  for (let i = 0; i < 2; i++) firsts.add((await ask('order=round-robin&status=up&limit=1'))[0]);
  expect(firsts).toEqual(new Set(['a1', 'b2']));
});

test.each(['weighted', 'random'])('%s draws anew for every call', async (order) => {
  const { ask } = await shop();
  const firsts = new Set<unknown>();
  for (let i = 0; i < 40; i++) firsts.add((await ask(`order=${order}`))[0]);
  expect(firsts.size).toBe(4);
});

test('a subset belongs to the client that is named, or to the address that calls', async () => {
  const { ask, app } = await shop();
  for (const client of ['web-1', 'web-2', '10.0.0.9']) {
    const own = await ask(`subset=2&client=${client}`);
    expect(own).toHaveLength(2);
    expect(await ask(`subset=2&client=${client}`)).toEqual(own);
  }
  const from = async (remoteAddress: string) =>
    ids(await app.inject({ url: '/api/v1/apps/prod/orders?subset=2', remoteAddress }));
  expect(await from('10.0.0.9')).toEqual(await ask('subset=2&client=10.0.0.9'));
});

test.each([
  ['order=best', 'order', 'must be weighted, round-robin or random', 'best'],
  ['order=', 'order', 'must be weighted, round-robin or random', ''],
  ['subset=0', 'subset', 'must be a whole number 1-1000', '0'],
  ['subset=three&client=a', 'subset', 'must be a whole number 1-1000', 'three'],
  ['near=', 'near', 'must not be empty: leave it out to prefer no zone', ''],
  ['client=web-1', 'client', 'is the name that a subset is chosen by: give subset as well', 'web-1'],
  ['limit=0&order=random', 'limit', 'must be a whole number 1-1000', '0'],
])('"%s" is a 400 that names the field and the value', async (query, field, message, value) => {
  const { call } = await shop();
  const reply = await call('GET', `/apps/prod/orders?${query}`);
  expect(reply.statusCode).toBe(400);
  expect(problemOf(reply).errors).toEqual([{ field, message, value }]);
});

describe('an ETag', () => {
  test('differs by selection and client', async () => {
    const { call, app } = await shop();
    const queries = ['', 'order=random', 'order=weighted', 'limit=2', 'subset=2&client=a', 'subset=2&client=b'];
    const tags = new Set<unknown>();
    for (const query of queries) tags.add((await call('GET', `/apps/prod/orders?${query}`)).headers['etag']);
    for (const remoteAddress of ['10.0.0.1', '10.0.0.2'])
      tags.add((await app.inject({ url: '/api/v1/apps/prod/orders?subset=2', remoteAddress })).headers['etag']);
    expect(tags.size).toBe(queries.length + 2);
  });

  test('of an order by chance covers who is there, not the draw; and no cache keeps the draw', async () => {
    const { call, register } = await shop();
    const drawn = await call('GET', '/apps/prod/orders?order=random');
    const tag = drawn.headers['etag'] as string;
    expect([tag.startsWith('W/"thislife-104-'), drawn.headers['cache-control']]).toEqual([true, 'no-store']);
    const ask = () => call('GET', '/apps/prod/orders?order=random', undefined, { 'if-none-match': tag });
    expect((await ask()).statusCode).toBe(304);
    await register('prod/orders/c1');
    expect((await ask()).statusCode).toBe(200);
    expect((await call('GET', '/apps/prod/orders')).headers['cache-control']).toBe('no-cache');
  });
});

test('callers that one change wakes get a draw each', async () => {
  const { call, register, longPolls } = await shop();
  const index = (await call('GET', '/apps/prod/orders')).headers['x-rollcall-index'] as string;
  const waiting = Array.from({ length: 30 }, () => call('GET', `/apps/prod/orders?order=round-robin&index=${index}`));
  const plain = call('GET', `/apps/prod/orders?index=${index}`);
  await expect.poll(() => longPolls.waiting).toBe(31);
  await register('prod/orders/c1');
  const counts = new Map<unknown, number>();
  for (const reply of await Promise.all(waiting)) counts.set(ids(reply)[0], (counts.get(ids(reply)[0]) ?? 0) + 1);
  expect([...counts.values()]).toEqual([6, 6, 6, 6, 6]);
  expect(ids(await plain)).toEqual(['a1', 'b1', 'a2', 'b2', 'c1']);
});
