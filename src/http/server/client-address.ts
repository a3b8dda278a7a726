// What counts as one client where clients are counted by address: an IPv4 address, and of IPv6 the first 64 bits, since
// one host has all the addresses of its /64 for the asking. `::ffff:10.0.0.7` is 10.0.0.7.

import type { FastifyRequest } from 'fastify';
import { ipv4ToText, ipv6ToText, parseIpv6 } from '../../model/ip.ts';

const prefixOctets = 8;
const mappedOctets = 12;

/** The client behind a socket's address. */
export function clientOf(address: string): string {
  if (!address.includes(':')) return address;
  const octets = parseIpv6(address.replace(/%.*$/, ''));
  if (octets === undefined) return address;
  const isMapped = octets[10] === 0xff && octets[11] === 0xff && octets.subarray(0, 10).every((octet) => octet === 0);
  if (isMapped) return ipv4ToText(octets.subarray(mappedOctets));
  return `${ipv6ToText(octets.fill(0, prefixOctets))}/64`;
}

/** The host that the client has asked for. */
export function askedHost(request: FastifyRequest): string | undefined {
  // Without a trusted proxy it is the Host header.
  return request.raw.headers.host === undefined ? undefined : request.host;
}
