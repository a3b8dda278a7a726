// What a watcher receives: the beginning, changes as they come, filters and the return. Streams and turns are the
// test's own; real connections are in watch.test.ts.

import { describe, expect, test } from 'vitest';
import { watchQuery } from '../../../src/http/watch/watch-query.ts';
import { isSelected } from '../../../src/model/selection/filter.ts';
import type { StreamEvent } from '../../kit/http/event-stream.ts';
import { everything, ofApps, WatchWorld } from '../../kit/http/watch-world.ts';

/** The ids that a snapshot shows. */
function instancesIn(received: StreamEvent | undefined): string[] {
  return ((received?.data['instances'] ?? []) as { instance: string }[]).map(({ instance }) => instance);
}

const big = { metadata: { note: 'x'.repeat(8000) } };

describe('the beginning', () => {
  test('is a snapshot of each app and synced, with the place to come back to', () => {
    const world = new WatchWorld();
    const { harness, registry } = world;
    harness.register('orders.prod/a1', { version: '1' });
    harness.register('orders.prod/a2');
    harness.register('pay.dev/p1');
    const stream = world.open();
    expect(stream.events).toEqual([]);
    world.settle();
    expect(stream.received).toEqual(['snapshot', 'snapshot', 'synced 103']);
    expect(stream.events[0]?.data).toMatchObject({
      env: 'prod',
      appid: 'orders',
      instances: [{ instance: 'a1', version: '1', revision: 101 }, { instance: 'a2' }],
    });
    expect(stream.events.map(({ id }) => id)).toEqual(['', '', `thislife-${registry.revision}`]);
  });

  test('of an unknown app is an empty snapshot; of everything that is empty, none', () => {
    const world = new WatchWorld();
    const app = world.open(ofApps('prod/orders'));
    const all = world.open();
    world.settle();
    expect(app.received).toEqual(['snapshot', 'synced 100']);
    expect(app.events[0]?.data).toEqual({ env: 'prod', appid: 'orders', instances: [] });
    expect(all.received).toEqual(['synced 100']);
  });

  test('of a large app comes in pieces of one event, and what changes meanwhile comes after it, once', () => {
    const world = new WatchWorld();
    for (let i = 0; i < 200; i++) world.harness.register(`orders.prod/a${i}`, big);
    const stream = world.open(ofApps('prod/orders'));
    stream.isReading = false;
    world.turn();
    expect(stream.events).toEqual([]);
    world.harness.cancel('orders.prod/a199');
    world.harness.patch('orders.prod/a0', { weight: 7 });
    world.harness.patch('orders.prod/a198', { weight: 8 });
    world.harness.register('orders.prod/b1');
    world.harness.register('pay.prod/p1');
    world.settle();
    while (stream.received.at(-1) !== 'synced 305') {
      stream.read();
      world.settle();
    }
    expect(stream.received).toEqual([
      'snapshot',
      'cancelled 301',
      'updated 302',
      'updated 303',
      'registered 304',
      'synced 305',
    ]);
    const [snapshot] = stream.events;
    expect(Math.max(...stream.chunks.map(({ length }) => length))).toBeLessThan(100_000);
    expect(stream.chunks.length).toBeGreaterThan(20);
    const ids = instancesIn(snapshot);
    // a0 had been sent before it changed.
    expect(ids).toEqual(Array.from({ length: 198 }, (_, i) => `a${i}`));
    // Who is cut before `synced` begins anew: what it has is no whole state.
    expect(stream.events.map(({ id }) => id)).toEqual(['', '', '', '', '', 'thislife-305']);
  });
});

describe('a change', () => {
  test('has its kind, its cause and the instance after it', () => {
    const world = new WatchWorld();
    const by = { address: '10.0.0.9', token: 'ci' };
    const actor = { kind: 'token', front: 'api', address: '10.0.0.9', principal: 'ci' } as const;
    const stream = world.open();
    world.settle();
    world.harness.register('orders.prod/a1', { tags: ['x'] }, { by: actor });
    expect(stream.received).toEqual(['synced 100']);
    world.settle();
    world.harness.patch('orders.prod/a1', { status: 'waiting', metadata: { a: 'b' } });
    world.settle();
    world.registry.cancel({ env: 'prod', appid: 'orders', instance: 'a1' }, { ...actor, reason: 'moved' });
    world.harness.register('orders.prod/a2', { leaseSeconds: 10 });
    world.harness.elapse(10_000);
    world.settle();
    const [, registered, updated, cancelled, , evicted] = stream.events;
    expect(registered).toMatchObject({
      event: 'registered',
      id: 'thislife-101',
      data: {
        kind: 'registered',
        matches: true,
        revision: 101,
        at: '2026-01-01T00:00:00.000Z',
        why: 'registered',
        by,
        env: 'prod',
        appid: 'orders',
        instance: 'a1',
        after: { instance: 'a1', tags: ['x'], revision: 101, leaseEndsAt: '2026-01-01T00:01:30.000Z' },
      },
    });
    expect(updated?.data).toMatchObject({
      kind: 'updated',
      matches: true,
      why: 'patched',
      changed: ['status', 'metadata'],
      after: { status: 'waiting', metadata: { a: 'b' } },
    });
    expect(cancelled).toMatchObject({
      event: 'cancelled',
      data: { matches: false, instance: 'a1', by: { ...by, reason: 'moved' } },
    });
    expect(cancelled?.data['after']).toBeUndefined();
    expect(evicted?.data).toMatchObject({ kind: 'evicted', matches: false, instance: 'a2', silentSeconds: 10 });
    expect(stream.received).toEqual([
      'synced 100',
      'registered 101',
      'updated 102',
      'cancelled 103',
      'registered 104',
      'evicted 105',
    ]);
  });

  test('has the same document as the API shows, key by key', () => {
    const world = new WatchWorld();
    const stream = world.open();
    world.harness.register('orders.prod/a1');
    const later = world.open();
    world.settle();
    world.harness.register('orders.prod/a2');
    world.settle();
    const shown = later.state.instances().get('prod/orders/a1');
    expect(Object.keys(stream.events.at(-1)?.data['after'] ?? {})).toEqual(Object.keys(shown ?? {}));
    expect(shown).toBeDefined();
  });

  test('reaches watchers of its app, its environment or everything, each once, and no other', () => {
    const world = new WatchWorld();
    const queries = {
      app: ofApps('prod/orders'),
      apps: ofApps('prod/pay', 'prod/orders', 'dev/orders'),
      env: watchQuery([], ['prod']),
      both: watchQuery([{ env: 'prod', appid: 'orders' }], ['prod', 'dev']),
      all: everything,
      'other app': ofApps('prod/pay'),
      'same name elsewhere': ofApps('dev/orders'),
      'other env': watchQuery([], ['dev']),
    };
    const streams = Object.entries(queries).map(([name, query]) => [name, world.open(query)] as const);
    world.settle();
    const before = streams.map(([, { events }]) => events.length);
    world.harness.register('orders.prod/a1');
    world.settle();
    const heard = streams.filter(([, { events }], i) => events.length > (before[i] as number)).map(([name]) => name);
    expect(heard).toEqual(['app', 'apps', 'env', 'both', 'all']);
    for (const [name, stream] of streams)
      expect([name, stream.received.filter((received) => received === 'registered 101').length]).toEqual([
        name,
        heard.includes(name) ? 1 : 0,
      ]);
  });

  test('is not a renewal, nor a registration without a difference', () => {
    const world = new WatchWorld();
    const stream = world.open();
    world.harness.register('orders.prod/a1');
    world.settle();
    const before = stream.received.length;
    world.harness.renew('orders.prod/a1');
    world.harness.register('orders.prod/a1');
    world.settle();
    expect(stream.received.length).toBe(before);
  });

  test('is encoded once and written as one chunk to all who watch the same', () => {
    const world = new WatchWorld();
    const streams = Array.from({ length: 80 }, () => world.open(ofApps('prod/orders')));
    world.settle();
    world.harness.register('orders.prod/a1');
    world.harness.register('orders.prod/a2');
    world.settle();
    const chunks = new Set(streams.map(({ chunks: written }) => written.at(-1)));
    expect(chunks.size).toBe(1);
    expect(streams.every(({ received }) => received.slice(-2).join() === 'registered 101,registered 102')).toBe(true);
    expect(world.watchers.eventCount).toBe(80 * 4);
  });
});

describe('with filters', () => {
  const up = watchQuery([{ env: 'prod', appid: 'orders' }], [], { status: 'up', tags: ['canary'] });

  test('a change is sent when the instance is or was selected, and has which', () => {
    const world = new WatchWorld();
    world.harness.register('orders.prod/a1', { tags: ['canary'] });
    world.harness.register('orders.prod/a2');
    const stream = world.open(up);
    world.settle();
    expect(instancesIn(stream.events[0])).toEqual(['a1']);
    world.harness.patch('orders.prod/a2', { weight: 3 });
    world.harness.patch('orders.prod/a2', { tags: ['canary'] });
    world.harness.patch('orders.prod/a1', { status: 'waiting' });
    world.harness.patch('orders.prod/a1', { weight: 3 });
    world.harness.cancel('orders.prod/a1');
    world.harness.cancel('orders.prod/a2');
    world.settle();
    expect(stream.events.slice(2).map(({ event, data }) => [event, data['instance'], data['matches']])).toEqual([
      ['updated', 'a2', true],
      ['updated', 'a1', false],
      ['cancelled', 'a2', false],
    ]);
    expect([...stream.state.instances().keys()]).toEqual([]);
  });
});

describe('coming back', () => {
  test('with the last id goes on behind it, without a snapshot', () => {
    const world = new WatchWorld();
    for (const id of ['a1', 'a2', 'a3']) world.harness.register(`orders.prod/${id}`);
    const stream = world.open(everything, 101);
    world.settle();
    expect(stream.received).toEqual(['registered 102', 'registered 103', 'synced 103']);
    expect(stream.events.map(({ id }) => id)).toEqual(['thislife-102', 'thislife-103', 'thislife-103']);
    world.harness.cancel('orders.prod/a1');
    world.settle();
    expect(stream.received.at(-1)).toBe('cancelled 104');
  });

  test.each([
    ['older than what is kept', 101],
    ['from before this life of the registry', 99],
    ['above the present one', 5000],
    ['of an unknown app', -1],
  ])('with an id %s is a gap and a snapshot', (_what, known) => {
    const world = new WatchWorld({ changesMax: 2 });
    for (const id of ['a1', 'a2', 'a3', 'a4']) world.harness.register(`orders.prod/${id}`);
    const stream = world.open(everything, known);
    world.settle();
    expect(stream.received).toEqual(['gap', 'snapshot', 'synced 104']);
    expect(stream.events[0]?.data).toMatchObject({ known, completeSince: 102 });
    expect(stream.events.map(({ id }) => id)).toEqual([String(known), String(known), 'thislife-104']);
  });

  test('is no gap where the apps have not changed since, however much the log has dropped', () => {
    const world = new WatchWorld({ changesMax: 2 });
    world.harness.register('orders.prod/a1');
    for (let i = 0; i < 10; i++) world.harness.register(`pay.prod/p${i}`);
    const stream = world.open(ofApps('prod/orders', 'prod/nobody'), 101);
    world.settle();
    expect(stream.received).toEqual(['synced 111']);
    const changed = world.open(ofApps('prod/orders', 'prod/pay'), 101);
    world.settle();
    expect(changed.received[0]).toBe('gap');
  });

  test('a quiet watch has its place moved on by the beat', () => {
    const world = new WatchWorld({ changesMax: 2 });
    world.harness.register('orders.prod/a1');
    const stream = world.open(watchQuery([], ['dev']));
    world.settle();
    for (let i = 0; i < 10; i++) world.harness.register(`pay.prod/p${i}`);
    world.watchers.beat();
    world.settle();
    expect(stream.received).toEqual(['synced 101']);
    expect([stream.parser.comments, stream.parser.lastEventId]).toEqual([1, 'thislife-111']);
  });
});

test('filters of a watch and of a list are one', () => {
  const world = new WatchWorld();
  const selection = { zone: 'EU-1a', port: 'http' };
  world.harness.register('orders.prod/a1', { zone: 'eu-1a' });
  world.harness.register('orders.prod/a2', { zone: 'eu-1b' });
  const stream = world.open(watchQuery([], [], selection));
  world.settle();
  const expected = [...(world.registry.app('prod', 'orders')?.instances() ?? [])]
    .filter(({ instance }) => isSelected(instance, selection))
    .map(({ instance }) => `prod/orders/${instance.instance}`);
  expect([...stream.state.instances().keys()]).toEqual(expected);
});
