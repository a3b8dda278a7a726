// Who comes first: over many answers every record leads in proportion to its weight, evenly in every stretch, and an
// app over the limit of an RRset is answered with a fair choice.

import { describe, expect, test } from 'vitest';
import { Draws, planOrder, recordsPerRRsetMax } from '../../../src/dns/message/rotation.ts';

const answersCount = 10_000;

/** How often each item stands first in `answers` answers, each plan serving all its turns. */
function leads(weights: readonly number[], turnsMax = Number.POSITIVE_INFINITY, start = 0.3): number[] {
  const draws = new Draws(start);
  const counts = weights.map(() => 0);
  for (let answers = 0; answers < answersCount; ) {
    const { order, rotation } = planOrder(weights, draws);
    const firsts = rotation?.firsts ?? Uint8Array.of(0);
    for (const place of firsts.subarray(0, turnsMax)) {
      counts[order[place] as number] = (counts[order[place] as number] as number) + 1;
      if (++answers === answersCount) break;
    }
  }
  return counts;
}

const equal = (size: number) => Array.from({ length: size }, () => 10);

describe('equal weights', () => {
  test.each([2, 3, 10, 100, 150, 300])('%i items lead 1/n each, within 20 %%', (size) => {
    for (const start of [0, 0.3, 0.999]) {
      for (const count of leads(equal(size), undefined, start)) {
        expect(count).toBeGreaterThan((0.8 * answersCount) / size);
        expect(count).toBeLessThan((1.2 * answersCount) / size);
      }
    }
  });

  test.each([
    [2, 1],
    [10, 1],
    [100, 1],
    [100, 3],
    [150, 1],
    [150, 28],
    [300, 1],
    [300, 28],
    [300, 73],
  ])('%i items lead evenly even if each plan serves only %i turns', (size, turns) => {
    for (const count of leads(equal(size), turns)) {
      expect(count).toBeGreaterThan((0.8 * answersCount) / size);
      expect(count).toBeLessThan((1.2 * answersCount) / size);
    }
  });

  test('ten items have led after few more than ten answers', () => {
    const { order, rotation } = planOrder(equal(10), new Draws(0.1));
    expect(new Set([...(rotation?.firsts ?? [])].slice(0, 16)).size).toBe(10);
    expect(order).toHaveLength(10);
  });
});

describe('weights', () => {
  test('are shares of the first place', () => {
    const counts = leads([10, 20, 70]);
    for (const [item, share] of [0.1, 0.2, 0.7].entries()) {
      expect((counts[item] as number) / answersCount).toBeCloseTo(share, 2);
    }
  });

  test('of zero lead seldom, not never', () => {
    const [zero = 0, one = 0] = leads([0, 1]);
    expect(zero).toBeGreaterThan(0);
    expect(zero).toBeLessThan(0.02 * answersCount);
    expect(one).toBeGreaterThan(0.98 * answersCount);
  });

  test('that are all zero are equal', () => {
    for (const count of leads([0, 0, 0, 0])) expect(count).toBeCloseTo(answersCount / 4, -3);
  });

  test('as unequal as they can be still give a whole answer', () => {
    const { order, rotation } = planOrder([65_535, ...Array<number>(99).fill(0)], new Draws(0.5));
    expect(new Set(order).size).toBe(100);
    expect(rotation?.span).toBe(100);
  });
});

describe('a plan', () => {
  test('of none or one needs no turns', () => {
    expect(planOrder([], new Draws(0))).toEqual({ order: [], rotation: undefined });
    expect(planOrder([7], new Draws(0))).toEqual({ order: [0], rotation: undefined });
  });

  test.each([2, 99, 100])('of %i has all of them, once', (size) => {
    const { order } = planOrder(equal(size), new Draws(0.7));
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i));
  });

  test.each([101, 150, 5000])('of %i has a hundred of them', (size) => {
    const { order, rotation } = planOrder(equal(size), new Draws(0.7));
    expect(new Set(order).size).toBe(recordsPerRRsetMax);
    expect(rotation?.span).toBe(recordsPerRRsetMax);
    expect(Math.max(...(rotation?.firsts ?? []))).toBeLessThan(recordsPerRRsetMax);
  });

  test('names only places that exist, and every place that was chosen leads at least once', () => {
    for (const size of [2, 5, 100]) {
      const { rotation } = planOrder(equal(size), new Draws(0.2));
      const firsts = [...(rotation?.firsts ?? [])];
      expect(new Set(firsts).size).toBe(size);
      expect(Math.max(...firsts)).toBe(size - 1);
    }
  });
});

test('of 300, every instance is in an answer soon, and equally often', () => {
  const draws = new Draws(0.4);
  const counts = Array.from({ length: 300 }, () => 0);
  for (let plan = 0; plan < 300; plan++) {
    for (const item of planOrder(equal(300), draws).order) counts[item] = (counts[item] as number) + 1;
    if (plan === 9) expect(Math.min(...counts)).toBeGreaterThan(0);
  }
  expect(Math.min(...counts)).toBeGreaterThan(90);
  expect(Math.max(...counts)).toBeLessThan(110);
});
