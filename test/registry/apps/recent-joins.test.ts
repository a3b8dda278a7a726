// Who joined lately, by the time of joining; what is eight minutes old is forgotten.

import { expect, test } from 'vitest';
import { RecentJoins } from '../../../src/registry/apps/recent-joins.ts';

const at = (second: number) => second * 1000;

test('counts those that joined since then, and a span of fifteen seconds before at most', () => {
  const recentJoins = new RecentJoins();
  expect(recentJoins.since(0)).toBe(0);
  for (const second of [10, 100, 100, 130]) recentJoins.add(second);
  expect([0, 100, 119, 120, 136, 1000].map((second) => recentJoins.since(at(second)))).toEqual([4, 3, 1, 1, 0, 0]);
  expect(recentJoins.since(Number.NEGATIVE_INFINITY)).toBe(4);
});

test('one that is late counts no more, until it is back', () => {
  const recentJoins = new RecentJoins();
  recentJoins.add(100);
  recentJoins.add(110);
  recentJoins.remove(100);
  expect(recentJoins.since(0)).toBe(1);
  recentJoins.add(100);
  expect(recentJoins.since(0)).toBe(2);
});

test('what is older than all spans is forgotten, and to take it back changes nothing', () => {
  const recentJoins = new RecentJoins();
  recentJoins.add(0);
  recentJoins.add(479);
  expect(recentJoins.since(0)).toBe(2);
  recentJoins.add(480);
  recentJoins.remove(0);
  expect(recentJoins.since(0)).toBe(2);
  recentJoins.add(100_000);
  recentJoins.remove(480);
  expect(recentJoins.since(0)).toBe(1);
});
