// Groups that etcd would refuse whole are found before they are sent.

import { expect, test } from 'vitest';
import type { Swap } from '../../../src/cluster/engine.ts';
import { groupFault } from '../../../src/cluster/etcd/swaps.ts';

const value = new Uint8Array();

function swap(keys: readonly string[], reads: readonly string[] = []): Swap {
  return { conditions: [], writes: keys.map((key) => ({ key, value })), reads, isOwn: () => false };
}

function swaps(count: number, writes: number): Swap[] {
  return Array.from({ length: count }, (_, index) =>
    swap(Array.from({ length: writes }, (_each, part) => `${index}/${part}`)),
  );
}

test('operations count along a path: outer and nested together', () => {
  expect(groupFault({ swaps: swaps(100, 27), puts: [{ key: 's', value }] })).toBeUndefined();
  expect(groupFault({ swaps: swaps(100, 28), puts: [{ key: 's', value }] })).toMatch('101 and 28');
  expect(groupFault({ swaps: [swap(['a'], Array.from({ length: 128 }, String))], puts: [] })).toMatch('1 and 128');
});

test('no key is written twice, by whichever part of the group', () => {
  expect(groupFault({ swaps: [swap(['a']), swap(['b', 'a'])], puts: [] })).toMatch(' a');
  expect(groupFault({ swaps: [swap(['s'])], puts: [{ key: 's', value }] })).toMatch(' s');
  expect(groupFault({ swaps: [swap(['a', 'a'])], puts: [] })).toMatch(' a');
  expect(groupFault({ swaps: [swap(['a'], ['b']), swap(['b'], ['a'])], puts: [] })).toBeUndefined();
});

test('an empty group is none', () => {
  expect(groupFault({ swaps: [], puts: [] })).toBeDefined();
});
