// Garbage of the start is collected in a small heap, and a large one is left alone.

import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { collectStartGarbage } from '../../src/runtime/start-garbage.ts';

test('what nothing refers to any more is gone afterwards', async () => {
  let large: unknown[] | undefined = Array.from({ length: 1000 }, (_, at) => ({ at }));
  const reference = new WeakRef(large);
  large = undefined;
  // Until the turn ends, a new WeakRef keeps what it leads to.
  await setImmediate();
  expect(collectStartGarbage(0)).toBe(true);
  expect(reference.deref()).toBeUndefined();
});

test('a large heap is not looked through', () => {
  expect(collectStartGarbage(10 ** 9)).toBe(false);
});
