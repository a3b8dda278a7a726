// Zones that no file gives: the origin where nobody wrote one, and the reverse zones. Every zone needs an SOA and an NS
// (RFC 1034 §4.2.1), and the NS of the origin an address, or nobody could delegate to it.

import { parseIpv4, parseIpv6 } from '../../model/ip.ts';
import { RRType } from '../message/message.ts';
import { childOf, type Name } from '../message/name.ts';
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
  const numbers = new DataView(new ArrayBuffer(20));
  const { ttl, refresh, retry, expire } = soaSeconds;
  for (const [index, value] of [1, refresh, retry, expire, negativeTtlSeconds].entries())
    numbers.setUint32(4 * index, value);
  return buildZone(apex, [
    { owner: apex, type: RRType.SOA, ttl, rdata: [ns, mailbox, new Uint8Array(numbers.buffer)] },
    { owner: apex, type: RRType.NS, ttl, rdata: [ns] },
    ...more,
  ]);
}

/** An origin with the NS `ns` at the addresses where we listen; `hosts` are IP addresses as text. */
export function makeOriginZone(origin: Name, hosts: readonly string[], negativeTtlSeconds: number): Zone {
  const ns = childOf('ns', origin) as Name;
  const mailbox = childOf('hostmaster', origin) as Name;
  const addresses = [...new Set(hosts)].flatMap((host): ZoneRecord[] => {
    const ipv4 = parseIpv4(host);
    const octets = ipv4 ?? parseIpv6(host);
    if (octets === undefined) return [];
    const type = ipv4 === undefined ? RRType.AAAA : RRType.A;
    return [{ owner: ns, type, ttl: soaSeconds.ttl, rdata: [octets] }];
  });
  return makeZone({ apex: origin, ns, mailbox, negativeTtlSeconds }, addresses);
}
