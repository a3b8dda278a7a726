// The client of a request, and what it gets: a reply at once, none, or messages that come later.

import { parseIpv4, parseIpv6 } from '../../model/ip.ts';
import type { Transport } from '../message/message.ts';

/** Right during the call that it is given to: a transport may use one object for many clients. */
export interface Peer {
  readonly transport: Transport;
  /** IP address as text; a link-local one has its interface: `fe80::1%eth0`. */
  readonly address: string;
  /** The same in four or sixteen octets, where the transport has them. */
  readonly octets?: Uint8Array;
}

/**
 * Messages that are not at hand yet: a forwarded answer, an update, the messages of a transfer. Each is sent when it
 * comes; over UDP only the first is. A transport that gives up calls `return` of the iterator.
 */
export class LaterReply {
  readonly messages: AsyncIterable<Buffer>;

  constructor(messages: AsyncIterable<Buffer>) {
    this.messages = messages;
  }
}

/** Undefined: no reply. */
export type HandlerReply = Buffer | LaterReply | undefined;

/** The peer's address in four or sixteen octets; none for what is no IP address. */
export function octetsOf(peer: Peer): Uint8Array {
  // Taken apart in the head of the function, it would be asked for its address too, which makes a text of it.
  return peer.octets ?? addressOctets(peer.address);
}

/** An IPv4 address in an IPv6 one (RFC 4291 §2.5.5.2) counts as the former. */
export function addressOctets(address: string): Uint8Array {
  const octets = parseIpv4(address) ?? parseIpv6(address.replace(/%.*$/, '')) ?? new Uint8Array(0);
  const isMapped = octets.length === 16 && octets.subarray(0, 10).every((octet) => octet === 0);
  return isMapped && octets[10] === 0xff && octets[11] === 0xff ? octets.subarray(12) : octets;
}
