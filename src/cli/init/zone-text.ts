// The text of a new zone file for the origin: its SOA, its NS and the address at which resolvers reach it.

import { networkInterfaces } from 'node:os';
import type { Listen } from '../../model/listen.ts';

export function zoneText(dns: readonly Listen[]): string {
  const host = addressFor(dns);
  const type = host.includes(':') ? 'AAAA' : 'A';
  return `; The zone of the registered names: SOA and NS, and records of your own beside those of the registry, such as
; www IN CNAME shop.prod. At a name that both have, this file wins. It is read again when it is changed.
; Its serial is not served: this zone has the revision of the registry.
$TTL 3600
@   IN SOA ns hostmaster ( 1 3600 600 86400 5 ) ; the last: how long "no such name" may be kept, in seconds
@   IN NS  ns
ns  IN ${type} ${host}
`;
}

/** Where DNS listens; for all addresses, the first of this machine that others can reach. */
function addressFor(dns: readonly Listen[]): string {
  const own = dns.find(({ host }) => host !== '0.0.0.0' && host !== '::')?.host;
  if (own !== undefined) return own;
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? '127.0.0.1';
}
