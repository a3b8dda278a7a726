// Whom a caller takes of those that match: near first and filled up from elsewhere, in order, no more than the limit.

import { expect, test } from 'vitest';
import { type Choice, choose } from '../../../src/model/selection/choose.ts';
import { idsOf, placed, seededRandom } from '../../kit/registry/placed.ts';

const all = [
  placed('a1', { zone: 'a' }),
  placed('b1', { zone: 'b', weight: 0 }),
  placed('c1'),
  placed('b2', { zone: 'B' }),
  placed('a2', { zone: 'a', priority: 5 }),
];

function chosen(choice: Choice, turn = 0): string[] {
  return idsOf(choose(all, choice, () => ({ random: seededRandom(turn), turn })));
}

test('nothing asked for: all, in the order of registration', () =>
  expect(chosen({})).toEqual(['a1', 'b1', 'c1', 'b2', 'a2']));

test('near: those of the zone first, and the order among them and among the rest stays', () => {
  expect(chosen({ near: 'b' })).toEqual(['b1', 'b2', 'a1', 'c1', 'a2']);
  expect(chosen({ near: 'nowhere' })).toEqual(['a1', 'b1', 'c1', 'b2', 'a2']);
});

test('a limit is filled up from elsewhere', () => {
  expect(chosen({ near: 'b', limit: 1 })).toEqual(['b1']);
  expect(chosen({ near: 'b', limit: 3 })).toEqual(['b1', 'b2', 'a1']);
  expect(chosen({ near: 'nowhere', limit: 2 })).toEqual(['a1', 'b1']);
});

test('an order holds among the near and among the others, never between them', () => {
  expect(chosen({ near: 'b', order: 'round-robin' }, 1)).toEqual(['b2', 'b1', 'c1', 'a2', 'a1']);
  for (let turn = 0; turn < 50; turn++) {
    const weighted = chosen({ near: 'b', order: 'weighted' }, turn);
    expect(weighted.slice(0, 2).sort()).toEqual(['b1', 'b2']);
    expect(weighted.at(-1)).toBe('a2');
  }
});

test('round-robin with a limit hands out every instance in turn', () => {
  const turns = [0, 1, 2, 3, 4].map((turn) => chosen({ order: 'round-robin', limit: 2 }, turn));
  expect(turns).toEqual([
    ['a1', 'b1'],
    ['b1', 'c1'],
    ['c1', 'b2'],
    ['b2', 'a2'],
    ['a2', 'a1'],
  ]);
});

test('a subset is chosen first, so that order and limit stay within it', () => {
  const subset = { size: 3, client: 'web-1' };
  const own = chosen({ subset });
  expect(own).toHaveLength(3);
  for (let turn = 0; turn < 20; turn++) {
    expect([...chosen({ subset, order: 'random' }, turn)].sort()).toEqual([...own].sort());
    expect(own).toEqual(expect.arrayContaining(chosen({ subset, order: 'weighted', limit: 2 }, turn)));
  }
  expect(chosen({ subset, near: 'b' }).slice(0, 2)).toEqual(['b1', 'b2']);
});
