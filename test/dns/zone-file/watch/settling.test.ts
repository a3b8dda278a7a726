// When a changed file is read: after how much quiet, and after how long at the latest.

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Settling, settlingTimes, type Touch } from '../../../../src/dns/zone-file/watch/settling.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Milliseconds at which a file is read that is touched at these. */
function readAt(...touches: readonly (readonly [ms: number, touch: Touch])[]): number[] {
  const startMs = performance.now();
  const read: number[] = [];
  const settling = new Settling(() => read.push(Math.round(performance.now() - startMs)));
  for (const [ms, touch] of touches) {
    vi.advanceTimersByTime(ms - (performance.now() - startMs));
    settling.touch('a', touch);
  }
  vi.advanceTimersByTime(60_000);
  expect(settling.has('a')).toBe(false);
  return read;
}

const { replaced, written } = settlingTimes;

it('a file that was replaced is read soon', () => {
  expect(readAt([0, 'replaced'])).toEqual([replaced.quietMs]);
});

it('a file that is written to is read when its writer has paused for longer', () => {
  expect(readAt([0, 'written'], [400, 'written'])).toEqual([400 + written.quietMs]);
  // A new file is made and then written to.
  expect(readAt([0, 'replaced'], [1, 'written'])).toEqual([1 + written.quietMs]);
});

it('a file that was written to and then replaced is whole', () => {
  expect(readAt([0, 'written'], [50, 'replaced'])).toEqual([50 + replaced.quietMs]);
});

it('a file that is never quiet is read at the latest', () => {
  const often = (everyMs: number, forMs: number, touch: Touch) =>
    Array.from({ length: forMs / everyMs }, (_, i) => [i * everyMs, touch] as const);
  expect(readAt(...often(50, 1400, 'replaced'))).toEqual([replaced.latestMs, 2 * replaced.latestMs]);
  expect(readAt(...often(400, 9600, 'written'))).toEqual([9200 + written.quietMs]);
  expect(readAt(...often(400, 12_000, 'written'))[0]).toBe(written.latestMs);
});

it('nothing is read once it is closed', () => {
  const settling = new Settling(() => expect.unreachable());
  settling.touch('a', 'replaced');
  settling.close();
  vi.advanceTimersByTime(60_000);
});

it('both waits leave time to load within a second', () => {
  expect(Math.max(replaced.latestMs, written.quietMs)).toBeLessThan(1000);
});
