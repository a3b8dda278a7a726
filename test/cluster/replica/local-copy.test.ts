// The copy of the cluster's registry in the data folder: whole or none, and of one cluster and node.

import { expect, test } from 'vitest';
import type { Entry } from '../../../src/cluster/engine.ts';
import { firstMeta, metaText } from '../../../src/cluster/records/epoch.ts';
import { LocalCopy } from '../../../src/cluster/replica/local-copy.ts';
import type { PendingWrite } from '../../../src/cluster/replica/pending-writes.ts';
import { scratch } from '../../kit/process/scratch.ts';

const prefix = '/rollcall/main/';
const whose = { prefix, node: 'n1', wallMs: () => 1_000_000 };
const meta = metaText(firstMeta(5, 1000, 'life1', 'inc1'));
const write: PendingWrite = {
  ...{ operation: 'op1', node: 'n1', hlc: 1, agoMs: 0, basis: undefined, acceptedMs: 0 },
  actor: { kind: 'anonymous', front: 'api', address: '127.0.0.1' },
  command: { kind: 'cancel', key: { env: 'prod', appid: 'pay', instance: 'a1' } },
};

function entry(path: string, value: string, modRevision: number): Entry {
  return { key: prefix + path, value: new TextEncoder().encode(value), createRevision: 1, modRevision, lease: 0n };
}

function opened(folder: string, options = whose): LocalCopy {
  const copy = LocalCopy.open(folder, options);
  if ('problem' in copy) throw new Error(copy.problem);
  return copy;
}

const listing = {
  revision: 9,
  clusterId: 'c1',
  entries: [entry('meta', meta, 3), entry('i/prod/pay/a1', '{}', 7), entry('l/prod/pay/a1', 'a1', 7)],
};

test('a list and what the watch brings later are there after a restart', () => {
  const folder = scratch();
  const first = opened(folder);
  expect(first.state()).toBeUndefined();
  first.replace(listing);
  first.note(10, [{ kind: 'put', entry: entry('i/prod/pay/a2', '{"n":2}', 10) }]);
  first.note(11, [{ kind: 'delete', key: `${prefix}i/prod/pay/a1`, revision: 11 }]);
  first.keepSession(77n);
  first.close();
  const second = opened(folder);
  expect(second.session).toBe(77n);
  const state = second.state();
  expect(state?.meta.life).toBe('life1');
  expect(state?.listing).toMatchObject({ revision: 11, clusterId: 'c1' });
  expect(state?.listing.entries.map(({ key, modRevision }) => [key.slice(prefix.length), modRevision])).toEqual([
    ['i/prod/pay/a2', 10],
    ['meta', 3],
  ]);
  second.close();
});

test('a copy that was not finished is none', () => {
  const folder = scratch();
  const first = opened(folder);
  first.replace(listing);
  first.close();
  const second = opened(folder);
  second.replace({ ...listing, revision: 20 });
  // Killed before its slices were written.
  expect(second.state()).toBeUndefined();
  second.close();
});

test('pending writes are kept with their age', () => {
  const folder = scratch();
  const first = opened(folder);
  first.put(write);
  first.close();
  const second = opened(folder, { ...whose, wallMs: () => 1_004_000 });
  expect(second.pending('n1')).toMatchObject([{ operation: 'op1', agoMs: 4000, command: { kind: 'cancel' } }]);
  second.drop(['op1']);
  expect(second.pending('n1')).toEqual([]);
  second.close();
});

test('each node of a folder has its own, and one of another cluster begins anew', () => {
  const folder = scratch();
  const first = opened(folder);
  first.replace(listing);
  first.put(write);
  first.close();
  const other = opened(folder, { ...whose, node: 'n2' });
  expect([other.state(), other.pending('n2')]).toEqual([undefined, []]);
  other.close();
  const moved = opened(folder, { ...whose, prefix: '/rollcall/second/' });
  expect([moved.state(), moved.pending('n1')]).toEqual([undefined, []]);
  moved.close();
});

test('a folder that is in use is a problem of its own', () => {
  const folder = scratch();
  const first = opened(folder);
  expect(LocalCopy.open(folder, whose)).toMatchObject({ problem: expect.stringContaining(folder) });
  first.close();
});
