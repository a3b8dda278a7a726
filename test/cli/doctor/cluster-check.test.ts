// The doctor's findings about a cluster.

import { expect, test } from 'vitest';
import { etcdFindings, nodeFindings, registryFindings } from '../../../src/cli/doctor/cluster-check.ts';

const n2 = { node: 'n2', state: 'joined', heardSecondsAgo: 0.4, missed: false, version: '1.0.0' };
const joined = {
  ...{ node: 'n1', state: 'joined', why: '', counts: { badRecords: 0 } },
  nodes: [{ node: 'n1', state: 'joined', heardSecondsAgo: null, version: '1.0.0' }, n2],
};

const levels = (document: object): string[] => nodeFindings({ ...document }).map(({ level }) => level);

test('a node that is joined and hears the others is well', () => {
  expect(levels(joined)).toEqual(['ok']);
});

test('a document of another program gives no finding', () => {
  expect(nodeFindings({ apps: [] })).toEqual([]);
});

test.each([
  ['is cut', { state: 'cut', why: 'etcd has no leader' }, ['fail'], 'etcd has no leader'],
  ['does not hear another', { nodes: [{ ...n2, heardSecondsAgo: 14 }] }, ['ok', 'warn'], 'n2'],
  ['misses another', { nodes: [{ ...n2, state: 'dead', missed: true }] }, ['ok', 'warn'], 'n2'],
  ['sees two versions', { nodes: [n2, { ...n2, node: 'n3', version: '1.1.0' }] }, ['ok', 'warn'], '1.1.0'],
  ['hears of one that is cut off', { nodes: [{ ...n2, state: 'cut' }] }, ['ok', 'warn'], 'n2'],
  ['sees a wrong clock', { nodes: [{ ...n2, clockSkewSeconds: -40 }] }, ['ok', 'warn'], 'n2'],
  ['cannot read a key', { counts: { badRecords: 2 } }, ['ok', 'warn'], '2'],
])('a node that %s', (_what, fields, expected, named) => {
  const document = { ...joined, ...fields };
  expect(levels(document)).toEqual(expected);
  expect(nodeFindings(document).at(-1)?.why).toContain(named);
});

test('several registries are a fault, several nodes of one are none', () => {
  const [a, b] = [
    { url: 'http://a', registry: 'one' },
    { url: 'http://b', registry: 'two' },
  ];
  expect(registryFindings([a, { ...b, registry: 'one' }])).toEqual([]);
  expect(registryFindings([a])).toEqual([]);
  expect(registryFindings([a, b])).toMatchObject([
    { level: 'fail', why: expect.stringMatching(/http:\/\/a.*http:\/\/b/) },
  ]);
});

const etcd = {
  ...{ endpoint: 'http://10.0.0.1:2379', version: '3.4.23', outOfSpace: false },
  ...{ databaseBytes: 1e6, databaseUsedBytes: 9e5 },
};

test.each([
  ['is well', {}, 'ok'],
  ['is full', { outOfSpace: true }, 'fail'],
  ['is of a release that damages its data', { version: '3.5.1' }, 'warn'],
  ['is not compacted', { databaseBytes: 1e9 }, 'warn'],
])('an etcd that %s', (_what, fields, level) => {
  expect(etcdFindings({ etcd: { ...etcd, ...fields } })).toMatchObject([{ level, what: `etcd at ${etcd.endpoint}` }]);
});

test('a node that has not asked etcd gives no finding about it', () => {
  expect(etcdFindings({ etcd: null })).toEqual([]);
});
