// What a node has and etcd has not, or the other way round: found, repaired and counted, but not what has only just changed.

import { expect, test } from 'vitest';
import type { Entry, Listing } from '../../../src/cluster/engine.ts';
import { instancePath } from '../../../src/cluster/records/keys.ts';
import { noUnknown } from '../../../src/cluster/records/record.ts';
import { DriftCheck } from '../../../src/cluster/replica/drift-check.ts';
import { type Known, KnownRecords } from '../../../src/cluster/replica/known-records.ts';
import type { ClusterReplica } from '../../../src/cluster/replica/replica.ts';

const prefix = '/rollcall/main/';
const path = (instance: string): string => instancePath({ env: 'prod', appid: 'pay', instance });
const entry = (instance: string, modRevision: number): Entry => ({
  ...{ key: prefix + path(instance), value: new Uint8Array(), createRevision: 1, modRevision, lease: 0n },
});
const known = (modRevision: number): Known => ({
  ...{ owner: 'n1', modRevision, number: modRevision, operation: 'u', hlc: 1, isDirtyGiven: false, unknown: noUnknown },
});

async function drift(
  listed: readonly Entry[],
  here: Readonly<Record<string, number>>,
  pending: readonly string[] = [],
) {
  const records = new KnownRecords();
  for (const [instance, modRevision] of Object.entries(here)) records.set(path(instance), known(modRevision));
  const repaired: string[] = [];
  const listing: Listing = { revision: 10, clusterId: 'c', entries: listed };
  let raised = 0;
  const check = new DriftCheck({
    settings: { prefix },
    engine: {
      list: async () => listing,
      read: async (key: string) => ({ revision: 11, entry: listed.find((one) => one.key === key) }),
    } as never,
    replica: {
      records,
      known: (at: string) => records.get(at),
      hasApplied: async () => true,
      isBad: () => false,
      repair: (key: { instance: string }, found: Entry | undefined) => {
        repaired.push(`${key.instance} ${found === undefined ? 'leaves' : 'comes'}`);
      },
    } as unknown as ClusterReplica,
    pending: { has: (at) => pending.some((one) => path(one) === at) },
    isJoined: () => true,
    repaired: async () => raised++,
    log: () => {},
  });
  const count = await check.run();
  expect([count, check.drift]).toEqual([repaired.length, repaired.length]);
  expect(raised).toBe(repaired.length > 0 ? 1 : 0);
  return repaired;
}

test('a node that has what etcd has repairs nothing', async () => {
  expect(await drift([entry('a1', 5)], { a1: 5 })).toEqual([]);
});

test('a missed put and a missed delete are repaired', async () => {
  expect(await drift([entry('a1', 5), entry('a2', 6)], { a1: 4, a3: 7 })).toEqual([
    'a1 comes',
    'a2 comes',
    'a3 leaves',
  ]);
});

test('what has changed since the list, or waits for etcd, is left alone', async () => {
  expect(await drift([entry('a1', 5)], { a1: 12, a2: 11 })).toEqual([]);
  expect(await drift([entry('a1', 5)], { a3: 2 }, ['a1', 'a3'])).toEqual([]);
});
