// An index of rows finds each by what stands in it, after any comings and goings.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RowIndex } from '../../../src/runtime/packed/row-index.ts';
import { mixed } from '../../../src/runtime/text-hash.ts';

test('does what a map does', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: 300 }), fc.boolean()), { maxLength: 400 }), (steps) => {
      // Few hashes, all of one part: rows stand in each other's way.
      const hashOf = (value: number) => (value % 7) * 1024 * 3;
      const values: number[] = [];
      const index = new RowIndex((row) => hashOf(values[row] as number));
      const map = new Map<number, number>();
      const find = (value: number) => index.find(hashOf(value), (row) => values[row] === value);
      for (const [value, isThere] of steps) {
        const row = map.get(value);
        if (isThere && row === undefined) {
          map.set(value, values.push(value) - 1);
          index.add(values.length - 1);
        } else if (isThere && row !== undefined) {
          map.set(value, values.push(value) - 1);
          index.replace(row, values.length - 1);
        } else if (row !== undefined) {
          index.delete(row);
          map.delete(value);
        }
        expect(find(value)).toBe(map.get(value) ?? -1);
      }
      for (const [value] of steps) expect(find(value)).toBe(map.get(value) ?? -1);
    }),
  );
});

test('very many', () => {
  const index = new RowIndex(mixed);
  const find = (row: number) => index.find(mixed(row), (other) => other === row);
  for (let row = 0; row < 100_000; row++) index.add(row);
  for (let row = 0; row < 100_000; row += 3) index.delete(row);
  const wrong = Array.from({ length: 100_000 }, (_, row) => row).filter((row) => find(row) !== (row % 3 ? row : -1));
  expect(wrong).toEqual([]);
});
