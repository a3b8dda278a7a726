// The question of a request as the tables of answers know it: octets in place and their hash. No name is made and nothing
// is copied. Names are compared without letter case (RFC 4343 §3); the hash leaves it out.

import { hashPrime, hashStart, mixed } from '../../runtime/text-hash.ts';
import { headerOctets } from '../message/message.ts';

/** An uncompressed question at `at` in `bytes`. */
export interface PlacedQuestion {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly octets: number;
  readonly hash: number;
}

/** Type and class, after the name. */
const fixedOctets = 4;

/** Octets of an uncompressed question that begins at `at`; 0 where it does not end before `end`. */
export function questionOctets(bytes: Uint8Array, at: number, end: number): number {
  let next = at;
  while (next < end) {
    const length = bytes[next] as number;
    next += 1 + length;
    if (length === 0) return next + fixedOctets <= end ? next + fixedOctets - at : 0;
  }
  return 0;
}

/** The same for questions that differ in letter case alone. */
export function questionHash(bytes: Uint8Array, at: number, octets: number): number {
  let hash = hashStart;
  const end = at + octets;
  const nameEnd = end - fixedOctets;
  // The bit that upper and lower case differ in is left out of all octets, letters or not: cheaper than asking which.
  for (let next = at; next < nameEnd; next++) hash = Math.imul(hash ^ ((bytes[next] as number) | 0x20), hashPrime);
  for (let next = nameEnd; next < end; next++) hash = Math.imul(hash ^ (bytes[next] as number), hashPrime);
  // With a sign, as in the tables.
  return mixed(hash) | 0;
}

/** Whether a message, one character an octet, answers the question at `at`. */
export function isSameQuestion(known: string, bytes: Uint8Array, at: number, octets: number): boolean {
  const shift = at - headerOctets;
  const end = headerOctets + octets;
  const nameEnd = end - fixedOctets;
  for (let next = headerOctets; next < end; next++) {
    const one = known.charCodeAt(next);
    const other = bytes[next + shift] as number;
    if (one !== other && (next >= nameEnd || !isCaseOf(one, other))) return false;
  }
  return true;
}

function isCaseOf(one: number, other: number): boolean {
  const lower = one | 0x20;
  return lower === (other | 0x20) && lower >= 0x61 && lower <= 0x7a;
}
