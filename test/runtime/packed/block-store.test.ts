// Things of any length that are kept, found again and given back; a reader with the same pages finds them too.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BlockPages } from '../../../src/runtime/packed/block-pages.ts';
import { BlockStore, thingOctetsMax } from '../../../src/runtime/packed/block-store.ts';

class Things {
  readonly reader = new BlockPages();
  pages = 0;
  readonly store = new BlockStore((memory) => {
    this.pages++;
    this.reader.add(memory);
  });

  add(octets: Buffer): number {
    const number = this.store.take(octets.length);
    octets.copy(this.store.pages.page(number), this.store.pages.offset(number));
    return number;
  }

  /** As the reader has it. */
  get(number: number, length: number): Buffer {
    const at = this.reader.offset(number);
    return Buffer.copyBytesFrom(this.reader.page(number), at, length);
  }
}

test('each is what it was, whatever came and went beside it', () => {
  const octets = fc.tuple(
    fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 70_000 })),
    fc.nat({ max: 255 }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(octets, fc.nat()), { maxLength: 60 }), (steps) => {
      const things = new Things();
      const kept: { number: number; octets: Buffer }[] = [];
      for (const [[length, fill], at] of steps) {
        if (at % 3 === 0 && kept.length > 0) {
          const [gone] = kept.splice(at % kept.length, 1) as [{ number: number; octets: Buffer }];
          things.store.give(gone.number, gone.octets.length);
        } else {
          const one = Buffer.alloc(length, fill);
          kept.push({ number: things.add(one), octets: one });
        }
        for (const { number, octets: own } of kept) expect(things.get(number, own.length).equals(own)).toBe(true);
      }
    }),
  );
});

test('what is given back is used again for what is about as long', () => {
  const things = new Things();
  const lengths = [1, 8, 9, 256, 257, 300, 5000, 100_000, thingOctetsMax];
  const first = lengths.map((length) => things.store.take(length));
  expect(new Set(first).size).toBe(lengths.length);
  for (const [index, number] of first.entries()) things.store.give(number, lengths[index] as number);
  const again = lengths.map((length) => things.store.take(length)).sort();
  expect(again).toEqual([...first].sort());
});

test('many are on many pages, and none goes over the end of one', () => {
  const things = new Things();
  const numbers = Array.from({ length: 60_000 }, (_, at) =>
    things.add(Buffer.from(`${at}`.padEnd(10 + (at % 63), 'x'))),
  );
  const wrong = numbers.filter((number, at) => {
    const text = `${at}`.padEnd(10 + (at % 63), 'x');
    return things.get(number, text.length).toString() !== text;
  });
  expect([wrong, things.pages > 3, numbers.includes(0)]).toEqual([[], true, false]);
});

test('what is too long for a page is a bug', () => {
  expect(() => new Things().store.take(thingOctetsMax + 1)).toThrow();
});
