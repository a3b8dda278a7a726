// The instances of a dead node as a scope of their own.

import { expect, test } from 'vitest';
import { DeadNodeGuard } from '../../../src/cluster/leases/dead-node-guard.ts';

function guardOf({ owned, ended, guardPercent = 85 }: { owned: number; ended: number; guardPercent?: number }) {
  const counts = { ended };
  const guard = new DeadNodeGuard({
    guardPercent,
    evictionPercentPerMinute: 15,
    ceilingMs: 3_600_000,
    ended: () => counts.ended,
    owned: () => owned,
  });
  return { guard, counts };
}

test('a few silent ones of many are let go', () => {
  expect(guardOf({ owned: 100, ended: 15 }).guard.mayEvict('n2', 0, 1000)).toBe(true);
});

test('more than the share are all kept', () => {
  expect(guardOf({ owned: 100, ended: 16 }).guard.mayEvict('n2', 0, 1000)).toBe(false);
});

test('two are evicted whatever the share is', () => {
  expect(guardOf({ owned: 2, ended: 2 }).guard.mayEvict('n2', 0, 1000)).toBe(true);
});

test('the share is of what the node had when it was last heard, not of what is left', () => {
  const { guard } = guardOf({ owned: 10_000, ended: 100 });
  expect(guard.mayEvict('n2', 0, 1000)).toBe(true);
});

test('those that left within the minute count as lost', () => {
  const { guard, counts } = guardOf({ owned: 100, ended: 10 });
  for (let index = 0; index < 10; index++) guard.evicted('n2', 1000);
  counts.ended = 6;
  expect(guard.isHeld('n2', 1000)).toBe(true);
  expect(guard.isHeld('n2', 70_000)).toBe(false);
});

test('at the ceiling they are evicted in spite of the guard', () => {
  const { guard } = guardOf({ owned: 100, ended: 100 });
  expect(guard.mayEvict('n2', 0, 3_599_999)).toBe(false);
  expect(guard.mayEvict('n2', 0, 3_600_000)).toBe(true);
});

test('without a guard nothing is held', () => {
  expect(guardOf({ owned: 100, ended: 100, guardPercent: 0 }).guard.mayEvict('n2', 0, 1000)).toBe(true);
});
