// Zones that no file gives: the origin where there is no file, and the reverse zones. Every zone needs an SOA and an NS
// (RFC 1034 §4.2.1), and the NS of the origin an address, or it could not be delegated to.

import { parseIpv4, parseIpv6 } from '../../model/ip.ts';
import { RRType } from '../message/message.ts';
import { childOf, fold, isWithin, type Name } from '../message/name.ts';
import { buildZone, type Zone, type ZoneRecord } from '../zone/zone.ts';

/** RFC 1912 §2.2 and RIPE-203 name such values; secondaries of a registry want to know soon. */
const soaSeconds = { ttl: 3600, refresh: 3600, retry: 600, expire: 86_400 } as const;

export interface ZoneMaking {
  readonly apex: Name;
  /** The name server, which is also the SOA's MNAME. */
  readonly ns: Name;
  /** The SOA's RNAME: a mailbox. */
  readonly mailbox: Name;
  readonly negativeTtlSeconds: number;
}

export function makeZone(
  { apex, ns, mailbox, negativeTtlSeconds }: ZoneMaking,
  more: readonly ZoneRecord[] = [],
): Zone {
  return makeZoneOf({ apex, ns: [ns], mailbox, negativeTtlSeconds }, more);
}

/** `ns`: at least one; the first is the SOA's MNAME. */
function makeZoneOf(
  { apex, ns, mailbox, negativeTtlSeconds }: Omit<ZoneMaking, 'ns'> & { readonly ns: readonly Name[] },
  more: readonly ZoneRecord[],
): Zone {
  const numbers = new DataView(new ArrayBuffer(20));
  const { ttl, refresh, retry, expire } = soaSeconds;
  for (const [index, value] of [1, refresh, retry, expire, negativeTtlSeconds].entries())
    numbers.setUint32(4 * index, value);
  return buildZone(apex, [
    { owner: apex, type: RRType.SOA, ttl, rdata: [ns[0] ?? apex, mailbox, new Uint8Array(numbers.buffer)] },
    ...ns.map((one) => ({ owner: apex, type: RRType.NS, ttl, rdata: [one] })),
    ...more,
  ]);
}

export interface NameServer {
  /** Undefined: `ns` below the origin. */
  readonly nameServer?: Name | undefined;
  /** IP addresses as text, of a name server within the origin. */
  readonly hosts: readonly string[];
}

/** An origin with an NS for each name of its servers, in the order of names; see `publishedHosts`. */
export function makeOriginZone(origin: Name, servers: readonly NameServer[], negativeTtlSeconds: number): Zone {
  const mailbox = childOf('hostmaster', origin) as Name;
  const byName = new Map<Name, { readonly ns: Name; readonly hosts: Set<string> }>();
  for (const { nameServer = childOf('ns', origin) as Name, hosts } of servers) {
    const known = byName.get(fold(nameServer)) ?? { ns: nameServer, hosts: new Set<string>() };
    byName.set(fold(nameServer), known);
    // The addresses of a name outside our zones are not ours to publish.
    if (isWithin(fold(nameServer), origin)) for (const host of hosts) known.hosts.add(host);
  }
  const sorted = [...byName].sort(([a], [b]) => (a < b ? -1 : 1));
  const addresses = sorted.flatMap(([owner, { hosts }]) => addressesOf(owner, hosts));
  return makeZoneOf({ apex: origin, ns: sorted.map(([, { ns }]) => ns), mailbox, negativeTtlSeconds }, addresses);
}

function addressesOf(owner: Name, hosts: Iterable<string>): ZoneRecord[] {
  return [...hosts].sort().flatMap((host): ZoneRecord[] => {
    const ipv4 = parseIpv4(host);
    const octets = ipv4 ?? parseIpv6(host);
    if (octets === undefined) return [];
    const type = ipv4 === undefined ? RRType.AAAA : RRType.A;
    return [{ owner, type, ttl: soaSeconds.ttl, rdata: [octets] }];
  });
}

/**
 * The addresses to publish for the name server, of those where we listen: not an unspecified one, which cannot be queried, and
 * loopback only where there is nothing else, so that this machine's own resolver finds us. Behind a real delegation with
 * neither there is none, and the setting has to name it.
 */
export function publishedHosts(listened: readonly string[]): readonly string[] {
  const specified = listened.filter((host) => !isUnspecified(host));
  if (specified.length < listened.length) return specified.filter((host) => !isLoopbackHost(host));
  const reachable = specified.filter((host) => !isLoopbackHost(host));
  return reachable.length > 0 ? reachable : specified;
}

export function isUnspecified(host: string): boolean {
  return (parseIpv4(host) ?? parseIpv6(host))?.every((octet) => octet === 0) === true;
}

function isLoopbackHost(host: string): boolean {
  const ipv4 = parseIpv4(host);
  if (ipv4 !== undefined) return ipv4[0] === 127;
  const ipv6 = parseIpv6(host);
  return ipv6?.every((octet, index) => octet === (index === 15 ? 1 : 0)) === true;
}
