// Labels that are kept, found again and given back.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LabelStore } from '../../../src/runtime/packed/label-store.ts';

test('every label is unchanged, though others come and go beside it', () => {
  const label = fc.string({ unit: fc.constantFrom('a', 'b', '-', '9'), maxLength: 70 });
  fc.assert(
    fc.property(fc.array(fc.tuple(label, fc.nat())), (steps) => {
      const store = new LabelStore();
      const kept: { number: number; text: string }[] = [];
      for (const [text, at] of steps) {
        if (at % 3 === 0 && kept.length > 0) {
          const [gone] = kept.splice(at % kept.length, 1);
          store.delete((gone as { number: number }).number);
        } else kept.push({ number: store.add(text), text });
      }
      expect(kept.map(({ number }) => store.get(number))).toEqual(kept.map(({ text }) => text));
      for (const { number, text } of kept) expect(store.is(number, text) && !store.is(number, `${text}x`)).toBe(true);
    }),
  );
});

test('what is given back is used again', () => {
  const store = new LabelStore();
  const first = store.add('orders-1');
  const other = store.add('orders-2');
  store.delete(first);
  expect(store.add('orders-3')).toBe(first);
  expect([store.get(first), store.get(other)]).toEqual(['orders-3', 'orders-2']);
});

test('labels on many pages', () => {
  const store = new LabelStore();
  const labels = Array.from({ length: 80_000 }, (_, at) => `${at}-`.padEnd(1 + (at % 63), 'x'));
  const numbers = labels.map((text) => store.add(text));
  expect(numbers.map((number) => store.get(number))).toEqual(labels);
});
