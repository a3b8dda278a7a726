// How swaps leave a node: changes of data in groups, each with its place, and with the serial; changes of owner in groups
// of their own.

import { expect, test } from 'vitest';
import type { Fault, Swap, SwapGroup, SwapReply } from '../../../src/cluster/engine.ts';
import { placeIn } from '../../../src/cluster/records/epoch.ts';
import { Publisher } from '../../../src/cluster/writes/publisher.ts';
import type { PlacedSwap } from '../../../src/cluster/writes/swap-plan.ts';

const swapOf = (key: string, value = new Uint8Array()): Swap => ({
  conditions: [],
  writes: [{ key, value }],
  reads: [],
  isOwn: () => false,
});

/** Its value is its place. */
const placed = (key: string, octets = 1): PlacedSwap => ({
  keys: [key],
  at: (place) => swapOf(key, new Uint8Array(octets).fill(place)),
});

const shown = ({ swaps, puts }: SwapGroup) => ({
  swaps: swaps.map(({ writes }) => `${writes[0]?.key}@${writes[0]?.value?.[0]}`),
  serial: puts.map(({ key, value }) => [key, value === undefined ? undefined : placeIn(value)]),
});

function world() {
  const groups: SwapGroup[] = [];
  const replies: ((reply: SwapReply | Fault) => void)[] = [];
  const publisher = new Publisher({
    engine: {
      swap: (group) => {
        groups.push(group);
        return new Promise((resolve) => replies.push(resolve));
      },
    },
    ...{ me: 'n1', serialKey: 's', commitWaitMs: 1000 },
  });
  const answer = (at: number): void => {
    const verdicts = (groups[at] as SwapGroup).swaps.map(() => ({ verdict: 'won' }) as const);
    replies[at]?.({ revision: at + 1, verdicts });
  };
  const refuse = (at: number): void => replies[at]?.({ fault: 'refused', detail: 'request is too large' });
  return { publisher, groups, answer, refuse };
}

const turn = () => new Promise(setImmediate);

test('changes of data of one turn share a transaction, each with its place; the serial has the last', async () => {
  const { publisher, groups, answer } = world();
  const results = ['a', 'b', 'c'].map((key) => publisher.change(placed(key)));
  await turn();
  expect(groups.map(shown)).toEqual([{ swaps: ['a@0', 'b@1', 'c@2'], serial: [['s', 2]] }]);
  answer(0);
  expect((await Promise.all(results)).map((one) => 'revision' in one && one.revision)).toEqual([1, 1, 1]);
  expect(publisher.waiting).toBe(0);
});

test('what comes while a group is in flight goes with the next one', async () => {
  const { publisher, groups, answer } = world();
  const first = publisher.change(placed('a'));
  await turn();
  const later = ['b', 'c'].map((key) => publisher.change(placed(key)));
  await turn();
  expect(groups.length).toBe(1);
  answer(0);
  await first;
  await turn();
  expect(groups.map(({ swaps }) => swaps.length)).toEqual([1, 2]);
  answer(1);
  await Promise.all(later);
});

test('a group has no more swaps than there are places', async () => {
  const { publisher, groups, answer } = world();
  const results = Array.from({ length: 230 }, (_, index) => publisher.change(placed(String(index))));
  for (const at of [0, 1, 2]) {
    await expect.poll(() => groups.length).toBe(at + 1);
    answer(at);
  }
  await Promise.all(results);
  expect(groups.map(({ swaps }) => swaps.length)).toEqual([100, 100, 30]);
});

test('a group has no more octets than etcd takes', async () => {
  const { publisher, groups, answer } = world();
  const results = ['a', 'b', 'c'].map((key) => publisher.change(placed(key, 400_000)));
  await turn();
  answer(0);
  await Promise.all(results.slice(0, 2));
  await turn();
  expect(groups.map(shown).map(({ swaps }) => swaps)).toEqual([['a@0', 'b@1'], ['c@0']]);
});

test('two changes of one key are never in one group', async () => {
  const { publisher, groups, answer } = world();
  const results = ['a', 'a', 'b', 'a'].map((key) => publisher.change(placed(key)));
  for (const at of [0, 1, 2]) {
    await expect.poll(() => groups.length).toBe(at + 1);
    answer(at);
  }
  await Promise.all(results);
  expect(groups.map(shown).map(({ swaps }) => swaps)).toEqual([['a@0', 'b@1'], ['a@0'], ['a@0']]);
});

test('what etcd refuses in a group is sent one by one, so that only the one at fault suffers', async () => {
  const { publisher, groups, answer, refuse } = world();
  const results = ['a', 'b'].map((key) => publisher.change(placed(key)));
  await turn();
  refuse(0);
  await turn();
  refuse(1);
  await turn();
  answer(2);
  expect((await Promise.all(results)).map((one) => 'fault' in one)).toEqual([true, false]);
  expect(groups.map(shown).map(({ swaps }) => swaps)).toEqual([['a@0', 'b@1'], ['a@0'], ['b@0']]);
});

test('changes of owner go together without the serial, and no key twice', async () => {
  const { publisher, groups, answer } = world();
  const results = ['a', 'b', 'a'].map((key) => publisher.move(swapOf(key)));
  await turn();
  expect(groups.map(({ swaps, puts }) => [swaps.length, puts.length])).toEqual([[2, 0]]);
  answer(0);
  await Promise.all(results.slice(0, 2));
  await turn();
  expect(groups.map(({ swaps }) => swaps.length)).toEqual([2, 1]);
});

test('a fault of the engine is the result of each', async () => {
  const fault = { fault: 'unavailable', detail: 'no leader', sent: true } as const;
  const publisher = new Publisher({
    engine: { swap: async () => fault },
    ...{ me: 'n1', serialKey: 's', commitWaitMs: 1000 },
  });
  expect(await Promise.all(['a', 'b'].map((key) => publisher.change(placed(key))))).toEqual([fault, fault]);
  expect(publisher.counts.failed).toBe(2);
});
