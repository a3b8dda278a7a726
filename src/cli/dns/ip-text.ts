// An IPv6 address from its sixteen bytes, in the form of RFC 5952: the system's own formatter does the shortening.

import { SocketAddress } from 'node:net';

export function toIPv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}
