// The client of a request.

import { expect, test } from 'vitest';
import { addressOctets, octetsOf } from '../../../src/dns/server/peer.ts';

test('an address that the transport has in octets is never made a text for them', () => {
  const octets = new Uint8Array([10, 0, 0, 1]);
  const peer = {
    transport: 'udp',
    octets,
    get address(): string {
      throw new Error('asked for');
    },
  } as const;
  expect(octetsOf(peer)).toBe(octets);
});

test('an IPv4 address in an IPv6 one is the former', () => {
  expect([...addressOctets('::ffff:10.1.2.3')]).toEqual([10, 1, 2, 3]);
  expect(addressOctets('fe80::1%eth0')).toHaveLength(16);
});
