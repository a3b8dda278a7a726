// Who joined lately, by the time of joining; what is eight minutes old is forgotten.

import { expect, test } from 'vitest';
import { RecentJoins } from '../../../src/registry/apps/recent-joins.ts';

const at = (second: number) => second * 1000;

test('counts those that joined since then, and a span of fifteen seconds before at most', () => {
  const arrivals = new RecentJoins();
  expect(arrivals.since(0)).toBe(0);
  for (const second of [10, 100, 100, 130]) arrivals.add(second);
  expect([0, 100, 119, 120, 136, 1000].map((second) => arrivals.since(at(second)))).toEqual([4, 3, 1, 1, 0, 0]);
  expect(arrivals.since(Number.NEGATIVE_INFINITY)).toBe(4);
});

test('one that is late counts no more, until it is back', () => {
  const arrivals = new RecentJoins();
  arrivals.add(100);
  arrivals.add(110);
  arrivals.remove(100);
  expect(arrivals.since(0)).toBe(1);
  arrivals.add(100);
  expect(arrivals.since(0)).toBe(2);
});

test('what is older than all spans is forgotten, and to take it back changes nothing', () => {
  const arrivals = new RecentJoins();
  arrivals.add(0);
  arrivals.add(479);
  expect(arrivals.since(0)).toBe(2);
  arrivals.add(480);
  arrivals.remove(0);
  expect(arrivals.since(0)).toBe(2);
  arrivals.add(100_000);
  arrivals.remove(480);
  expect(arrivals.since(0)).toBe(1);
});
