// Stamps of a node: they rise even where its wall clock steps back, and a wrong clock elsewhere does not move them.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { afterSeeing, aheadMaxMs, nextStamp } from '../../../src/cluster/records/hlc.ts';

test('stamps rise strictly, though the wall clock goes back and others are seen', () => {
  const moment = fc.record({ wallMs: fc.nat(1_000_000), seen: fc.option(fc.nat(2_000_000), { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(moment), (moments) => {
      let last = 0;
      for (const { wallMs, seen } of moments) {
        const known = seen === undefined ? last : afterSeeing(last, seen, wallMs);
        const stamp = nextStamp(known, wallMs);
        expect(stamp).toBeGreaterThan(last);
        if (seen !== undefined && seen <= wallMs + aheadMaxMs) expect(stamp).toBeGreaterThan(seen);
        last = stamp;
      }
    }),
  );
});

test('a stamp from far ahead is not adopted', () => {
  expect(afterSeeing(5, 1_000_000, 1000)).toBe(5);
  expect(afterSeeing(5, 1000 + aheadMaxMs, 1000)).toBe(1000 + aheadMaxMs);
});
