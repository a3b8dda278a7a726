// `GET /api/v1/queries` and `/queries/unasked`, and how often a question is asked in /resolve.

import { expect, test } from 'vitest';
import type { QueryLists } from '../../../src/control/queries/query-lists.ts';
import type { DrainQueries, QuerySample } from '../../../src/model/query-sample.ts';
import { createWorld, problemOf, type World } from '../../kit/http/http-world.ts';
import { listsOver } from '../../kit/http/query-world.ts';

/** A world in which DNS has counted these, at the time of its start. */
async function worldWith(samples: readonly Partial<QuerySample>[]): Promise<World> {
  const waiting = [...samples];
  let lists: QueryLists | undefined;
  const late = {
    list: (...args: Parameters<QueryLists['list']>) => (lists as QueryLists).list(...args),
    unasked: (...args: Parameters<QueryLists['unasked']>) => (lists as QueryLists).unasked(...args),
    asked: (...args: Parameters<QueryLists['asked']>) => (lists as QueryLists).asked(...args),
  } as QueryLists;
  const world = createWorld({ control: { queries: late } });
  const nowMs = world.clock.monotonicMs();
  const usual = { name: 'orders.prod.svc.', type: 'A', rcode: 'NOERROR', transport: 'udp', client: '10.0.0.1' };
  const drainQueries: DrainQueries = (sink) => {
    for (const sample of waiting.splice(0))
      sink.add({ ...usual, queries: 1, firstMs: nowMs, lastMs: nowMs, ...sample });
  };
  lists = listsOver(drainQueries, world.clock, world.registry);
  await world.register('prod/orders/orders-1');
  return world;
}

test('a row has counts and times by the clock on the wall', async () => {
  const { call, clock } = await worldWith([{ queries: 3 }]);
  const at = new Date(clock.wallMs()).toISOString();
  clock.advance(120_000);
  const reply = await call('GET', '/queries?by=none&name=Orders.prod.svc');
  expect(reply.headers['cache-control']).toBe('no-store');
  expect(reply.json()).toEqual({
    since: at,
    total: 1,
    unlisted: 0,
    queries: [
      {
        name: 'orders.prod.svc.',
        type: 'A',
        rcode: 'NOERROR',
        transport: 'udp',
        client: '10.0.0.1',
        env: 'prod',
        appid: 'orders',
        count: 3,
        lastMinute: 0,
        lastHour: 3,
        lastDay: 3,
        firstSeen: at,
        lastSeen: at,
        clients: 1,
        names: 1,
      },
    ],
  });
});

test('an instance is looked up under its own name', async () => {
  const { call } = await worldWith([{}, { name: 'orders-1.orders.prod.svc.' }]);
  const names = async (path: string) =>
    ((await call('GET', path)).json() as { queries: { name: string }[] }).queries.map(({ name }) => name);
  expect(await names('/queries?instance=prod/orders/orders-1')).toEqual(['orders-1.orders.prod.svc.']);
  expect(problemOf(await call('GET', '/queries?instance=prod/orders/none'))['type']).toBe(
    'urn:rollcall:problem:unknown-instance',
  );
});

test('pages follow each other', async () => {
  const { call } = await worldWith([{ queries: 2 }, { type: 'AAAA' }]);
  expect((await call('GET', '/queries?limit=1')).json()).toMatchObject({ total: 2, next: 1, queries: [{ type: 'A' }] });
  const last = (await call('GET', '/queries?limit=1&offset=1')).json();
  expect(last).toMatchObject({ queries: [{ type: 'AAAA' }] });
  expect(last).not.toHaveProperty('next');
});

test('apps without queries', async () => {
  const { call, register } = await worldWith([{}]);
  await register('prod/billing/b-1');
  const unasked = (await call('GET', '/queries/unasked?within=1h')).json();
  expect(unasked).toMatchObject({ apps: [{ env: 'prod', appid: 'billing', lastSeen: null }] });
});

test.each([
  ['/queries?by=colour', 'by'],
  ['/queries?order=up', 'order'],
  ['/queries?app=orders', 'app'],
  ['/queries?instance=prod', 'instance'],
  ['/queries?limit=0', 'limit'],
  ['/queries?offset=-1', 'offset'],
  ['/queries?nmae=x', 'nmae'],
  ['/queries/unasked?within=soon', 'within'],
])('%s is refused naming %s', async (path, field) => {
  const { call } = await worldWith([]);
  const reply = await call('GET', path);
  expect(reply.statusCode).toBe(400);
  expect(problemOf(reply)['errors']).toMatchObject([{ field }]);
});

test('where queries are not counted, the calls report it', async () => {
  const { call } = createWorld();
  for (const path of ['/queries', '/queries/unasked'])
    expect(problemOf(await call('GET', path))['type']).toBe('urn:rollcall:problem:not-recorded');
});

test('/resolve has how often its question is asked', async () => {
  const { call } = await worldWith([{ queries: 5 }, { client: '10.0.0.2' }]);
  expect((await call('GET', '/resolve?name=orders.prod.svc')).json()).toMatchObject({
    asked: { count: 6, lastMinute: 6, clients: 2 },
  });
});
