// The watchdog ends what hangs, and nothing that merely was slow once.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Watchdog } from '../../../src/dns/plane/watchdog.ts';

const times = { everyMs: 1000, looks: 3 };
/** How far each thread has come. */
let applied: number[];
let ended: number[];
let dog: Watchdog;

beforeEach(() => {
  vi.useFakeTimers();
  [applied, ended] = [[0, 0], []];
  const has = (slot: number, sequence: number) => (applied[slot] ?? 0) >= sequence;
  const at = (slot: number) => applied[slot] ?? 0;
  dog = new Watchdog({ threads: 2, has, at, end: (slot) => ended.push(slot) }, times);
});

afterEach(() => {
  dog.stop();
  vi.useRealTimers();
});

test('a thread that comes along late is left alone', () => {
  dog.expect(1);
  vi.advanceTimersByTime(2999);
  applied = [1, 1];
  vi.advanceTimersByTime(60_000);
  expect(ended).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test('one that always has something new to do, and does it, is left alone', () => {
  for (let sequence = 1; sequence < 100; sequence++) {
    dog.expect(sequence);
    vi.advanceTimersByTime(500);
    applied = [sequence, sequence];
  }
  expect(ended).toEqual([]);
});

test('one that has far to go, and comes on, is left alone until it stays where it is', () => {
  applied = [0, 10_000];
  dog.expect(10_000);
  for (let come = 1; come <= 50; come++) {
    applied = [come, 10_000];
    vi.advanceTimersByTime(2000);
  }
  expect(ended).toEqual([]);
  vi.advanceTimersByTime(3000);
  expect(ended).toEqual([0]);
});

test('one that hangs is ended, once, and the other goes on', () => {
  applied = [0, 5];
  for (let sequence = 1; sequence < 5; sequence++) dog.expect(sequence);
  vi.advanceTimersByTime(3000);
  expect(ended).toEqual([0]);
  vi.advanceTimersByTime(60_000);
  expect(ended).toEqual([0]);
});
