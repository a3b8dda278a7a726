// Who asks for what, as callers see it: `GET /api/v1/queries`, `/queries/unasked`, and `asked` under /resolve.

import { describe, expect, test } from 'vitest';
import type { QueryLists } from '../../../src/control/queries/query-lists.ts';
import { GrantedPrincipal, unrestricted } from '../../../src/model/principal.ts';
import type { DrainQueries, QuerySample } from '../../../src/model/query-sample.ts';
import { listsOver } from '../../kit/http/query-world.ts';
import { Harness, someAddress } from '../../kit/registry/harness.ts';

const all = unrestricted('anonymous');
const page = { by: 'question', order: 'queries', limit: 100, offset: 0 } as const;

function worldOf() {
  const harness = new Harness();
  for (const path of ['orders.prod/orders-1', 'billing.prod/b-1', 'orders.staging/orders-1'])
    harness.register(path, { addrs: [someAddress] });
  let waiting: QuerySample[] = [];
  let drains = 0;
  const drain: DrainQueries = (sink) => {
    drains++;
    for (const sample of waiting) sink.add(sample);
    waiting = [];
  };
  const lists = listsOver(drain, harness.clock, harness.registry);
  const ask = (name: string, fields: Partial<QuerySample> = {}): void => {
    const nowMs = harness.clock.monotonicMs();
    const usual = { type: 'A', rcode: 'NOERROR', transport: 'udp', client: '10.0.0.1', queries: 1 };
    waiting.push({ name, ...usual, firstMs: nowMs, lastMs: nowMs, ...fields });
  };
  return { harness, lists, ask, drains: () => drains };
}

describe('rows', () => {
  test('are added up by question, name, client or app', () => {
    const { lists, ask } = worldOf();
    ask('orders.prod.svc.', { queries: 3 });
    ask('orders.prod.svc.', { client: '10.0.0.2', queries: 2 });
    ask('_http._tcp.orders.prod.svc.', { type: 'SRV', transport: 'tcp' });
    ask('nobody.prod.svc.', { rcode: 'NXDOMAIN', client: '10.0.0.2', queries: 9 });
    const counts = (by: 'question' | 'name' | 'client' | 'app' | 'none') =>
      lists.list(all, {}, { ...page, by }).groups.map(({ queries, clients }) => [queries, clients]);
    expect(counts('question')).toEqual([
      [9, 1],
      [5, 2],
      [1, 1],
    ]);
    expect(counts('client')).toEqual([
      [11, 1],
      [4, 1],
    ]);
    expect(counts('app')).toEqual([[6, 2]]);
    expect(counts('none')).toHaveLength(4);
    expect(lists.list(all, {}, { ...page, by: 'app' }).groups[0]).toMatchObject({
      app: { env: 'prod', appid: 'orders' },
    });
  });

  test('are filtered by a name with all below it, type, rcode, client and app', () => {
    const { lists, ask } = worldOf();
    ask('orders.prod.svc.');
    ask('orders-1.orders.prod.svc.', { type: 'AAAA', client: '10.0.0.9' });
    ask('xorders.prod.svc.', { rcode: 'NXDOMAIN' });
    const names = (filter: Parameters<QueryLists['list']>[1]) =>
      lists
        .list(all, filter, page)
        .groups.map(({ name }) => name)
        .sort();
    expect(names({ name: 'orders.prod.svc.' })).toEqual(['orders-1.orders.prod.svc.', 'orders.prod.svc.']);
    expect(names({ type: 'AAAA' })).toEqual(['orders-1.orders.prod.svc.']);
    expect(names({ client: '10.0.0.9' })).toEqual(['orders-1.orders.prod.svc.']);
    expect(names({ rcode: 'NXDOMAIN' })).toEqual(['xorders.prod.svc.']);
    expect(names({ app: { env: 'prod', appid: 'orders' } })).toHaveLength(2);
  });

  test('come in pages, in the order that was asked for', () => {
    const { harness, lists, ask } = worldOf();
    for (let i = 0; i < 5; i++) ask(`n${i}.prod.svc.`, { queries: i + 1 });
    harness.clock.advance(3_600_000);
    ask('n0.prod.svc.');
    const first = lists.list(all, {}, { ...page, limit: 2 });
    expect(first.total).toBe(5);
    expect(first.groups.map(({ name }) => name)).toEqual(['n4.prod.svc.', 'n3.prod.svc.']);
    expect(lists.list(all, {}, { ...page, limit: 2, offset: 4 }).groups).toHaveLength(1);
    expect(lists.list(all, {}, { ...page, order: 'recent' }).groups[0]).toMatchObject({ name: 'n0.prod.svc.' });
    expect(lists.list(all, {}, { ...page, order: 'minute' }).groups[0]).toMatchObject({
      recent: { minute: 1, day: 2 },
    });
  });

  test('of a name that does not exist name the registered apps within two letters of it', () => {
    const { lists, ask } = worldOf();
    ask('ordes.prod.svc.', { rcode: 'NXDOMAIN' });
    ask('orders.prd.svc.', { rcode: 'NXDOMAIN' });
    ask('nothing-like-it.prod.svc.', { rcode: 'NXDOMAIN' });
    const close = lists
      .list(all, {}, page)
      .groups.map(({ closeTo }) => closeTo.map(({ env, appid }) => `${env}/${appid}`));
    expect(close.sort()).toEqual([[], ['prod/orders'], ['prod/orders']]);
  });

  test('of a name in the wrong env name the app where it is registered', () => {
    const { lists, ask } = worldOf();
    ask('_http._tcp.billing.dev.svc.', { rcode: 'NXDOMAIN' });
    const [group] = lists.list(all, {}, page).groups;
    expect(group?.closeTo).toEqual([{ env: 'prod', appid: 'billing' }]);
  });

  test('are bounded, and what is forgotten is counted: names that exist stay beside a flood of others', () => {
    const { lists, ask } = worldOf();
    ask('orders.prod.svc.');
    for (let i = 0; i < 10_500; i++) ask(`x${i}.prod.svc.`, { rcode: 'NXDOMAIN' });
    const { total, unlisted } = lists.list(all, {}, page);
    expect(total).toBeLessThanOrEqual(10_001);
    expect(total + (unlisted ?? 0)).toBe(10_501);
    expect(lists.list(all, { rcode: 'NOERROR' }, page).total).toBe(1);
    // The first of them is forgotten, the last one is not.
    expect(lists.asked('x0.prod.svc.', 'A')).toBeUndefined();
    expect(lists.asked('x10499.prod.svc.', 'A')).toMatchObject({ queries: 1 });
  });
});

test('a caller sees the queries for apps that it may read', () => {
  const { lists, ask } = worldOf();
  for (const name of ['orders.prod.svc.', 'billing.prod.svc.', 'example.com.']) ask(name);
  const some = new GrantedPrincipal('token', 'reader', [{ rights: ['read'], env: 'prod', app: 'orders' }]);
  const { groups, unlisted } = lists.list(some, {}, page);
  expect(groups.map(({ name }) => name)).toEqual(['orders.prod.svc.']);
  expect(unlisted).toBeUndefined();
  expect(lists.unasked(some, 1000, 10).apps).toEqual([]);
});

test('apps without queries: never asked, or not within the time', () => {
  const { harness, lists, ask } = worldOf();
  ask('_http._tcp.orders.prod.svc.', { type: 'SRV' });
  ask('billing.prod.svc.', { rcode: 'SERVFAIL' });
  const apps = (withinMs: number) => lists.unasked(all, withinMs, 10).apps.map(({ env, appid }) => `${env}/${appid}`);
  expect(apps(60_000)).toEqual(['prod/billing', 'staging/orders']);
  harness.clock.advance(61_000);
  expect(apps(60_000)).toEqual(['prod/billing', 'prod/orders', 'staging/orders']);
});

test('how a question is asked, and the names that are asked most', () => {
  const { lists, ask } = worldOf();
  ask('orders.prod.svc.', { queries: 2 });
  ask('orders.prod.svc.', { client: '10.0.0.2' });
  ask('orders.prod.svc.', { type: 'AAAA', queries: 7 });
  expect(lists.asked('orders.prod.svc.', 'A')).toMatchObject({ queries: 3, clients: 2, recent: { minute: 3 } });
  expect(lists.asked('billing.prod.svc.', 'A')).toBeUndefined();
  expect(lists.top(1)).toEqual([{ name: 'orders.prod.svc.', type: 'AAAA', minute: 7 }]);
});

test('how a question is asked costs no look at the threads more often than once a second', () => {
  const { harness, lists, ask, drains } = worldOf();
  for (let i = 0; i < 100; i++) lists.asked('orders.prod.svc.', 'A');
  expect(drains()).toBe(1);
  ask('orders.prod.svc.');
  harness.clock.advance(1000);
  expect(lists.asked('orders.prod.svc.', 'A')).toMatchObject({ queries: 1 });
  expect(drains()).toBe(2);
});
