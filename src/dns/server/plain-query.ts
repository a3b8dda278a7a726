// The shape of nearly all datagrams: a query with one question, and no record but an OPT without options. What is answered
// or limited without decoding is of this shape; everything else is left to the handler.

import { headerOctets, RRType } from '../message/message.ts';
import { optOctets } from '../message/opt.ts';
import { questionOctets } from './question.ts';

/** Octets of the question of a plain query from `at` up to `end`; 0: it is none. */
export function plainQuestionOctets(request: Buffer, at: number, end: number): number {
  // No QR, opcode 0; no records but perhaps one in ADDITIONAL.
  if (end - at < headerOctets || ((request[at + 2] as number) & 0xf8) !== 0) return 0;
  if (request[at + 5] !== 1 || ((request[at + 4] as number) | (request[at + 10] as number)) !== 0) return 0;
  for (let octet = at + 6; octet < at + 10; octet++) if (request[octet] !== 0) return 0;
  const octets = questionOctets(request, at + headerOctets, end);
  if (octets === 0 || !hasOpt(request, at)) return octets;
  return request[at + 11] === 1 && isPlainOpt(request, at + headerOctets + octets, end) ? octets : 0;
}

/** Whether a plain query has an OPT. */
export function hasOpt(request: Buffer, at: number): boolean {
  return request[at + 11] !== 0;
}

/** An OPT of version 0 without options (RFC 6891 §6.1.2): root, type, size, extended rcode, version, flags, length 0. */
function isPlainOpt(request: Buffer, at: number, end: number): boolean {
  if (at + optOctets > end) return false;
  const isOpt = request[at] === 0 && request[at + 1] === 0 && request[at + 2] === RRType.OPT;
  return isOpt && request[at + 6] === 0 && request[at + 9] === 0 && request[at + 10] === 0;
}
