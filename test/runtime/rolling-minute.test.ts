// The rolling minute: nothing younger than a minute is ever left out, nothing older than 61 s is counted.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RollingMinute } from '../../src/runtime/rolling-minute.ts';

test('any history agrees with a list of times', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(900), fc.nat(70_000)), { maxLength: 60 }), (gapsMs) => {
      const minute = new RollingMinute();
      const times: number[] = [];
      let nowMs = 12_345;
      for (const gapMs of gapsMs) {
        nowMs += gapMs;
        minute.add(nowMs);
        times.push(nowMs);
        const count = minute.count(nowMs);
        expect(count).toBeGreaterThanOrEqual(times.filter((ms) => ms > nowMs - 60_000).length);
        expect(count).toBeLessThanOrEqual(times.filter((ms) => ms > nowMs - 61_000).length);
      }
    }),
  );
});

test('returns when there will be less', () => {
  const minute = new RollingMinute();
  expect(minute.lessAtMs(5000)).toBeUndefined();
  minute.add(5500);
  minute.add(9000);
  expect([minute.count(9000), minute.lessAtMs(9000)]).toEqual([2, 66_000]);
  expect([minute.count(65_999), minute.count(66_000), minute.lessAtMs(66_000)]).toEqual([2, 1, 70_000]);
  expect(minute.count(70_000)).toBe(0);
});
