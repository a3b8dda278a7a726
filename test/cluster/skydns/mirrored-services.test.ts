// An instance as SkyDNS keeps it.

import { expect, test } from 'vitest';
import { isOwnValue, servicesOf } from '../../../src/cluster/skydns/mirrored-services.ts';
import type { Address } from '../../../src/model/address.ts';
import { parseAddress } from '../../../src/model/address.ts';

const names = { prefix: '/skydns', origin: 'svc.example.', cluster: 'main' };
const addrs = ['http://10.0.0.7:8080', 'grpc://[2001:db8::7]:9090'].map((text) => parseAddress(text) as Address);
const common = { env: 'prod', appid: 'com.acme.pay', label: 'pay-1', addrs, weight: 10, priority: 0, dnsTtl: 5 };

test('a key for each address, the labels from the root down', () => {
  expect([...servicesOf({ ...common, status: 'up' }, names)]).toEqual([
    [
      '/skydns/example/svc/prod/pay/acme/com/pay-1/a0',
      '{"host":"10.0.0.7","port":8080,"priority":10,"weight":10,"ttl":5,"rollcall":"main"}',
    ],
    [
      '/skydns/example/svc/prod/pay/acme/com/pay-1/a1',
      '{"host":"2001:db8::7","port":9090,"priority":10,"weight":10,"ttl":5,"rollcall":"main"}',
    ],
  ]);
});

test('what takes no traffic has none', () => {
  expect(servicesOf({ ...common, status: 'waiting' }, names).size).toBe(0);
});

test('what CoreDNS would take for missing is never written', () => {
  const [text = ''] = servicesOf({ ...common, status: 'up', weight: 0, dnsTtl: 0 }, names).values();
  expect(JSON.parse(text)).toMatchObject({ priority: 10, weight: 1, ttl: 1 });
});

test.each([
  ['{"host":"10.0.0.1","rollcall":"main"}', true],
  ['{"host":"10.0.0.1","rollcall":"other"}', false],
  ['{"host":"10.0.0.1"}', false],
  ['not JSON', false],
  ['null', false],
])('%s is ours: %s', (text, isOurs) => {
  expect(isOwnValue(new TextEncoder().encode(text), 'main')).toBe(isOurs);
});
