// Watchers and a DNS side that is behind: no watcher gets a change before DNS shows it, all get it then, in order.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { VisibleChanges } from '../../../src/http/watch/visible-changes.ts';
import type { Change } from '../../../src/model/change.ts';
import { ofApps, WatchWorld } from '../../kit/http/watch-world.ts';

test('a change is sent once DNS shows it; those that come meanwhile go on together with the next', async () => {
  const world = new WatchWorld({ lateDns: true });
  const [one, other] = [world.open(), world.open(ofApps('prod/orders'))];
  world.settle();
  world.harness.register('orders.prod/a');
  world.settle();
  expect([...one.received, ...other.received]).toEqual(['synced 100', 'snapshot', 'synced 100']);
  await world.dns.catchUp();
  world.settle();
  expect(one.received).toEqual(['synced 100', 'registered 101']);
  world.harness.register('orders.prod/b');
  world.harness.cancel('orders.prod/a');
  world.harness.register('pay.prod/p');
  world.settle();
  expect(one.received).toEqual(['synced 100', 'registered 101']);
  await world.dns.catchUp();
  world.settle();
  expect(one.received.slice(2)).toEqual(['registered 102', 'cancelled 103', 'registered 104']);
  expect(other.received.slice(2)).toEqual(['registered 101', 'registered 102', 'cancelled 103']);
});

test('a watch that begins meanwhile gets what DNS shows, and the rest as it changes', async () => {
  const world = new WatchWorld({ lateDns: true });
  world.harness.register('orders.prod/a');
  await world.dns.catchUp();
  world.harness.register('orders.prod/b');
  const stream = world.open(ofApps('prod/orders'));
  world.settle();
  expect(stream.received).toEqual(['snapshot', 'synced 101']);
  expect(stream.events[0]?.data['instances']).toMatchObject([{ instance: 'a' }]);
  await world.dns.catchUp();
  world.settle();
  expect(stream.received.slice(2)).toEqual(['registered 102']);
});

test('a watch resumed at a change that DNS does not show yet gets what is after it', async () => {
  const world = new WatchWorld({ lateDns: true });
  world.harness.register('orders.prod/a');
  world.harness.register('orders.prod/b');
  const stream = world.open(ofApps('prod/orders'), 102);
  world.settle();
  world.harness.register('orders.prod/c');
  await world.dns.catchUp();
  world.settle();
  expect(stream.received.filter((received) => received.startsWith('registered'))).toEqual(['registered 103']);
  expect(stream.received).not.toContain('gap');
});

test('a DNS side that is behind, and settles at once, is asked once for a change', async () => {
  let asked = 0;
  const visible = () => {
    if (++asked > 10) throw new Error('asked again and again');
    return Promise.resolve();
  };
  const received: number[] = [];
  const view = { revision: 101 };
  const changes = new VisibleChanges({ view, visible, emit: ({ revision }) => void received.push(revision) });
  changes.changed({ revision: 101 } as Change);
  expect([received, changes.revision]).toEqual([[], 100]);
  await nextTurn();
  expect([received, changes.revision, asked]).toEqual([[101], 101, 1]);
});

test('a DNS side that hangs holds back so many changes and no more', () => {
  const world = new WatchWorld({ lateDns: true, changesMax: 20_000 });
  const stream = world.open();
  world.settle();
  for (let weight = 0; weight < 9_999; weight++) world.harness.register('orders.prod/a', { weight });
  world.settle();
  expect(stream.received).toEqual(['synced 100']);
  world.harness.register('orders.prod/a', { weight: 20_000 });
  world.settle();
  expect(stream.received.length).toBe(10_001);
});
