// Where to listen: an address and a port, the same for UDP and TCP. A wildcard address is spread over the addresses
// that the host has, because a reply must leave from the address that was asked (RFC 2181 §4) and a datagram socket
// bound to a wildcard lets the kernel choose another; clients drop such replies. A transport that can choose from where to
// answer keeps the wildcard, and so has addresses that come later, too.

import { isIPv4, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Listen } from '../../model/listen.ts';

/** `listen` as it is, or once for every address of the host where it is a wildcard. */
export function spreadWildcard(listen: Listen): Listen[] {
  const isWanted = wildcardFamily(listen.host);
  if (isWanted === undefined) return [listen];
  const addresses = Object.values(networkInterfaces()).flatMap((bound) => bound ?? []);
  // A link-local address works only with its interface's scope.
  const hosts = addresses
    .filter(({ address }) => isWanted(address))
    .map(({ address, scopeid }) => (scopeid ? `${address}%${scopeid}` : address));
  return [...new Set(hosts)].filter((host) => !host.includes('%')).map((host) => ({ host, port: listen.port }));
}

/** `listen` as it is; `::`, which is both families, once for each that the host has. */
export function wildcardsOf(listen: Listen): Listen[] {
  if (listen.host !== '::') return [listen];
  const hosts = spreadWildcard(listen).map(({ host }) => (isIPv6(host) ? '::' : '0.0.0.0'));
  return [...new Set(hosts)].map((host) => ({ host, port: listen.port }));
}

/** `wanted` without the addresses at which a wildcard among them listens anyway. */
export function withoutCovered(wanted: readonly Listen[]): Listen[] {
  const isCovered = (one: Listen) =>
    wildcardFamily(one.host) === undefined &&
    wanted.some(({ host, port }) => port !== 0 && port === one.port && wildcardFamily(host)?.(one.host) === true);
  return wanted.filter((one) => !isCovered(one));
}

function wildcardFamily(host: string): ((address: string) => boolean) | undefined {
  if (host === '0.0.0.0') return isIPv4;
  return host === '::' ? (address) => isIPv4(address) || isIPv6(address) : undefined;
}
