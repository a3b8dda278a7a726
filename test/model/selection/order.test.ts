// Orders by weight, by turn and by chance: none is lost or doubled, and the first follows the rule of the order.

import { describe, expect, test } from 'vitest';
import { inOrder, type Order } from '../../../src/model/selection/order.ts';
import { idsOf, placed, seededRandom } from '../../kit/registry/placed.ts';

const light = placed('light', { weight: 1 });
const heavy = placed('heavy', { weight: 3 });
const none = placed('none', { weight: 0 });
const reserve = placed('reserve', { weight: 60_000, priority: 1 });
const all = [reserve, light, none, heavy];

/** How often each came first in so many draws. */
function firsts(order: Order, items = all, draws = 8000): Record<string, number> {
  const random = seededRandom(1);
  const counts: Record<string, number> = {};
  for (let turn = 0; turn < draws; turn++) {
    const first = idsOf(inOrder(items, order, { random, turn }))[0] as string;
    counts[first] = (counts[first] ?? 0) + 1;
  }
  return counts;
}

test.each<Order>(['weighted', 'round-robin', 'random'])('%s has every instance once, and none of none', (order) => {
  const random = seededRandom(7);
  for (let turn = 0; turn < 50; turn++) {
    expect(idsOf(inOrder(all, order, { random, turn })).sort()).toEqual(['heavy', 'light', 'none', 'reserve']);
  }
  expect(inOrder([], order, { random, turn: 3 })).toEqual([]);
  expect(inOrder([heavy], order, { random, turn: 3 })).toEqual([heavy]);
});

describe('weighted', () => {
  test('comes first in proportion to the weight; weight 0 hardly ever', () => {
    const { heavy = 0, light = 0, none = 0, reserve } = firsts('weighted');
    expect(heavy / light).toBeGreaterThan(2.7);
    expect(heavy / light).toBeLessThan(3.3);
    expect(none).toBeGreaterThan(0);
    expect(none).toBeLessThan(80);
    expect(reserve).toBeUndefined();
  });

  test('has the lowest priority in front, for any weights', () => {
    const random = seededRandom(2);
    for (let turn = 0; turn < 100; turn++)
      expect(idsOf(inOrder(all, 'weighted', { random, turn })).at(-1)).toBe('reserve');
  });
});

test('random: each is first as often as any other', () => {
  const counts = Object.values(firsts('random'));
  expect(counts).toHaveLength(4);
  for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
});

test('round-robin: one place further with every turn', () => {
  const draw = (turn: number) => idsOf(inOrder([heavy, light, none], 'round-robin', { random: () => 0, turn }));
  expect([0, 1, 2, 3, 301].map(draw)).toEqual([
    ['heavy', 'light', 'none'],
    ['light', 'none', 'heavy'],
    ['none', 'heavy', 'light'],
    ['heavy', 'light', 'none'],
    ['light', 'none', 'heavy'],
  ]);
});
