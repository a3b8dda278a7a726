// The lease clock as another thread reads it: the same time, through pauses, in any order of the two waking up.

import { expect, test } from 'vitest';
import { PauseAwareClock } from '../../src/runtime/pause-aware-clock.ts';
import { ClockSharing, sharedClock } from '../../src/runtime/shared-clock.ts';
import { FakeClock } from '../kit/process/clock.ts';

/** A main thread, and a thread whose own time began at another moment. */
function world() {
  const raw = new FakeClock();
  const sharing = new ClockSharing(raw.monotonicMs());
  const main = new PauseAwareClock(raw, () => {}, sharing);
  let ownMs = 77;
  const thread = sharedClock(sharing.memory, () => ownMs);
  const startMs = main.monotonicMs();
  // The two readings behind the thread's start are a moment apart.
  const apartMs = thread() - startMs;
  return {
    apartMs,
    advance(ms: number) {
      raw.advance(ms);
      ownMs += ms;
    },
    main: () => main.monotonicMs() - startMs,
    thread: () => thread() - startMs - apartMs,
  };
}

test('the same time in both', () => {
  const { apartMs, advance, main, thread } = world();
  expect(Math.abs(apartMs)).toBeLessThan(1000);
  for (let passed = 250; passed <= 10_000; passed += 250) {
    advance(250);
    expect(main()).toBe(passed);
    expect(thread()).toBeCloseTo(passed, 5);
  }
});

test('a pause counts in neither, where the main thread wakes first', () => {
  const { advance, main, thread } = world();
  advance(60_000);
  expect(main()).toBe(0);
  expect(thread()).toBeCloseTo(0, 5);
  advance(500);
  expect([main(), Math.round(thread())]).toEqual([500, 500]);
});

test('where the thread wakes first, it is ahead by a second at most, and waits for the main thread then', () => {
  const { apartMs, advance, main, thread } = world();
  advance(60_000);
  expect(thread() + apartMs).toBeCloseTo(1000, 5);
  advance(200);
  expect(thread() + apartMs).toBeCloseTo(1000, 5);
  expect(main()).toBe(0);
  advance(500);
  expect(main()).toBe(500);
  // Never back.
  expect(thread() + apartMs).toBeCloseTo(1000, 5);
  advance(700);
  expect([main(), Math.round(thread())]).toEqual([1200, 1200]);
});

test('a thread without queries for an hour has missed nothing', () => {
  const { advance, main, thread } = world();
  for (let passed = 0; passed < 3_600_000; passed += 900) {
    advance(900);
    main();
  }
  expect(thread()).toBeCloseTo(main(), 5);
});
