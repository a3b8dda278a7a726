// Subsets by client: stable, fair by weight, and moved by nothing but those who come and go.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { subsetOf } from '../../../src/model/selection/subset.ts';
import { idsOf, placed } from '../../kit/registry/placed.ts';

const fleet = Array.from({ length: 40 }, (_, i) => placed(`orders-${i}`));
const clients = Array.from({ length: 200 }, (_, i) => `10.1.${i >> 4}.${i & 15}`);

test('a client gets as many as it asks for, the same each time, in the order in which they came', () => {
  for (const client of clients.slice(0, 20)) {
    const own = idsOf(subsetOf(fleet, 3, client));
    expect(own).toHaveLength(3);
    expect(idsOf(subsetOf(fleet, 3, client))).toEqual(own);
    expect(idsOf(fleet).filter((id) => own.includes(id))).toEqual(own);
    expect(idsOf(subsetOf([...fleet].reverse(), 3, client)).reverse()).toEqual(own);
  }
  expect(subsetOf(fleet.slice(0, 2), 3, 'web')).toEqual(fleet.slice(0, 2));
  expect(subsetOf([], 3, 'web')).toEqual([]);
});

test('a larger subset holds the smaller one', () => {
  for (const client of clients) {
    const three = idsOf(subsetOf(fleet, 3, client));
    expect(idsOf(subsetOf(fleet, 4, client))).toEqual(expect.arrayContaining(three));
  }
});

test('an instance that leaves is missed by those alone who had it, and each of them gets one other', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(39), fc.string({ minLength: 1 }), (size, gone, client) => {
      const before = idsOf(subsetOf(fleet, size, client));
      const id = `orders-${gone}`;
      const after = idsOf(
        subsetOf(
          fleet.filter(({ instance }) => instance.instance !== id),
          size,
          client,
        ),
      );
      if (!before.includes(id)) {
        expect(after).toEqual(before);
        return;
      }
      const kept = before.filter((one) => one !== id);
      expect(after).toEqual(expect.arrayContaining(kept));
      expect(after).toHaveLength(size);
    }),
    { numRuns: 300 },
  );
});

test('a change of letter case is no other instance; a heavier weight moves others only out of its way', () => {
  const louder = fleet.map(({ instance }) => placed(instance.instance.toUpperCase()));
  const heavier = fleet.map((one, i) => (i === 5 ? placed('orders-5', { weight: 100 }) : one));
  for (const client of clients) {
    const own = idsOf(subsetOf(fleet, 3, client));
    expect(idsOf(subsetOf(louder, 3, client)).map((id) => id.toLowerCase())).toEqual(own);
    const added = idsOf(subsetOf(heavier, 3, client)).filter((id) => !own.includes(id));
    expect(added.every((id) => id === 'orders-5')).toBe(true);
  }
});

test('over many clients each is chosen by its weight', () => {
  const weights = [1, 2, 4, 0];
  const items = weights.map((weight, i) => placed(`i${i}`, { weight }));
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 14_000; i++) {
    const [id = ''] = idsOf(subsetOf(items, 1, `client-${i}`));
    counts[Number(id[1])] = (counts[Number(id[1])] ?? 0) + 1;
  }
  const [one = 0, two = 0, four = 0, zero = 0] = counts;
  expect(two / one).toBeCloseTo(2, 0);
  expect(four / one).toBeCloseTo(4, 0);
  expect(zero).toBeLessThan(100);
});

test('those who are near are taken first', () => {
  const near = new Set(['orders-3', 'orders-30']);
  const isNear = ({ instance }: (typeof fleet)[number]) => near.has(instance.instance);
  for (const client of clients) {
    const own = idsOf(subsetOf(fleet, 3, client, isNear));
    expect(own).toEqual(expect.arrayContaining([...near]));
    expect(own).toHaveLength(3);
  }
});
