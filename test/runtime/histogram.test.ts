// A histogram counts each number once, in the first place whose bound is not below it.

import { expect, test } from 'vitest';
import { Histogram } from '../../src/runtime/histogram.ts';

test('a number on a bound is below it, one beyond all is in the last place', () => {
  const histogram = new Histogram([1, 10]);
  for (const value of [0.5, 1, 1.5, 10, 11]) histogram.observe(value);
  expect(histogram.counts).toEqual({ bounds: [1, 10], counts: [2, 2, 1], sum: 24 });
});
