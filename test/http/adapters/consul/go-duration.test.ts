// Durations as Go reads and writes them.

import { expect, test } from 'vitest';
import { durationMs, durationText } from '../../../../src/http/adapters/consul/go-duration.ts';

test.each([
  ['10s', 10_000],
  ['120000ms', 120_000],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['0', 0],
  ['250us', 0.25],
  ['-1s', -1000],
])('%s', (text, ms) => {
  expect(durationMs(text)).toBe(ms);
});

test.each(['', '10', 's', '1 s', '1d', 'xx', '1s1', `${'1s'.repeat(40)}`])('%j is no duration', (text) => {
  expect(durationMs(text)).toBeUndefined();
});

test('they are written as Go writes them', () => {
  expect([0, 500, 1000, 90_000, 5_400_000].map(durationText)).toEqual(['0s', '500ms', '1s', '1m30s', '1h30m0s']);
});
