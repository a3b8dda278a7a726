// Waits between tries.

import { expect, test } from 'vitest';
import { backoffMs } from '../../src/runtime/backoff.ts';

const limits = { firstMs: 100, longestMs: 1000 };

test('the ceiling doubles up to the longest wait', () => {
  const most = [1, 2, 3, 4, 99, 5000].map((failures) => backoffMs(failures, limits, () => 0.999_999));
  expect(most).toEqual([200, 400, 800, 1000, 1000, 1000]);
});

test('chance spreads the waits over all that lies between the first and the ceiling', () => {
  expect([1, 4, 99].map((failures) => backoffMs(failures, limits, () => 0))).toEqual([100, 100, 100]);
  expect(backoffMs(4, limits, () => 0.5)).toBe(550);
});

test('a longest wait below the first one is kept to', () => {
  expect(backoffMs(7, { firstMs: 500, longestMs: 300 }, () => 0.9)).toBe(300);
});
