// What was asked lately, by hash.

import { expect, test } from 'vitest';
import { RecentHashes } from '../../../src/dns/server/recent-hashes.ts';

/** Of one row of sixteen places: their lowest four bits but one differ. */
const ofOneRow = [5, 21, 37, 53, 69, 85, 101, -11];

test('a hash is known from its second time on, beside others of its row', () => {
  const recent = new RecentHashes(16);
  expect(ofOneRow.map((hash) => recent.hasOrAdd(hash))).toEqual(Array(8).fill(false));
  for (let round = 0; round < 3; round++)
    expect(ofOneRow.map((hash) => recent.hasOrAdd(hash))).toEqual(Array(8).fill(true));
});

test('a ninth of a row takes the place of the one not seen for longest', () => {
  const recent = new RecentHashes(16);
  for (const hash of ofOneRow) recent.hasOrAdd(hash);
  recent.hasOrAdd(5);
  recent.hasOrAdd(117);
  for (const hash of [5, 37, 53, 69, 85, 101, -11, 117]) expect(recent.hasOrAdd(hash)).toBe(true);
  expect(recent.hasOrAdd(21)).toBe(false);
});
