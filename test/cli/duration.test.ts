// Durations as they are typed and read.

import { expect, test } from 'vitest';
import { durationMs, durationText } from '../../src/cli/duration.ts';

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['20m', 1_200_000],
  ['2h', 7_200_000],
  ['7d', 604_800_000],
])('%s is %i ms', (text, ms) => {
  expect(durationMs('--hold', text, 604_800_000)).toBe(ms);
});

test.each(['', '5', '0s', '-5s', '1.5h', '8d', '2 h', '1h30m'])('%j is refused with the flag and the most', (text) => {
  expect(durationMs('--hold', text, 604_800_000)).toEqual({
    code: 2,
    problem: expect.stringMatching(/^--hold: ".*" is not a duration .* 7d at most$/),
  });
});

test.each([
  [0, '0s'],
  [-400, '0s'],
  [-3000, '-3s'],
  [90_000, '90s'],
  [119_400, '119s'],
  [1_200_000, '20m'],
  [3_600_000, '60m'],
  [7_200_000, '2h'],
  [7_199_400, '2h'],
  [7_169_000, '119m'],
  [172_000_000, '2d'],
  [172_800_000, '2d'],
  [604_800_000, '7d'],
])('%i ms are read as %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
