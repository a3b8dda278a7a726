// What a node without etcd knows of the zone files of the others: asked for when their hash is another, and once at a time.

import { expect, test } from 'vitest';
import { PeerZones } from '../../../src/cluster/peers-engine/peer-zones.ts';

function world() {
  const asked: string[] = [];
  const kept: string[] = [];
  const replies: unknown[] = [];
  const zones = new PeerZones({
    ask: async (node) => {
      asked.push(node);
      return replies.shift();
    },
    keep: (node, text) => kept.push(`${node} ${text}`),
  });
  return { zones, asked, kept, replies };
}

test('a node is asked when its hash is new, and not again while it stays', async () => {
  const { zones, asked, kept, replies } = world();
  replies.push({ zones: '{"v":1}' }, { zones: '{"v":1,"zones":{}}' });
  for (const digest of ['a', 'a', 'b', 'b']) await zones.heard('n2', digest);
  expect(asked).toEqual(['n2', 'n2']);
  expect(kept).toEqual(['n2 {"v":1}', 'n2 {"v":1,"zones":{}}']);
});

test('without an answer, or with one that has no hashes, it is asked with the next hello', async () => {
  const { zones, asked, kept, replies } = world();
  replies.push(undefined, { zones: 7 }, { zones: '{}' });
  for (const _hello of [1, 2, 3, 4]) await zones.heard('n2', 'a');
  expect([asked.length, kept]).toEqual([3, ['n2 {}']]);
});

test('two hellos before the answer are one question', async () => {
  const { zones, asked } = world();
  await Promise.all([zones.heard('n2', 'a'), zones.heard('n2', 'a')]);
  expect(asked).toEqual(['n2']);
});

test('one that was struck off is asked again when it is back', async () => {
  const { zones, asked, replies } = world();
  replies.push({ zones: '{}' }, { zones: '{}' });
  await zones.heard('n2', 'a');
  zones.forget('n2');
  await zones.heard('n2', 'a');
  expect(asked.length).toBe(2);
});
