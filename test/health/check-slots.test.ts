// Whose turn it is: shares of envs and apps, quick before slow, and what is left for those who come later.

import { expect, test } from 'vitest';
import { CheckSlots, type Slotted } from '../../src/health/check-slots.ts';

interface Item extends Slotted {
  readonly id: number;
}

function world(max: number) {
  const slots = new CheckSlots<Item>(max);
  let id = 0;
  const add = (env: string, appid: string, count: number, isQuick = false): Item[] =>
    Array.from({ length: count }, () => {
      const item = { env, appid, isQuick, id: id++ };
      slots.add(item);
      return item;
    });
  /** Takes what can be taken; by app how many. */
  const fill = () => {
    const taken: Item[] = [];
    for (let item = slots.next(); item !== undefined; item = slots.next()) taken.push(item);
    const counts: Record<string, number> = {};
    for (const { env, appid } of taken) counts[`${env}/${appid}`] = (counts[`${env}/${appid}`] ?? 0) + 1;
    return { taken, counts };
  };
  return { slots, add, fill };
}

test('one app alone takes half, and who comes later finds a slot', () => {
  const { slots, add, fill } = world(100);
  add('prod', 'big', 1000);
  expect(fill().counts).toEqual({ 'prod/big': 50 });
  add('prod', 'late', 1);
  add('dev', 'late', 1, true);
  expect(fill().counts).toEqual({ 'prod/late': 1, 'dev/late': 1 });
  expect(slots.taken).toBe(52);
});

test('slow checks of an app leave room for its quick ones', () => {
  const { add, fill } = world(100);
  add('prod', 'pay', 1000);
  expect(fill().counts).toEqual({ 'prod/pay': 50 });
  add('prod', 'pay', 5, true);
  expect(fill().counts).toEqual({ 'prod/pay': 5 });
});

test('apps take turns, and so do envs', () => {
  const { slots, add } = world(10);
  add('prod', 'a', 10, true);
  add('prod', 'b', 10, true);
  add('dev', 'c', 10, true);
  const first = Array.from({ length: 4 }, () => slots.next()?.appid);
  expect(first).toEqual(['a', 'c', 'b', 'c']);
});

test('many apps of one env leave slots to another env, quick checks to the last one', () => {
  const { add, fill } = world(100);
  for (let app = 0; app < 5; app++) add('dev', `slow-${app}`, 100);
  const { counts } = fill();
  expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(77);
  add('prod', 'pay', 100);
  expect(fill().counts['prod/pay']).toBeGreaterThanOrEqual(5);
});

test('a thousand apps with a slow check each leave a tenth to quick ones', () => {
  const { add, fill, slots } = world(100);
  for (let app = 0; app < 1000; app++) add('dev', `slow-${app}`, 1);
  fill();
  expect(slots.taken).toBe(90);
  add('prod', 'pay', 3, true);
  expect(fill().counts['prod/pay']).toBeGreaterThanOrEqual(3);
});

test('quick ones go first, slow ones are not forgotten', () => {
  const { slots, add } = world(100);
  add('prod', 'slow', 8);
  add('prod', 'quick', 100, true);
  const order = Array.from({ length: 8 }, () => slots.next()?.appid);
  expect(order).toEqual(['quick', 'quick', 'quick', 'slow', 'quick', 'quick', 'quick', 'slow']);
});

test('what ends gives its slot back, what is removed takes none', () => {
  const { slots, add, fill } = world(2);
  const [one, two] = add('prod', 'a', 2, true) as [Item, Item];
  slots.remove(two);
  expect(fill().taken).toEqual([one]);
  slots.remove(two);
  slots.ended(one);
  expect(slots.taken).toBe(0);
  slots.add(two);
  expect(fill().taken).toEqual([two]);
});
