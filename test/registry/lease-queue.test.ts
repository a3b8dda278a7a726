// The lease queue against a sorted array: whatever is queued, moved, removed and renewed, leases come out once, never
// early, and in the order of the deadlines by which they were last placed.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Lease, LeaseQueue } from '../../src/registry/lease-queue.ts';

interface Named extends Lease {
  readonly id: number;
}

const leaseOf = (id: number, deadlineMs: number): Named => ({ id, deadlineMs, heapIndex: -1, queuedMs: 0 });

test('leases leave in the order of their deadlines, and none before its own', () => {
  const queue = new LeaseQueue<Named>();
  for (const [id, deadlineMs] of [30, 10, 20].entries()) queue.set(leaseOf(id, deadlineMs));
  expect(queue.earliestMs()).toBe(10);
  expect(queue.pop(9)).toBeUndefined();
  expect(queue.pop(25)?.id).toBe(1);
  expect(queue.pop(25)?.id).toBe(2);
  expect(queue.pop(25)).toBeUndefined();
  expect(queue.size).toBe(1);
});

test('a renewed lease stays, although its place said otherwise', () => {
  const queue = new LeaseQueue<Named>();
  const lease = leaseOf(0, 10);
  queue.set(lease);
  lease.deadlineMs = 100;
  expect(queue.earliestMs()).toBe(10);
  expect(queue.pop(50)).toBeUndefined();
  expect(queue.earliestMs()).toBe(100);
  expect(queue.pop(100)).toBe(lease);
  expect(queue.earliestMs()).toBeUndefined();
});

test('deleting twice or what was never queued does nothing', () => {
  const queue = new LeaseQueue<Named>();
  const lease = leaseOf(0, 10);
  queue.delete(lease);
  queue.set(lease);
  queue.delete(lease);
  queue.delete(lease);
  expect(queue.size).toBe(0);
});

test('the lease that takes the place of a deleted one may have to rise', () => {
  const queue = new LeaseQueue<Named>();
  const leases = [1, 10, 2, 11, 12, 20, 4].map((deadlineMs, id) => leaseOf(id, deadlineMs));
  for (const lease of leases) queue.set(lease);
  // The last one, 4, moves below 10.
  queue.delete(leases[3] as Named);
  expect([queue.pop(2)?.deadlineMs, queue.pop(2)?.deadlineMs]).toEqual([1, 2]);
  expect(queue.earliestMs()).toBe(4);
});

test('a renewal in a queue of a hundred thousand does no work', () => {
  const queue = new LeaseQueue<Named>();
  const leases = Array.from({ length: 100_000 }, (_, id) => leaseOf(id, 90_000 + (id % 1000)));
  for (const lease of leases) queue.set(lease);
  for (const lease of leases) lease.deadlineMs += 30_000;
  expect(queue.pop(90_999)).toBeUndefined();
  expect(queue.size).toBe(100_000);
  expect(queue.earliestMs()).toBe(91_000 + 29_000);
});

type Step = ['set' | 'renew' | 'delete', number, number] | ['pass', number];

const slot = fc.nat(15);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constant('set' as const), slot, fc.nat(100)),
  fc.tuple(fc.constant('renew' as const), slot, fc.nat(100)),
  fc.tuple(fc.constant('delete' as const), slot, fc.constant(0)),
  fc.tuple(fc.constant('pass' as const), fc.nat(40)),
);

test('any history agrees with a sorted array', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const queue = new LeaseQueue<Named>();
      const leases = Array.from({ length: 16 }, (_, id) => leaseOf(id, 0));
      const model = new Set<Named>();
      let nowMs = 0;
      for (const [what, ...args] of steps) {
        const [first = 0, ms = 0] = args;
        const lease = leases[first] as Named;
        if (what === 'set') {
          lease.deadlineMs = nowMs + ms;
          queue.set(lease);
          model.add(lease);
        } else if (what === 'renew' && model.has(lease)) {
          lease.deadlineMs += ms;
        } else if (what === 'delete') {
          queue.delete(lease);
          model.delete(lease);
        } else if (what === 'pass') {
          nowMs += first;
          const due = [...model].filter(({ deadlineMs }) => deadlineMs <= nowMs);
          const popped: Named[] = [];
          for (let next = queue.pop(nowMs); next !== undefined; next = queue.pop(nowMs)) popped.push(next);
          // By place, not by deadline: two that are due in one call may have been renewed since they were placed.
          const places = popped.map(({ queuedMs }) => queuedMs);
          expect(places).toEqual(places.toSorted((a, b) => a - b));
          expect(new Set(popped)).toEqual(new Set(due));
          for (const gone of popped) model.delete(gone);
        }
        expect(queue.size).toBe(model.size);
        const earliest = Math.min(...[...model].map(({ deadlineMs }) => deadlineMs));
        // It may be early after renewals, never late.
        expect(queue.earliestMs() ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(earliest);
      }
    }),
    { numRuns: 500 },
  );
});
