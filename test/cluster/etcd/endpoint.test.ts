// Members as they are written in the configuration.

import { expect, test } from 'vitest';
import { parseEndpoint } from '../../../src/cluster/etcd/endpoint.ts';

test.each([
  [
    'https://10.0.0.1:2379',
    { url: 'https://10.0.0.1:2379', isTls: true, target: 'dns:///10.0.0.1:2379', address: '10.0.0.1' },
  ],
  [
    'http://etcd.example',
    { url: 'http://etcd.example:2379', isTls: false, target: 'dns:///etcd.example:2379', address: undefined },
  ],
  ['https://etcd.example:443/', { url: 'https://etcd.example:443', target: 'dns:///etcd.example:443' }],
  ['http://etcd.example:80', { url: 'http://etcd.example:80' }],
  ['https://[2001:db8::7]:2379', { url: 'https://[2001:db8::7]:2379', address: '2001:db8::7' }],
])('%s', (text, endpoint) => {
  expect(parseEndpoint(text, 'etcd.endpoints[0]')).toMatchObject(endpoint);
});

test.each([
  '',
  '10.0.0.1:2379',
  'ftp://10.0.0.1',
  'http://',
  'http://h:99999',
  'http://h/v3',
  'http://h?x',
  'http://u:p@h',
])('%s is refused with the field', (text) => {
  expect(parseEndpoint(text, 'etcd.endpoints[0]')).toMatchObject({ field: 'etcd.endpoints[0]' });
});

test('a password in it is not shown', () => {
  expect(JSON.stringify(parseEndpoint('http://u:hunter2@h', 'x'))).not.toContain('hunter2');
});
