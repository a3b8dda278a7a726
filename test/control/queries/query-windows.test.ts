// How long queries count as those of the last minute, hour and day.

import { expect, test } from 'vitest';
import { QueryWindows } from '../../../src/control/queries/query-windows.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

test('queries leave the minute, the hour and the day one after the other', () => {
  const windows = new QueryWindows();
  windows.add(3, 10 * hourMs);
  windows.add(2, 10 * hourMs + 30_000);
  expect(windows.recent(10 * hourMs + 31_000)).toEqual({ minute: 5, hour: 5, day: 5 });
  expect(windows.recent(10 * hourMs + 80_000)).toEqual({ minute: 2, hour: 5, day: 5 });
  expect(windows.recent(10 * hourMs + 10 * minuteMs)).toEqual({ minute: 0, hour: 5, day: 5 });
  expect(windows.recent(12 * hourMs)).toEqual({ minute: 0, hour: 0, day: 5 });
  expect(windows.recent(35 * hourMs)).toEqual({ minute: 0, hour: 0, day: 0 });
});

test('after a silence longer than a ring nothing old is counted again', () => {
  const windows = new QueryWindows();
  for (let i = 0; i < 24; i++) windows.add(1, i * hourMs);
  windows.add(7, 100 * hourMs);
  expect(windows.recent(100 * hourMs)).toEqual({ minute: 7, hour: 7, day: 7 });
});

test('a sample of a moment before the last is in its own bucket', () => {
  const windows = new QueryWindows();
  windows.add(1, 100_000);
  windows.add(4, 70_000);
  expect(windows.recent(100_000)).toMatchObject({ minute: 5 });
  expect(windows.recent(131_000)).toMatchObject({ minute: 1 });
});
