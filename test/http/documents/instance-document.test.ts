// Times in replies.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isoTime } from '../../../src/http/documents/instance-document.ts';

test('a time is written as Date writes it, in any order of calls', () => {
  const near = fc.integer({ min: 1_790_000_000_000, max: 1_790_000_003_000 });
  const any = fc.integer({ min: -8_640_000_000_000_000, max: 8_640_000_000_000_000 });
  const around1970 = fc.integer({ min: -1500, max: 1500 });
  const parts = fc.double({ min: 1_790_000_000_000, max: 1_790_000_001_000, noNaN: true });
  fc.assert(
    fc.property(fc.array(fc.oneof(near, any, around1970, parts), { maxLength: 20 }), (times) => {
      for (const time of times) expect(isoTime(time)).toBe(new Date(time).toISOString());
    }),
    { numRuns: 500 },
  );
  expect(() => isoTime(Number.NaN)).toThrow(RangeError);
});
