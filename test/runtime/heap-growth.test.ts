// How far a heap may grow before garbage is looked for: a small one by a fixed number of octets, a large one by a fifth.

import { expect, test } from 'vitest';
import { heapGrowth } from '../../src/runtime/heap-growth.ts';

const mebi = 1024 * 1024;

test('by 32 MiB, but by twice what is used at most and by a fifth at least', () => {
  expect([0, 8, 32, 64, 100, 160, 161, 1000].map((used) => heapGrowth(used * mebi))).toEqual([
    100, 100, 100, 50, 32, 20, 20, 20,
  ]);
});
