// Socket addresses, octet by octet as the kernel has them.

import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { hostOf, socketAddress } from '../../../../src/dns/transport/batched/socket-address.ts';
import { hexOf } from '../../../kit/dns/fake-kernel.ts';

test.each([
  ['127.0.0.1', 53, '0200 0035 7f000001 0000000000000000'],
  ['0.0.0.0', 0, '0200 0000 00000000 0000000000000000'],
  ['::1', 8053, '0a00 1f75 00000000 00000000000000000000000000000001 00000000'],
  ['2001:db8::7', 65_535, '0a00 ffff 00000000 20010db8000000000000000000000007 00000000'],
  ['fe80::1%3', 53, '0a00 0035 00000000 fe800000000000000000000000000001 03000000'],
])('%s port %i, there and back', (host, port, octets) => {
  const address = socketAddress(host, port) as Buffer;
  expect(hexOf(address)).toBe(octets.replaceAll(' ', ''));
  expect(hostOf(Buffer.concat([Buffer.alloc(4), address]), 4)).toBe(host);
});

test('an interface is found by its name', () => {
  for (const [name, bound] of Object.entries(networkInterfaces())) {
    for (const { address, scopeid } of bound ?? []) {
      if (scopeid === undefined || scopeid === 0) continue;
      expect(socketAddress(`${address}%${name}`, 1)?.readUInt32LE(24)).toBe(scopeid);
    }
  }
});

test.each(['', 'localhost', '127.1', '1.2.3.4.5', ':::', 'fe80::1%no-such-interface', '127.0.0.1%lo'])(
  '%j is none',
  (host) => {
    expect(socketAddress(host, 53)).toBeUndefined();
  },
);
