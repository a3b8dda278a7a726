// Leases that lapse are told once, those that are renewed in time not at all, and eviction comes at the deadline as ever.

import { expect, test } from 'vitest';
import { Harness } from '../kit/harness.ts';

interface Told {
  readonly atMs: number;
  readonly instance: string;
  readonly isLapsing: boolean;
  readonly leftMs: number;
}

function watched(): { harness: Harness; told: Told[]; startMs: number } {
  const told: Told[] = [];
  const harness: Harness = new Harness({
    onLapsing: ({ instance, isLapsing, deadlineMs }) => {
      const nowMs = harness.clock.monotonicMs();
      told.push({ atMs: nowMs - startMs, instance: instance.instance, isLapsing, leftMs: deadlineMs - nowMs });
    },
  });
  const startMs = harness.clock.monotonicMs();
  return { harness, told, startMs };
}

test('one TTL and a second before the end, then again at a renewal', () => {
  const { harness, told } = watched();
  harness.register('orders.prod/a', { leaseSeconds: 30, dnsTtl: 10 });
  expect((harness.registry.nextDeadlineMs() ?? 0) - harness.clock.monotonicMs()).toBe(19_000);
  harness.elapse(18_999);
  expect(told).toEqual([]);
  harness.elapse(1);
  expect(told).toEqual([{ atMs: 19_000, instance: 'a', isLapsing: true, leftMs: 11_000 }]);
  harness.elapse(5000);
  harness.renew('orders.prod/a');
  expect(told.slice(1)).toEqual([{ atMs: 24_000, instance: 'a', isLapsing: false, leftMs: 30_000 }]);
  harness.elapse(18_999);
  expect(told).toHaveLength(2);
  harness.elapse(1);
  expect(told).toHaveLength(3);
  harness.elapse(10_999);
  expect(harness.registry.instanceCount).toBe(1);
  harness.elapse(1);
  expect(harness.registry.instanceCount).toBe(0);
});

test('a re-registration that says the same counts as a renewal', () => {
  const { harness, told } = watched();
  const body = { leaseSeconds: 30, dnsTtl: 10 };
  harness.register('orders.prod/a', body);
  harness.elapse(19_000);
  harness.register('orders.prod/a', body);
  expect(told.map(({ isLapsing }) => isLapsing)).toEqual([true, false]);
});

test('renewals in time are told to nobody', () => {
  const { harness, told } = watched();
  for (const id of ['a', 'b']) harness.register(`orders.prod/${id}`, { leaseSeconds: 90, dnsTtl: 5 });
  for (let round = 0; round < 20; round++) {
    harness.elapse(30_000);
    for (const id of ['a', 'b']) harness.renew(`orders.prod/${id}`);
  }
  expect(told).toEqual([]);
});

test('a lease no longer than its TTL always lapses, and every renewal is told', () => {
  const { harness, told } = watched();
  harness.register('orders.prod/a', { leaseSeconds: 5, dnsTtl: 10 });
  harness.elapse(0);
  for (let renewals = 0; renewals < 3; renewals++) {
    harness.elapse(2000);
    harness.renew('orders.prod/a');
  }
  expect(told.map(({ isLapsing, leftMs }) => [isLapsing, leftMs])).toEqual(Array(4).fill([true, 5000]));
  harness.elapse(5000);
  expect(harness.registry.instanceCount).toBe(0);
});

test('a changed registration is judged anew', () => {
  const { harness, told } = watched();
  harness.register('orders.prod/a', { leaseSeconds: 30, dnsTtl: 10 });
  harness.elapse(19_000);
  harness.patch('orders.prod/a', { dnsTtl: 2 });
  harness.elapse(0);
  expect(told).toHaveLength(1);
  harness.elapse(8000);
  expect(told.slice(1)).toEqual([{ atMs: 27_000, instance: 'a', isLapsing: true, leftMs: 3000 }]);
});
