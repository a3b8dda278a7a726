// Rows in shared pages: a reader has what the writer wrote, and rows that are given back are taken again.

import { expect, test } from 'vitest';
import { RowStore, SharedRows } from '../../../src/runtime/packed/shared-rows.ts';

test('a reader that has every page reads every row', () => {
  const reader = new SharedRows(3);
  const store = new RowStore(3, (memory) => reader.add(memory));
  for (let at = 0; at < 10_000; at++) {
    const row = store.take();
    expect(row).toBe(at);
    for (const field of [0, 1, 2]) store.rows.set(row, field, (at * 3 + field) * 400_000);
  }
  const late = new SharedRows(3, store.memory);
  const wrong: number[] = [];
  for (let row = 0; row < 10_000; row++)
    for (const field of [0, 1, 2])
      for (const rows of [reader, late])
        if (rows.get(row, field) !== ((row * 3 + field) * 400_000) % 2 ** 32) wrong.push(row);
  expect([wrong, store.memory.length]).toEqual([[], 3]);
});

test('the row that was given back last is taken first, and no page is added meanwhile', () => {
  let pages = 0;
  const store = new RowStore(1, () => pages++);
  for (let at = 0; at < 5000; at++) store.take();
  for (const row of [7, 4999, 0]) store.give(row);
  expect([store.take(), store.take(), store.take()]).toEqual([0, 4999, 7]);
  expect([store.take(), pages]).toEqual([5000, 2]);
});
