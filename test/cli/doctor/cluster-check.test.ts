// What the doctor says of a cluster.

import { expect, test } from 'vitest';
import { nodeFindings, registryFindings } from '../../../src/cli/doctor/cluster-check.ts';

const n2 = { node: 'n2', state: 'joined', heardSecondsAgo: 0.4, missed: false, version: '1.0.0' };
const joined = {
  ...{ node: 'n1', state: 'joined', why: '', counts: { badRecords: 0 } },
  nodes: [{ node: 'n1', state: 'joined', heardSecondsAgo: null, version: '1.0.0' }, n2],
};

const levels = (document: object): string[] => nodeFindings({ ...document }).map(({ level }) => level);

test('a node that is joined and hears the others is well', () => {
  expect(levels(joined)).toEqual(['ok']);
});

test('a document of something else says nothing', () => {
  expect(nodeFindings({ apps: [] })).toEqual([]);
});

test.each([
  ['is cut', { state: 'cut', why: 'etcd has no leader' }, ['fail'], 'etcd has no leader'],
  ['does not hear another', { nodes: [{ ...n2, heardSecondsAgo: 14 }] }, ['ok', 'warn'], 'n2'],
  ['misses another', { nodes: [{ ...n2, state: 'dead', missed: true }] }, ['ok', 'warn'], 'n2'],
  ['sees two versions', { nodes: [n2, { ...n2, node: 'n3', version: '1.1.0' }] }, ['ok', 'warn'], '1.1.0'],
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
