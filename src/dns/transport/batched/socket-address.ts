// Socket addresses: text, as people configure and read them -> the octets of sockaddr_in and sockaddr_in6, and back.
// A link-local IPv6 address works only with the interface that it is meant on: `fe80::1%eth0`, or by number, `%2`.

import { networkInterfaces } from 'node:os';
import { ipv4ToText, ipv6ToText, parseIpv4, parseIpv6 } from '../../../model/ip.ts';
import { AF_INET, AF_INET6, sockaddr, sockaddr6 } from './linux.ts';

/** Undefined for what is no IP address, or an interface that the machine does not have. `port`: 0..65535. */
export function socketAddress(host: string, port: number): Buffer | undefined {
  const ipv4 = parseIpv4(host);
  if (ipv4 !== undefined) {
    const octets = Buffer.alloc(sockaddr.octets);
    octets.writeUInt16LE(AF_INET);
    octets.writeUInt16BE(port, sockaddr.port);
    octets.set(ipv4, sockaddr.address);
    return octets;
  }
  const [text = '', scope] = host.split('%');
  const ipv6 = parseIpv6(text);
  const scopeId = scope === undefined ? 0 : scopeIdOf(scope);
  if (ipv6 === undefined || scopeId === undefined) return undefined;
  const octets = Buffer.alloc(sockaddr6.octets);
  octets.writeUInt16LE(AF_INET6);
  octets.writeUInt16BE(port, sockaddr6.port);
  octets.set(ipv6, sockaddr6.address);
  octets.writeUInt32LE(scopeId, sockaddr6.scope);
  return octets;
}

/** The address in a sockaddr that begins at `at`, as text; without the port. */
export function hostOf(bytes: Buffer, at: number): string {
  const family = bytes.readUInt16LE(at);
  if (family === AF_INET) return ipv4ToText(bytes.subarray(at + sockaddr.address, at + sockaddr.address + 4));
  const scopeId = bytes.readUInt32LE(at + sockaddr6.scope);
  const address = ipv6ToText(bytes.subarray(at + sockaddr6.address, at + sockaddr6.address + 16));
  return scopeId === 0 ? address : `${address}%${scopeId}`;
}

function scopeIdOf(scope: string): number | undefined {
  if (/^[0-9]+$/.test(scope)) return Number(scope);
  return networkInterfaces()[scope]?.find(({ scopeid }) => scopeid !== undefined && scopeid > 0)?.scopeid;
}
