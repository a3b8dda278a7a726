// A map in parts is a map.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ShardedMap } from '../../src/runtime/sharded-map.ts';

test('does what a map does, for any keys', () => {
  const key = fc.oneof(fc.string({ maxLength: 6 }), fc.ipV4(), fc.constantFrom('', 'a', 'aa', 'aaaaaa'));
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.option(fc.nat(), { nil: undefined }))), (steps) => {
      const map = new Map<string, number>();
      const spread = new ShardedMap<number>();
      for (const [text, value] of steps) {
        if (value === undefined) map.delete(text);
        else map.set(text, value);
        if (value === undefined) spread.delete(text);
        else spread.set(text, value);
        expect(spread.get(text)).toBe(map.get(text));
      }
      for (const [text] of steps) expect(spread.get(text)).toBe(map.get(text));
    }),
  );
});
