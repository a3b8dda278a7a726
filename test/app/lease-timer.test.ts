// The timer that ends leases, on a clock of its own: on time, after renewals, after a shorter lease, and in slices.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LeaseTimer } from '../../src/app/lease-timer.ts';
import { Harness, unguarded } from '../kit/registry/harness.ts';

const lease = (leaseSeconds: number) => ({ leaseSeconds });

function world() {
  const harness = new Harness({ guard: unguarded });
  const { registry, clock } = harness;
  /** So many were reported at a time. */
  const endings: number[] = [];
  const timer = new LeaseTimer(registry, clock, { endLeases: (ended) => void endings.push(ended.length) });
  registry.onChange(() => timer.arm());
  /** Both clocks, a millisecond at a time. */
  const pass = (ms: number) => {
    for (let passed = 0; passed < ms; passed++) {
      clock.advance(1);
      vi.advanceTimersByTime(1);
    }
  };
  return { harness, registry, timer, pass, endings };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate'] }));
afterEach(() => void vi.useRealTimers());

test('a lease ends on its millisecond', () => {
  const { harness, registry, pass } = world();
  harness.register('orders.prod/a', lease(5));
  pass(4999);
  expect(registry.instanceCount).toBe(1);
  pass(2);
  expect(registry.instanceCount).toBe(0);
});

test('a renewal moves the end, and needs no call', () => {
  const { harness, registry, pass } = world();
  harness.register('orders.prod/a', lease(5));
  pass(3000);
  harness.renew('orders.prod/a');
  pass(4999);
  expect(registry.instanceCount).toBe(1);
  pass(2);
  expect(registry.instanceCount).toBe(0);
});

test('a shorter lease that comes later ends first', () => {
  const { harness, registry, pass } = world();
  harness.register('orders.prod/long', lease(60));
  pass(1000);
  harness.register('orders.prod/short', lease(5));
  pass(5001);
  expect(registry.instanceCount).toBe(1);
  expect(registry.find({ env: 'prod', appid: 'orders', instance: 'long' })).toBeDefined();
});

test('many that end at once go in slices, with other work in between', () => {
  const { harness, registry, timer, endings } = world();
  for (let i = 0; i < 1200; i++) harness.register(`mass.prod/${i}`, lease(5));
  harness.clock.advance(5001);
  const slice = vi.spyOn(registry, 'evictExpired');
  vi.advanceTimersByTime(5001);
  expect(registry.instanceCount).toBe(0);
  expect(slice.mock.calls.length).toBe(3);
  expect(endings).toEqual([1200]);
  timer.stop();
});

test('of very many all are reported before the first is evicted, and few are not', () => {
  const { harness, registry, timer, endings } = world();
  for (let i = 0; i < 5000; i++) harness.register(`mass.prod/${i}`, lease(5));
  const counts: number[] = [];
  const report = endings.push.bind(endings);
  endings.push = (...ended) => {
    counts.push(registry.instanceCount);
    return report(...ended);
  };
  harness.clock.advance(5001);
  vi.advanceTimersByTime(5001);
  expect([registry.instanceCount, endings.reduce((sum, count) => sum + count, 0)]).toEqual([0, 5000]);
  expect(new Set(counts)).toEqual(new Set([5000]));
  for (let i = 0; i < 500; i++) harness.register(`few.prod/${i}`, lease(5));
  const before = endings.length;
  harness.clock.advance(5001);
  vi.advanceTimersByTime(5001);
  expect([registry.instanceCount, endings.length]).toEqual([0, before]);
  timer.stop();
});

test('after a stop no lease ends', () => {
  const { harness, registry, timer, pass } = world();
  harness.register('orders.prod/a', lease(5));
  timer.stop();
  pass(6000);
  expect(registry.instanceCount).toBe(1);
});
