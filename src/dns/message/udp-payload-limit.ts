// How long a reply may be that goes in one datagram.

import { plainUdpOctets, Rcode, udpOctetsMax } from './message.ts';
import { optOctets } from './opt.ts';

/** Rcodes that any octets can bring about, from any address: replies with them are hardly longer than the request. */
const refusals: ReadonlySet<number> = new Set([Rcode.FORMERR, Rcode.NOTIMP, Rcode.REFUSED, Rcode.NOTAUTH]);

/**
 * Octets of the whole, OPT included. `sizeOctets`: what the client can take, 0 without EDNS. RFC 6891 §6.2.3: less than
 * 512 counts as 512; more than 1232 is not sent in one datagram, nor more than `mostOctets`.
 */
export function udpLimitOf(sizeOctets: number, mostOctets = udpOctetsMax): number {
  return Math.min(mostOctets, Math.max(plainUdpOctets, sizeOctets));
}

/** The same for what goes into the OPT. The source address of a refused query may be forged: the reply must not amplify. */
export function udpPayloadLimitOf(
  sizeOctets: number,
  rcode: number,
  requestOctets: number,
  mostOctets = udpOctetsMax,
): number {
  const limit = udpLimitOf(sizeOctets, mostOctets);
  return refusals.has(rcode) ? Math.min(limit, requestOctets + optOctets) : limit;
}
