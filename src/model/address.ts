// One address of an instance, written `name://host:port`. The scheme is the port name, not a protocol to fetch by: `http://10.0.0.7:8080`, `grpc://[2001:db8::7]:9090`, `dns+udp://10.0.0.7:53`. It becomes the SRV
// label `_name._protocol`, so it is held to what a label may be.

import { type IpFamily, ipv6ToText, parseIpv4, parseIpv6, unusableReason } from './ip.ts';
import { labelFault, nameOctetsMax } from './names.ts';
import { foldAscii } from './text.ts';

export type Protocol = 'tcp' | 'udp';

export interface Address {
  /** In lower case: `http`. */
  readonly portName: string;
  readonly protocol: Protocol;
  /** Canonical: dotted IPv4, RFC 5952 IPv6 without brackets, or a lower-case host name without the final dot. */
  readonly host: string;
  readonly family: IpFamily | 'name';
  /** 1..65535 */
  readonly port: number;
}

export interface AddressFault {
  readonly fault: string;
  /** The part that is wrong; without it the whole text is. */
  readonly value?: string;
}

/** `_` in front makes the label of RFC 2782, hence 62. */
const portNameOctetsMax = 62;

/** Reads one `name://host:port`, or returns the fault in one phrase. */
export function parseAddress(text: string): Address | AddressFault {
  if (text.length > 512) return { fault: 'is longer than any address' };
  const scheme = /^([^:/]*):\/\//.exec(text);
  if (scheme === null) return { fault: 'must have the form name://host:port' };
  const [portName, suffix, ...rest] = foldAscii(scheme[1] as string).split('+') as [string, ...string[]];
  if (!/^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(portName) || portName.length > portNameOctetsMax) {
    return {
      fault: `has the port name "${portName}": it must be 1-${portNameOctetsMax} letters, digits and inner hyphens, beginning with a letter`,
    };
  }
  if (rest.length > 0 || (suffix !== undefined && suffix !== 'udp' && suffix !== 'tcp')) {
    return { fault: 'has an unknown protocol: only +tcp and +udp are known' };
  }
  const authority = /^(\[[^\]]*\]|[^:/?#@[\]]*):([^:/?#]*)\/?$/.exec(text.slice(scheme[0].length));
  if (authority === null)
    return { fault: 'must have the form name://host:port, with IPv6 in brackets and nothing after the port' };
  const port = parsePort(authority[2] as string);
  if (port === undefined)
    return { fault: 'port must be 1-65535', ...(authority[2] === '' ? {} : { value: authority[2] as string }) };
  const host = parseHost(authority[1] as string);
  if ('fault' in host) return host;
  const protocol = suffix === 'udp' ? 'udp' : 'tcp';
  return { portName, protocol, host: host.host, family: host.family, port };
}

function parsePort(text: string): number | undefined {
  if (!/^[1-9][0-9]{0,4}$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 65_535 ? port : undefined;
}

type Host = Pick<Address, 'host' | 'family'>;

function parseHost(text: string): Host | AddressFault {
  if (text.startsWith('[')) return hostOfIpv6(text.slice(1, -1));
  const ipv4 = parseIpv4(text);
  if (ipv4 !== undefined) return usable(4, ipv4, text);
  if (text === '') return { fault: 'has no host' };
  const host = foldAscii(text.endsWith('.') ? text.slice(0, -1) : text);
  const labels = host.split('.');
  // What ends in a number is an IPv4 address to every resolver library, and this one was not legal.
  if (/^(0x[0-9a-f]*|[0-9]+)$/.test(labels.at(-1) as string)) {
    return { fault: `has the host ${host}: neither an IPv4 address of four decimal octets nor a host name` };
  }
  if (host.length + 2 > nameOctetsMax) return { fault: `has a host name over ${nameOctetsMax - 2} characters` };
  for (const label of labels) {
    const fault = labelFault(label);
    if (fault !== undefined) return { fault: `has the host ${host}, which ${fault}` };
  }
  return { host, family: 'name' };
}

function hostOfIpv6(text: string): Host | AddressFault {
  if (text.includes('%')) return { fault: 'has an IPv6 zone identifier, which means nothing to other hosts' };
  const octets = parseIpv6(text);
  if (octets === undefined) return { fault: `has the host [${text}], which is not an IPv6 address` };
  return usable(6, octets, ipv6ToText(octets));
}

function usable(family: IpFamily, octets: Uint8Array, host: string): Host | AddressFault {
  const reason = unusableReason(family, octets);
  return reason === undefined ? { host, family } : { fault: `has the host ${host}, which ${reason}` };
}

/**
 * The address in octets, for A and AAAA, made anew: an array of octets kept with each address would be most of what an
 * instance costs in memory. Precondition: it is no host name.
 */
export function octetsOf({ family, host }: Address): Uint8Array {
  return (family === 4 ? parseIpv4(host) : parseIpv6(host)) as Uint8Array;
}

/** Canonical text: what `parseAddress` reads back to the same address. */
export function addressToText(address: Address): string {
  const host = address.family === 6 ? `[${address.host}]` : address.host;
  return `${address.portName}${address.protocol === 'udp' ? '+udp' : ''}://${host}:${address.port}`;
}
