// A set in parts is a map from the texts that its things know.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ShardedSet } from '../../src/runtime/sharded-set.ts';

interface Thing {
  readonly text: string;
  readonly is: number;
}

const text = fc.oneof(fc.string({ maxLength: 6 }), fc.ipV4(), fc.constantFrom('', 'a', 'aa', 'aaaaaa'));

test('does what a map does, for any texts', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(text, fc.option(fc.nat(), { nil: undefined }))), (steps) => {
      const map = new Map<string, Thing>();
      const set = new ShardedSet<Thing>((thing) => thing.text);
      for (const [at, is] of steps) {
        if (is === undefined) map.delete(at);
        else map.set(at, { text: at, is });
        if (is === undefined) set.delete(at);
        else set.set({ text: at, is });
        expect(set.get(at)).toEqual(map.get(at));
      }
      for (const [at] of steps) expect(set.get(at)).toEqual(map.get(at));
    }),
  );
});

test('parts that are full, and empty again, lose nothing', () => {
  const set = new ShardedSet<Thing>((thing) => thing.text);
  const texts = Array.from({ length: 50_000 }, (_, at) => `10.${at >> 8}.${at & 255}.1`);
  for (const [is, at] of texts.entries()) set.set({ text: at, is });
  for (const [is, at] of texts.entries()) if (is % 3 > 0) set.delete(at);
  const left = texts.filter((at) => set.get(at) !== undefined);
  expect(left).toEqual(texts.filter((_, is) => is % 3 === 0));
});
