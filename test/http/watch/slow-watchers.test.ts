// Watchers that read too slowly, go away, come in too great a number, or are there when the server stops.

import { describe, expect, test } from 'vitest';
import { everything, FakeStream, ofApps, WatchWorld } from '../../kit/http/watch-world.ts';

const big = { metadata: { note: 'x'.repeat(8000) } };

describe('a slow reader', () => {
  test('leaves the others alone, and reads on from the log when it can', () => {
    const world = new WatchWorld();
    const slow = world.open();
    const quick = world.open();
    world.settle();
    slow.isReading = false;
    for (let i = 0; i < 60; i++) {
      world.harness.register(`orders.prod/a${i}`, big);
      world.settle();
    }
    expect(quick.received.length).toBe(61);
    expect(slow.chunks.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(140_000);
    world.watchers.beat();
    world.settle();
    for (let reads = 0; reads < 20; reads++) {
      slow.read();
      world.settle();
    }
    expect(slow.received).toEqual(quick.received);
    expect(slow.state.instances()).toEqual(quick.state.instances());
    slow.isReading = true;
    slow.read();
    world.harness.register('orders.prod/last');
    world.settle();
    expect([slow.received.at(-1), quick.received.at(-1)]).toEqual(['registered 161', 'registered 161']);
    expect(world.watchers.cutCount).toBe(0);
  });

  test('that reads nothing between two beats is cut', () => {
    const world = new WatchWorld();
    const slow = world.open();
    const quick = world.open();
    world.settle();
    slow.isReading = false;
    for (let i = 0; i < 30; i++) world.harness.register(`orders.prod/a${i}`, big);
    world.settle();
    world.watchers.beat();
    world.settle();
    expect([slow.destroyed, world.watchers.count]).toEqual([false, 2]);
    world.watchers.beat();
    world.settle();
    expect([slow.destroyed, quick.destroyed, world.watchers.count, world.watchers.cutCount]).toEqual([
      true,
      false,
      1,
      1,
    ]);
    expect(world.cuts).toEqual(['stalled']);
    expect(quick.received.length).toBe(31);
  });

  test('that the log has overtaken is cut when it comes back to it', () => {
    const world = new WatchWorld({ changesMax: 5 });
    const slow = world.open();
    world.settle();
    slow.isReading = false;
    for (let i = 0; i < 60; i++) {
      world.harness.register(`orders.prod/a${i}`, big);
      world.settle();
    }
    slow.read();
    world.settle();
    expect([slow.destroyed, world.cuts]).toEqual([true, ['overtaken']]);
    const again = world.open(everything, Number(slow.parser.lastEventId));
    world.settle();
    expect(again.received.at(0)).toBe('gap');
  });

  test('of a snapshot that the log has overtaken is cut, too', () => {
    const world = new WatchWorld({ changesMax: 5 });
    for (let i = 0; i < 60; i++) world.harness.register(`orders.prod/a${i}`, big);
    const slow = world.open();
    slow.isReading = false;
    world.settle();
    for (let i = 0; i < 10; i++) world.harness.register(`pay.prod/p${i}`);
    slow.read();
    world.settle();
    expect([slow.destroyed, world.cuts, slow.events]).toEqual([true, ['overtaken'], []]);
  });

  test('costs no more than the limit of pending changes in a burst within one turn', () => {
    const world = new WatchWorld({ changesMax: 100_000 });
    const stream = world.open();
    world.settle();
    for (let i = 0; i < 10_500; i++) world.harness.register('orders.prod/a1', { weight: i });
    world.settle();
    expect(stream.received.length).toBe(10_501);
    expect(stream.received).toEqual([...new Set(stream.received)]);
    expect(world.watchers.cutCount).toBe(0);
  });
});

describe('places', () => {
  test('are limited, and free again when a client goes', () => {
    const world = new WatchWorld({ max: 2 });
    const first = world.open();
    world.open(ofApps('prod/orders'));
    expect(world.watchers.isFull).toBe(true);
    expect(world.watchers.open(new FakeStream(), everything, undefined)).toBe(false);
    first.destroy();
    expect(world.watchers.count).toBe(1);
    const second = world.open();
    world.settle();
    world.harness.register('orders.prod/a1');
    world.settle();
    expect(second.received).toEqual(['synced 100', 'registered 101']);
    expect(world.cuts).toEqual([]);
  });

  test('a client that goes in the middle of anything is written to no more', () => {
    for (let turns = 0; turns < 12; turns++) {
      const world = new WatchWorld();
      for (let i = 0; i < 40; i++) world.harness.register(`orders.prod/a${i}`, big);
      const stream = world.open();
      const other = world.open();
      for (let i = 0; i < turns; i++) {
        world.turn();
        world.harness.register('pay.prod/p1', { weight: i });
      }
      stream.destroy();
      world.settle();
      expect(other.received.at(-1)).toMatch(/synced|updated|registered/);
      expect(other.state.instances().size).toBe(turns === 0 ? 40 : 41);
    }
  });
});

test('the end: every stream that can take it gets "stopping", and all are closed', () => {
  const world = new WatchWorld();
  for (let i = 0; i < 60; i++) world.harness.register(`orders.prod/a${i}`, big);
  const live = Array.from({ length: 50 }, () => world.open(ofApps('prod/pay')));
  world.settle();
  const busy = new FakeStream();
  busy.isReading = false;
  world.open(everything, undefined, busy);
  world.settle();
  world.watchers.stop();
  world.settle();
  for (const stream of live) expect([stream.isEnded, stream.received.at(-1)]).toEqual([true, 'stopping']);
  expect(busy.destroyed).toBe(true);
  expect(world.watchers.count).toBe(0);
  expect(world.watchers.open(new FakeStream(), everything, undefined)).toBe(false);
});
