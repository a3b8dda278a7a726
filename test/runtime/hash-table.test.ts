// A table by hashes is a map, for any hashes: also where many things share one, and while parts grow.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HashTable } from '../../src/runtime/hash-table.ts';
import { mixed, textHash } from '../../src/runtime/text-hash.ts';

interface Thing {
  readonly hash: number;
  readonly text: string;
}

function tableOf(): HashTable<Thing, string, undefined> {
  return new HashTable((thing, text) => thing.text === text);
}

test('does what a map does, where hashes collide', () => {
  const text = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l');
  const hashOf = fc.func<[string], number>(fc.constantFrom(0, 1024, 2048, 7168, 8192, 0xffffffff));
  fc.assert(
    fc.property(fc.array(text, { maxLength: 60 }), hashOf, (steps, hash) => {
      const table = tableOf();
      const map = new Map<string, Thing>();
      for (const step of steps) {
        const known = map.get(step);
        if (known === undefined) {
          const thing = { hash: hash(step), text: step };
          map.set(step, thing);
          table.add(thing);
        } else {
          map.delete(step);
          table.delete(known);
        }
        for (const one of steps) {
          expect(table.find(hash(one), one, undefined)).toBe(map.get(one));
          const isThere = [...map.values()].some((thing) => thing.hash === hash(one));
          expect(table.withHash(hash(one)) !== undefined).toBe(isThere);
          expect(table.withHash(hash(one) | 0)?.hash).toBe(isThere ? hash(one) : undefined);
        }
        expect(table.size).toBe(map.size);
      }
    }),
  );
});

test('loses nothing of many, as parts grow and empty', () => {
  const table = tableOf();
  const things = Array.from({ length: 20_000 }, (_, at) => {
    const text = `app-${at}`;
    return { hash: mixed(textHash(text)), text };
  });
  for (const thing of things) table.add(thing);
  for (const [at, thing] of things.entries()) if (at % 3 > 0) table.delete(thing);
  const left = things.filter(({ hash, text }) => table.find(hash, text, undefined) !== undefined);
  expect(left).toEqual(things.filter((_, at) => at % 3 === 0));
  expect(table.size).toBe(left.length);
});
