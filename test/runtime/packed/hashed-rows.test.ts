// Rows under hashes: a row may have several, a hash many, after any comings and goings.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HashedRows } from '../../../src/runtime/packed/hashed-rows.ts';
import { mixed } from '../../../src/runtime/text-hash.ts';

test('does what a map of sets does', () => {
  // Few hashes, most of one part and in each other's way.
  const hash = fc.nat({ max: 8 }).map((at) => (at < 7 ? at * 1024 * 3 : at));
  fc.assert(
    fc.property(fc.array(fc.tuple(hash, fc.nat({ max: 40 }), fc.boolean()), { maxLength: 400 }), (steps) => {
      const rows = new HashedRows();
      const map = new Map<number, Set<number>>();
      for (const [at, row, isThere] of steps) {
        const known = map.get(at) ?? new Set();
        map.set(at, known);
        if (isThere && !known.has(row)) rows.add(at, row);
        else if (!isThere && known.has(row)) rows.delete(at, row);
        if (isThere) known.add(row);
        else known.delete(row);
        for (const [one, expected] of map) expect(new Set(rows.under(one))).toEqual(expected);
      }
      for (const [one, expected] of map) expect([...rows.under(one)]).toHaveLength(expected.size);
    }),
  );
});

test('very many', () => {
  const rows = new HashedRows();
  for (let row = 0; row < 100_000; row++) for (const hash of [mixed(row), mixed(row + 1)]) rows.add(hash, row);
  for (let row = 0; row < 100_000; row += 3) rows.delete(mixed(row), row);
  const wrong: number[] = [];
  for (let at = 1; at < 100_000; at++) {
    const expected = at % 3 === 0 ? [at - 1] : [at - 1, at];
    const found = [...rows.under(mixed(at))].sort((a, b) => a - b);
    if (found.join() !== expected.join()) wrong.push(at);
  }
  expect(wrong).toEqual([]);
});
