// The lease queue against a sorted array: after any operations, the entries whose time has come are on top
// in the order of their times, each once, and none before.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LeaseQueue, type Queued } from '../../src/runtime/deadline-heap.ts';

interface Named extends Queued {
  readonly id: number;
}

const leaseOf = (id: number): Named => ({ id, heapIndex: -1 });

/** Takes out the entry due first. */
function pop(queue: LeaseQueue<Named>, nowMs: number): Named | undefined {
  const first = queue.first(nowMs);
  if (first !== undefined) queue.delete(first);
  return first;
}

test('leases stand on top in the order of their times, and none before its own', () => {
  const queue = new LeaseQueue<Named>();
  for (const [id, atMs] of [30, 10, 20].entries()) queue.set(leaseOf(id), atMs);
  expect(queue.earliestMs()).toBe(10);
  expect(queue.first(9)).toBeUndefined();
  expect(pop(queue, 25)?.id).toBe(1);
  expect(pop(queue, 25)?.id).toBe(2);
  expect(pop(queue, 25)).toBeUndefined();
  expect(queue.size).toBe(1);
});

test('the entry on top can be moved to where it belongs by now', () => {
  const queue = new LeaseQueue<Named>();
  const [lease, other] = [leaseOf(0), leaseOf(1)];
  queue.set(lease, 10);
  queue.set(other, 50);
  expect(queue.first(10)).toBe(lease);
  queue.set(lease, 100);
  expect([queue.earliestMs(), queue.size]).toEqual([50, 2]);
  queue.set(lease, 40);
  expect(queue.first(45)).toBe(lease);
});

test('deleting twice or what was never queued does nothing', () => {
  const queue = new LeaseQueue<Named>();
  const lease = leaseOf(0);
  queue.delete(lease);
  queue.set(lease, 10);
  queue.delete(lease);
  queue.delete(lease);
  expect([queue.size, queue.earliestMs(), queue.first(99)]).toEqual([0, undefined, undefined]);
});

test('the lease that takes the place of a deleted one may have to rise', () => {
  const queue = new LeaseQueue<Named>();
  const leases = [1, 10, 2, 11, 12, 20, 4].map((atMs, id) => ({ lease: leaseOf(id), atMs }));
  for (const { lease, atMs } of leases) queue.set(lease, atMs);
  // The last one, at 4, moves below the one at 10.
  queue.delete((leases[3] as (typeof leases)[number]).lease);
  expect([pop(queue, 2)?.id, pop(queue, 2)?.id]).toEqual([0, 2]);
  expect(queue.earliestMs()).toBe(4);
});

type Step = ['set' | 'delete', number, number] | ['pass', number];

const slot = fc.nat(100);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constant('set' as const), slot, fc.nat(100)),
  fc.tuple(fc.constant('delete' as const), slot, fc.constant(0)),
  fc.tuple(fc.constant('pass' as const), fc.nat(40)),
);

test('any history agrees with a sorted array', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const queue = new LeaseQueue<Named>();
      const slots = Array.from({ length: 101 }, (_, id) => leaseOf(id));
      const model = new Map<Named, number>();
      let nowMs = 0;
      for (const [what, ...numbers] of steps) {
        const lease = slots[numbers[0]] as Named;
        if (what === 'set') {
          const atMs = nowMs + (numbers[1] ?? 0);
          queue.set(lease, atMs);
          model.set(lease, atMs);
        } else if (what === 'delete') {
          queue.delete(lease);
          model.delete(lease);
        } else {
          nowMs += numbers[0];
          const due = [...model.values()].filter((atMs) => atMs <= nowMs).sort((a, b) => a - b);
          const popped: number[] = [];
          for (let next = pop(queue, nowMs); next !== undefined; next = pop(queue, nowMs)) {
            popped.push(model.get(next) as number);
            model.delete(next);
          }
          expect(popped).toEqual(due);
        }
        expect([queue.size, queue.earliestMs()]).toEqual([
          model.size,
          model.size === 0 ? undefined : Math.min(...model.values()),
        ]);
      }
    }),
    { numRuns: 300 },
  );
});
