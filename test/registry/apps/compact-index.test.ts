// A roster is a Map whose entries know their keys, few or many.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CompactIndex } from '../../../src/registry/apps/compact-index.ts';

interface One {
  readonly key: string;
  readonly is: number;
}

const keyOf = ({ key }: One): string => key;

test('does what a map does, in its order, for few and for many', () => {
  const step = fc.record({ key: fc.nat({ max: 60 }).map((at) => `one-${at}`), isThere: fc.boolean(), is: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const map = new Map<string, One>();
      const roster = new CompactIndex<One>(keyOf);
      for (const { key, isThere, is } of steps) {
        if (!isThere) roster.delete(key);
        else if (!map.has(key)) roster.add({ key, is });
        if (isThere) map.set(key, map.get(key) ?? { key, is });
        else map.delete(key);
        expect(roster.get(key)).toEqual(map.get(key));
        expect(roster.size).toBe(map.size);
      }
      expect([...roster.values()]).toEqual([...map.values()]);
      for (const key of map.keys()) expect(roster.get(key)).toEqual(map.get(key));
    }),
  );
});

describe.each([5, 100])('of %i, while an iteration pauses between two of them', (size) => {
  function filled(): CompactIndex<One> {
    const roster = new CompactIndex<One>(keyOf);
    for (let at = 0; at < size; at++) roster.add({ key: `${at}`, is: at });
    return roster;
  }

  test('a removed one is not met any more, and none is passed over', () => {
    const roster = filled();
    const met = roster.values();
    met.next();
    roster.delete('0');
    roster.delete('2');
    const rest = Array.from(met, ({ is }) => is);
    expect(rest).toEqual(Array.from({ length: size }, (_, at) => at).filter((at) => at !== 0 && at !== 2));
  });

  test('one that makes the index grow hides none', () => {
    const roster = filled();
    const met = roster.values();
    met.next();
    for (let at = size; at < 100; at++) roster.add({ key: `${at}`, is: at });
    roster.delete('1');
    const rest = Array.from(met, ({ is }) => is).filter((at) => at < size);
    expect(rest).toEqual(Array.from({ length: size }, (_, at) => at).slice(2));
  });
});
