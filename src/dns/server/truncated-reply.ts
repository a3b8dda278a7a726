// A reply from the cache that turned out to be over the rate of its client: cut in place to the header and the question
// with TC, and an OPT where the request had one. It is as long as the request, or shorter.

import { headerOctets, udpOctetsMax } from '../message/message.ts';
import { optOctets } from '../message/opt.ts';

/**
 * `reply` has the whole reply from `replyAt` on, to the request from `at` up to `end`, which has an OPT without options or
 * none: see fast-path.ts. Returns the octets that are left.
 */
export function truncateInPlace(request: Buffer, at: number, end: number, reply: Buffer, replyAt: number): number {
  const hasOpt = request[at + 11] !== 0;
  const questionEnd = endOfQuestion(request, at);
  reply[replyAt + 2] = (reply[replyAt + 2] as number) | 0x02;
  // ANCOUNT, NSCOUNT, ARCOUNT.
  reply.fill(0, replyAt + 6, replyAt + headerOctets);
  const octets = questionEnd - at;
  if (!hasOpt || end - questionEnd < optOctets) return octets;
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

function endOfQuestion(request: Buffer, at: number): number {
  let next = at + headerOctets;
  while (request[next] !== 0) next += 1 + (request[next] as number);
  return next + 5;
}
