// What the doctor finds in what a node says of its cluster.

import { expect, test } from 'vitest';
import { clusterFindings } from '../../../src/cli/doctor/cluster-check.ts';

const node = (name: string, more: object = {}) => ({
  ...{ node: name, state: 'joined', version: '0.1.0', missed: false, clockSkewSeconds: 0 },
  ...more,
});
const etcd = {
  endpoint: 'http://10.0.0.1:2379',
  version: '3.4.23',
  databaseBytes: 1e6,
  databaseUsedBytes: 9e5,
  outOfSpace: false,
};
const whole = { node: 'n1', state: 'joined', why: '', nodes: [node('n1'), node('n2')], etcd };
const found = (document: object) =>
  clusterFindings({ ...whole, ...document }).map(({ level, what }) => `${level} ${what}`);

test.each([
  ['a whole one', {}, ['ok cluster node n1', 'ok etcd at http://10.0.0.1:2379']],
  ['one that is cut off', { state: 'cut', why: 'no session', etcd: null }, ['warn cluster node n1']],
  ['one that is rewound', { state: 'rewound', etcd: null }, ['fail cluster node n1']],
  [
    'a node that is missed',
    { etcd: null, nodes: [node('n1'), node('n2', { state: 'dead', missed: true })] },
    ['ok cluster node n1', 'warn cluster node n2'],
  ],
  [
    'a wrong clock',
    { etcd: null, nodes: [node('n2', { clockSkewSeconds: -40 })] },
    ['ok cluster node n1', 'warn cluster node n2'],
  ],
  [
    'two versions',
    { etcd: null, nodes: [node('n1'), node('n2', { version: '0.2.0' })] },
    ['ok cluster node n1', 'warn versions'],
  ],
  ['a full etcd', { etcd: { ...etcd, outOfSpace: true } }, ['ok cluster node n1', 'fail etcd at http://10.0.0.1:2379']],
  [
    'a release of etcd that damages',
    { etcd: { ...etcd, version: '3.5.1' } },
    ['ok cluster node n1', 'warn etcd at http://10.0.0.1:2379'],
  ],
  [
    'an etcd that is not compacted',
    { etcd: { ...etcd, databaseBytes: 1e9 } },
    ['ok cluster node n1', 'warn etcd at http://10.0.0.1:2379'],
  ],
])('of %s', (_, document, expected) => {
  expect(found(document)).toEqual(expected);
});
