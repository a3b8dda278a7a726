// When a loss is believed.

import { expect, test } from 'vitest';
import { Doubt } from '../../src/bridges/doubt.ts';

test.each([
  { listed: 9, gone: 1, owned: 10, isDoubted: false },
  { listed: 1, gone: 1, owned: 2, isDoubted: false },
  { listed: 5, gone: 5, owned: 10, isDoubted: false },
  { listed: 4, gone: 6, owned: 10, isDoubted: true },
  { listed: 0, gone: 1, owned: 1, isDoubted: true },
  { listed: 0, gone: 0, owned: 0, isDoubted: false },
])('$gone of $owned gone, $listed listed: $isDoubted', ({ isDoubted, ...loss }) => {
  expect(new Doubt(1000).untilMs(loss, 50)).toBe(isDoubted ? 1050 : undefined);
});

test('it lasts from the first sight of the loss, and begins anew after it was made good', () => {
  const doubt = new Doubt(1000);
  const loss = { listed: 0, gone: 3, owned: 3 };
  expect([doubt.untilMs(loss, 0), doubt.untilMs(loss, 999), doubt.untilMs(loss, 1000)]).toEqual([
    1000,
    1000,
    undefined,
  ]);
  doubt.untilMs({ listed: 3, gone: 0, owned: 3 }, 1001);
  expect(doubt.untilMs(loss, 2000)).toBe(3000);
});
