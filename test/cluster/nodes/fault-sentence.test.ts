// What an operator reads of a fault of etcd's has the cause, and the setting or the command that mends it.

import { expect, test } from 'vitest';
import { faultSentence } from '../../../src/cluster/nodes/fault-sentence.ts';

test.each([
  [{ fault: 'no-space', detail: 'etcdserver: mvcc: database space exceeded' }, 'etcdctl alarm disarm'],
  [{ fault: 'denied', detail: 'invalid user ID or password' }, 'clusterEtcdPasswordFile'],
  [
    { fault: 'unavailable', detail: 'https://10.0.0.1:2379: self-signed certificate in chain', sent: false },
    'clusterEtcdCa',
  ],
] as const)('%j names %s', (fault, remedy) => {
  expect(faultSentence(fault)).toContain(remedy);
});

test('the text of a network error is left as it is', () => {
  const detail = 'http://127.0.0.1:1: connect ECONNREFUSED';
  expect(faultSentence({ fault: 'unavailable', detail, sent: false })).toBe(detail);
});
