// What was asked lately, by hash.

import { expect, test } from 'vitest';
import { RecentHashes } from '../../../src/dns/server/recent-hashes.ts';

test('a hash is known from its second time on, beside others of its row', () => {
  const recent = new RecentHashes(16);
  const ofOneRow = [5, 21, 37, -11];
  expect(ofOneRow.map((hash) => recent.hasOrAdd(hash))).toEqual([false, false, false, false]);
  for (let round = 0; round < 3; round++)
    expect(ofOneRow.map((hash) => recent.hasOrAdd(hash))).toEqual(Array(4).fill(true));
});

test('a fifth of a row takes the place of the one not seen for longest', () => {
  const recent = new RecentHashes(16);
  for (const hash of [5, 21, 37, 53]) recent.hasOrAdd(hash);
  recent.hasOrAdd(5);
  recent.hasOrAdd(69);
  expect([5, 37, 53, 69].map((hash) => recent.hasOrAdd(hash))).toEqual([true, true, true, true]);
  expect(recent.hasOrAdd(21)).toBe(false);
});
