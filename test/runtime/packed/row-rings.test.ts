// Rings of rows are what lists would be, after any joining, leaving and replacing.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RowRings } from '../../../src/runtime/packed/row-rings.ts';

/** Of two pages. */
const rowOf = (at: number) => at * 700;
const rows = Array.from({ length: 12 }, (_, at) => rowOf(at));

test('each is a list that begins anywhere', () => {
  const step = fc.record({
    what: fc.constantFrom('join', 'leave', 'replace'),
    row: fc.nat({ max: 11 }).map(rowOf),
    other: fc.nat({ max: 11 }).map(rowOf),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const rings = new RowRings();
      let lists = rows.map((row) => [row]);
      const listOf = (row: number) => lists.find((list) => list.includes(row)) as number[];
      for (const { what, row, other } of steps) {
        const [own, others] = [listOf(row), listOf(other)];
        if (what === 'leave') {
          const at = own.indexOf(row);
          expect(rings.leave(row)).toBe(own.at(at - 1));
          if (own.length > 1) {
            own.splice(at, 1);
            lists.push([row]);
          }
        } else if (row === other) continue;
        else if (what === 'join' && own.length === 1) {
          rings.join(row, other);
          lists = lists.filter((list) => list !== own);
          others.splice(others.indexOf(other) + 1, 0, row);
        } else if (what === 'replace' && others.length === 1) {
          rings.replace(row, other);
          if (own.length > 1) {
            own.splice(own.indexOf(row), 1, other);
            others.splice(0, 1, row);
          }
        }
      }
      for (const list of lists) {
        for (const [at, row] of list.entries()) {
          expect(rings.next(row)).toBe(list[(at + 1) % list.length]);
          expect(rings.previous(row)).toBe(list.at(at - 1));
          expect(rings.isAlone(row)).toBe(list.length === 1);
        }
      }
    }),
  );
});
