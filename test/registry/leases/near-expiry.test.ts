// A lease near its end is notified once, one renewed before that not at all, and eviction comes at the deadline as ever;
// one kept beyond it is notified as suspect, with the reason, until that is over. Without a listener nothing is done.

import { expect, test } from 'vitest';
import { Harness, keyOf } from '../../kit/registry/harness.ts';

interface Notification {
  readonly atMs: number;
  readonly instance: string;
  readonly isNearExpiry: boolean;
  readonly leftMs: number;
}

function watched(): { harness: Harness; notified: Notification[]; startMs: number } {
  const notified: Notification[] = [];
  const harness: Harness = new Harness({
    onNearExpiry: ({ instance, isNearExpiry, deadlineMs }) => {
      const nowMs = harness.clock.monotonicMs();
      notified.push({ atMs: nowMs - startMs, instance: instance.instance, isNearExpiry, leftMs: deadlineMs - nowMs });
    },
  });
  const startMs = harness.clock.monotonicMs();
  return { harness, notified, startMs };
}

test('one TTL and a second before the end, then again at a renewal', () => {
  const { harness, notified } = watched();
  harness.register('orders.prod/a', { leaseSeconds: 30, dnsTtl: 10 });
  // Half an interval late: a stage of its own, which concerns the guard alone.
  expect((harness.registry.nextDeadlineMs() ?? 0) - harness.clock.monotonicMs()).toBe(15_000);
  harness.elapse(15_000);
  expect((harness.registry.nextDeadlineMs() ?? 0) - harness.clock.monotonicMs()).toBe(4000);
  harness.elapse(3999);
  expect(notified).toEqual([]);
  harness.elapse(1);
  expect(notified).toEqual([{ atMs: 19_000, instance: 'a', isNearExpiry: true, leftMs: 11_000 }]);
  harness.elapse(5000);
  harness.renew('orders.prod/a');
  expect(notified.slice(1)).toEqual([{ atMs: 24_000, instance: 'a', isNearExpiry: false, leftMs: 30_000 }]);
  harness.elapse(18_999);
  expect(notified).toHaveLength(2);
  harness.elapse(1);
  expect(notified).toHaveLength(3);
  harness.elapse(10_999);
  expect(harness.registry.instanceCount).toBe(1);
  harness.elapse(1);
  expect(harness.registry.instanceCount).toBe(0);
});

test('a re-registration without a difference counts as a renewal', () => {
  const { harness, notified } = watched();
  const body = { leaseSeconds: 30, dnsTtl: 10 };
  harness.register('orders.prod/a', body);
  harness.elapse(19_000);
  harness.register('orders.prod/a', body);
  expect(notified.map(({ isNearExpiry }) => isNearExpiry)).toEqual([true, false]);
});

test('renewals before near expiry are not notified', () => {
  const { harness, notified } = watched();
  for (const id of ['a', 'b']) harness.register(`orders.prod/${id}`, { leaseSeconds: 90, dnsTtl: 5 });
  for (let round = 0; round < 20; round++) {
    harness.elapse(30_000);
    for (const id of ['a', 'b']) harness.renew(`orders.prod/${id}`);
  }
  expect(notified).toEqual([]);
});

test('a lease no longer than its TTL is near expiry from the start, and every renewal is notified', () => {
  const { harness, notified } = watched();
  harness.register('orders.prod/a', { leaseSeconds: 5, dnsTtl: 10 });
  for (let renewals = 0; renewals < 3; renewals++) {
    harness.elapse(2000);
    harness.renew('orders.prod/a');
  }
  expect(notified.map(({ isNearExpiry, leftMs }) => [isNearExpiry, leftMs])).toEqual(Array(3).fill([true, 5000]));
  harness.elapse(5000);
  expect(harness.registry.instanceCount).toBe(0);
});

test('a changed registration is judged anew', () => {
  const { harness, notified } = watched();
  harness.register('orders.prod/a', { leaseSeconds: 30, dnsTtl: 10 });
  harness.elapse(19_000);
  harness.patch('orders.prod/a', { dnsTtl: 2 });
  harness.elapse(0);
  expect(notified).toHaveLength(1);
  harness.elapse(8000);
  expect(notified.slice(1)).toEqual([{ atMs: 27_000, instance: 'a', isNearExpiry: true, leftMs: 3000 }]);
});

test('suspects are notified with their reason, again when they are looked at again, and when they renew', () => {
  const notified: [instance: string, why: string][] = [];
  const harness: Harness = new Harness({
    onNearExpiry: (stored) => notified.push([stored.instance.instance, harness.registry.whySuspect(stored)]),
  });
  const ids = Array.from({ length: 10 }, (_, i) => `o-${i}`);
  const silent = ids.slice(0, 4);
  for (const id of ids) harness.register(`orders.prod/${id}`);
  const pass = (seconds: number, alive: readonly string[]): [string, string][] => {
    for (let second = 1; second <= seconds; second++) {
      harness.elapse(1000);
      if (second % 30 === 0) for (const id of alive) harness.renew(`orders.prod/${id}`);
    }
    return notified.splice(0).sort();
  };
  expect(pass(600, ids)).toEqual([]);
  expect(pass(60, ids.slice(4))).toEqual([]);
  expect(pass(24, [])).toEqual(silent.map((id) => [id, '']));
  const kept = pass(6, []);
  for (const id of ids.slice(4)) harness.renew(`orders.prod/${id}`);
  expect(kept.map(([id]) => id)).toEqual(silent);
  for (const [, why] of kept) expect(why).toContain('10');
  expect(pass(60, ids.slice(4)).map(([id]) => id)).toEqual(silent);
  harness.renew('orders.prod/o-0');
  expect(pass(1, [])).toEqual([['o-0', '']]);
  expect(harness.registry.find(keyOf('orders.prod/o-0'))).toMatchObject({ isSuspect: false, isNearExpiry: false });
});

test('without a listener no lease is looked at for it, and none is marked', () => {
  const harness = new Harness();
  harness.register('orders.prod/a', { leaseSeconds: 30, dnsTtl: 10 });
  harness.elapse(20_000);
  expect(harness.registry.find(keyOf('orders.prod/a'))).toMatchObject({ isNearExpiry: false, phase: 'late' });
  expect(harness.registry.nextDeadlineMs()).toBe(harness.clock.monotonicMs() + 10_000);
});
