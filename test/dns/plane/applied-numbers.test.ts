// Waiting for threads: by number, all of them, in order, over the wrap of the number and over the end of a thread.

import { expect, test, vi } from 'vitest';
import { AppliedNumbers, storeApplied } from '../../../src/dns/plane/applied-numbers.ts';

/** Which of the promises have resolved by now. */
async function settled(promises: readonly Promise<void>[]): Promise<boolean[]> {
  // A wake-up comes over the event loop.
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  return Promise.all(
    promises.map((promise) => Promise.race([promise.then(() => true), Promise.resolve().then(() => false)])),
  );
}

test('resolves when every thread has come so far, and not before', async () => {
  const numbers = new AppliedNumbers(2);
  for (const slot of [0, 1]) numbers.count(slot);
  const waiting = [numbers.reached(1), numbers.reached(2), numbers.reached(3)];
  expect(await settled(waiting)).toEqual([false, false, false]);
  storeApplied(numbers.memory, 0, 3);
  storeApplied(numbers.memory, 1, 1);
  await waiting[0];
  expect(await settled(waiting)).toEqual([true, false, false]);
  storeApplied(numbers.memory, 1, 3);
  await Promise.all(waiting);
  expect(await settled([numbers.reached(3)])).toEqual([true]);
});

test('counts on past 2^31', async () => {
  const numbers = new AppliedNumbers(1);
  numbers.count(0);
  storeApplied(numbers.memory, 0, 2 ** 31 - 1);
  const next = (2 ** 31) | 0;
  const waiting = [numbers.reached(2 ** 31 - 1), numbers.reached(next)];
  expect(await settled(waiting)).toEqual([true, false]);
  storeApplied(numbers.memory, 0, next);
  await Promise.all(waiting);
});

test('a thread that has ended, or does not listen yet, delays no reply', async () => {
  const numbers = new AppliedNumbers(2);
  numbers.count(0);
  const waiting = numbers.reached(1);
  numbers.discount(0);
  await waiting;
  // The one that takes its place begins where it likes.
  const later = numbers.reached(2);
  expect(await settled([later])).toEqual([true]);
  numbers.count(0);
  const last = numbers.reached(3);
  expect(await settled([last])).toEqual([false]);
  storeApplied(numbers.memory, 0, 3);
  await last;
});

test('a thread that comes so far between two looks at its number is seen', async () => {
  const numbers = new AppliedNumbers(1);
  numbers.count(0);
  const { load } = Atomics;
  let looks = 0;
  const spied = vi.spyOn(Atomics, 'load').mockImplementation(((array: Int32Array, index: number) => {
    looks++;
    if (looks === 2) storeApplied(numbers.memory, 0, 1);
    return load(array, index);
  }) as typeof Atomics.load);
  try {
    const reached = numbers.reached(1);
    expect(looks).toBeGreaterThanOrEqual(2);
    await reached;
  } finally {
    spied.mockRestore();
  }
}, 5000);

test('a thread that still catches up is read for, though nothing waits for it', () => {
  const numbers = new AppliedNumbers(3);
  numbers.begin(0, 7);
  numbers.begin(1, 9);
  numbers.count(1);
  expect([numbers.isReached(9), numbers.isRead(9), numbers.isRead(7), numbers.slowest]).toEqual([true, false, true, 0]);
  storeApplied(numbers.memory, 0, 10);
  expect([numbers.isRead(9), numbers.isRead(10), numbers.slowest]).toEqual([true, false, 1]);
  numbers.discount(1);
  expect([numbers.isRead(10), numbers.slowest]).toEqual([true, 0]);
  // In its place begins another one, which has what was before.
  numbers.begin(1, 20);
  expect([numbers.isRead(10), numbers.isRead(11)]).toEqual([true, false]);
  numbers.discount(0);
  numbers.discount(1);
  expect([numbers.isRead(99), numbers.slowest]).toEqual([true, undefined]);
});
