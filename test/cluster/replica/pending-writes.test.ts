// Writes that wait for etcd: kept in order, announced to each peer once, and in the way of the watch until they are decided.

import { expect, test } from 'vitest';
import { instancePath } from '../../../src/cluster/records/keys.ts';
import { type PendingWrite, PendingWrites } from '../../../src/cluster/replica/pending-writes.ts';

const key = { env: 'prod', appid: 'pay', instance: 'a1' };
const path = instancePath(key);
const write = (operation: string, kind: 'cancel' | 'up' = 'up'): PendingWrite => ({
  ...{ operation, node: 'n1', hlc: 1, agoMs: 0, basis: undefined, acceptedMs: 0 },
  actor: { kind: 'anonymous', front: 'api', address: '127.0.0.1' },
  command: { kind, key },
});

function kept() {
  const rows = new Map<string, PendingWrite>();
  const store = {
    put: (one: PendingWrite) => void rows.set(one.operation, one),
    drop: (operations: readonly string[]) => {
      for (const one of operations) rows.delete(one);
    },
  };
  return { rows, pending: new PendingWrites(store) };
}

test('an instance with one is left as it is, until its own swap comes by the watch', () => {
  const { rows, pending } = kept();
  pending.add(write('a'));
  pending.add(write('b'));
  expect(pending.shields(path, 'of another')).toBe(true);
  pending.sent(path, 'b');
  expect(pending.shields(path, 'of another')).toBe(true);
  expect([...rows.keys()]).toEqual(['a', 'b']);
  expect(pending.shields(path, 'b')).toBe(false);
  expect([pending.size, rows.size]).toEqual([0, 0]);
  expect(pending.shields(path, 'of another')).toBe(false);
});

test('each peer hears of one once, and never the node that it came from', () => {
  const { pending } = kept();
  pending.add(write('a'));
  pending.add(write('b'));
  expect(pending.unannounced('n1', 10)).toEqual([]);
  expect(pending.unannounced('n2', 1).map(({ operation }) => operation)).toEqual(['a']);
  pending.announced('n2', ['a']);
  expect(pending.unannounced('n2', 10).map(({ operation }) => operation)).toEqual(['b']);
  expect(pending.unannounced('n3', 10)).toHaveLength(2);
});

test('verdicts of checks stay at their node, and off its disk', () => {
  const { rows, pending } = kept();
  pending.add({ ...write('a'), command: { kind: 'judge', key, verdict: 'critical', reason: '' } });
  expect([pending.size, rows.size, pending.unannounced('n2', 10).length]).toEqual([1, 0, 0]);
});
