// Errors of etcd's: only those on the short list are verdicts, everything else is "not available".

import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { callFault, outwardFault } from '../../../src/cluster/etcd/call-fault.ts';

test.each<[number, string, string]>([
  [status.RESOURCE_EXHAUSTED, 'etcdserver: mvcc: database space exceeded', 'no-space'],
  [status.RESOURCE_EXHAUSTED, 'etcdserver: too many requests', 'unavailable'],
  [status.UNAUTHENTICATED, 'etcdserver: invalid auth token', 'unauthenticated'],
  [status.INVALID_ARGUMENT, 'etcdserver: user name is empty', 'unauthenticated'],
  [status.INVALID_ARGUMENT, 'etcdserver: revision of auth store is old', 'unauthenticated'],
  [status.INVALID_ARGUMENT, 'etcdserver: authentication failed, invalid user ID or password', 'denied'],
  [status.PERMISSION_DENIED, 'etcdserver: permission denied', 'denied'],
  [status.OUT_OF_RANGE, 'etcdserver: mvcc: required revision has been compacted', 'compacted'],
  [status.INVALID_ARGUMENT, 'etcdserver: duplicate key given in txn request', 'refused'],
  [status.INVALID_ARGUMENT, 'etcdserver: too many operations in txn request', 'refused'],
  [status.NOT_FOUND, 'etcdserver: requested lease not found', 'refused'],
  [status.UNAVAILABLE, 'etcdserver: no leader', 'unavailable'],
  [status.UNAVAILABLE, 'etcdserver: leader changed', 'unavailable'],
  [status.DEADLINE_EXCEEDED, 'Deadline exceeded', 'unavailable'],
  [status.UNKNOWN, 'an unknown text', 'unavailable'],
  [status.INVALID_ARGUMENT, 'an unknown text', 'unavailable'],
])('%s %s: %s', (code, details, fault) => {
  expect(callFault({ code, details })).toMatchObject({ fault, detail: details });
});

test('what is not available may have taken effect', () => {
  expect(callFault({})).toMatchObject({ fault: 'unavailable', sent: true });
});

test('a login that did not help is a refusal', () => {
  expect(outwardFault({ fault: 'unauthenticated', detail: 'x' })).toEqual({ fault: 'denied', detail: 'x' });
});
