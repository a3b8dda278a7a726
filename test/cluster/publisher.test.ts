// How swaps leave a node: changes of data one a transaction, with the serial; changes of owner in groups.

import { expect, test } from 'vitest';
import type { Swap, SwapGroup, SwapReply } from '../../src/cluster/engine.ts';
import { Publisher } from '../../src/cluster/publisher.ts';

const swapOf = (key: string): Swap => ({
  conditions: [],
  writes: [{ key, value: new Uint8Array() }],
  reads: [],
  isOwn: () => false,
});

function world() {
  const groups: SwapGroup[] = [];
  const replies: ((reply: SwapReply) => void)[] = [];
  const publisher = new Publisher({
    engine: {
      swap: (group) => {
        groups.push(group);
        return new Promise((resolve) => replies.push(resolve));
      },
    },
    serial: { key: 's', value: new Uint8Array() },
    commitWaitMs: 1000,
  });
  const answer = (at: number): void => {
    const verdicts = (groups[at] as SwapGroup).swaps.map(() => ({ verdict: 'won' }) as const);
    replies[at]?.({ revision: at + 1, verdicts });
  };
  return { publisher, groups, answer };
}

test('a change of data is alone in its transaction, and puts the serial', async () => {
  const { publisher, groups, answer } = world();
  const results = [publisher.change(swapOf('a')), publisher.change(swapOf('b'))];
  expect(groups.map(({ swaps, puts }) => [swaps.length, puts.map(({ key }) => key)])).toEqual([
    [1, ['s']],
    [1, ['s']],
  ]);
  answer(1);
  answer(0);
  expect((await Promise.all(results)).map((one) => 'revision' in one && one.revision)).toEqual([1, 2]);
});

test('so many are under way at most; the others follow', async () => {
  const { publisher, groups, answer } = world();
  const results = Array.from({ length: 70 }, (_, index) => publisher.change(swapOf(String(index))));
  expect(groups.length).toBe(64);
  answer(0);
  await results[0];
  await Promise.resolve();
  expect(groups.length).toBe(65);
});

test('changes of owner go together without the serial, and no key twice', async () => {
  const { publisher, groups, answer } = world();
  const results = ['a', 'b', 'a'].map((key) => publisher.move(swapOf(key)));
  await Promise.resolve();
  await Promise.resolve();
  expect(groups.map(({ swaps, puts }) => [swaps.length, puts.length])).toEqual([[2, 0]]);
  answer(0);
  await Promise.all(results.slice(0, 2));
  await new Promise(setImmediate);
  expect(groups.map(({ swaps }) => swaps.length)).toEqual([2, 1]);
});

test('a fault of the engine is the result of each', async () => {
  const fault = { fault: 'unavailable', detail: 'no leader', sent: true } as const;
  const publisher = new Publisher({
    engine: { swap: async () => fault },
    serial: { key: 's', value: new Uint8Array() },
    commitWaitMs: 1000,
  });
  expect(await publisher.change(swapOf('a'))).toEqual(fault);
  expect(publisher.counts.failed).toBe(1);
});
