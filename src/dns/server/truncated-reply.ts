// A reply to a client over its rate: the header and the question with TC, and an OPT where the request had one. It is as
// long as the request, or shorter, and made of nothing but the request and what its answer's header says.

import { headerOctets, udpOctetsMax } from '../message/message.ts';
import { optOctets } from '../message/opt.ts';
import { hasOpt } from './plain-query.ts';

/** QR, TC. */
const truncatedResponse = 0x82;
const recursionDesired = 0x01;

/**
 * To the plain query from `at` on, whose question has so many octets, written to `replyAt` in `reply`. Returns the reply's
 * octets.
 */
export function writeTruncated(
  request: Buffer,
  at: number,
  questionOctets: number,
  reply: Buffer,
  replyAt: number,
  { authoritativeBit, rcode }: { readonly authoritativeBit: number; readonly rcode: number },
): number {
  const octets = headerOctets + questionOctets;
  const questionEnd = at + octets;
  request.copy(reply, replyAt, at, questionEnd);
  reply[replyAt + 2] = truncatedResponse | authoritativeBit | ((request[at + 2] as number) & recursionDesired);
  reply[replyAt + 3] = rcode;
  // ARCOUNT; the request had nothing in ANCOUNT and NSCOUNT.
  reply[replyAt + 11] = 0;
  if (!hasOpt(request, at)) return octets;
  const optAt = replyAt + octets;
  request.copy(reply, optAt, questionEnd, questionEnd + optOctets);
  reply.writeUInt16BE(udpOctetsMax, optAt + 3);
  // No extended rcode, version 0, of the flags DO alone (RFC 3225 §3).
  reply.writeUInt16BE(0, optAt + 5);
  reply[optAt + 7] = (request[questionEnd + 7] as number) & 0x80;
  reply[optAt + 8] = 0;
  reply[replyAt + 11] = 1;
  return octets + optOctets;
}
