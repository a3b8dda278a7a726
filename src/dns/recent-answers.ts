// Answers by the octets of their question, for the shortest way from a request to its reply: no name is made, no request
// decoded. A table with two places for each hash, the newest answer in the first: a question costs a look or two, and one
// that finds the answers of others goes the long way. What is found is compared octet by octet, letter case aside,
// so hashes that are made to collide cost their maker's own queries the short way, and nothing else.
// Limits: `places` answers, none larger than a UDP reply.

import type { CachedAnswer } from './answer-cache.ts';
import { headerOctets } from './message.ts';

/** FNV-1a's, of 32 bits. */
const hashStart = 0x811c9dc5;
const hashPrime = 0x01000193;
/** Type and class, behind the name. */
const fixedOctets = 4;

export class RecentAnswers {
  readonly #places: (CachedAnswer | undefined)[];
  readonly #mask: number;

  /** `places` is taken up to a power of two. */
  constructor(places: number) {
    const size = 2 ** Math.ceil(Math.log2(places));
    this.#places = new Array<CachedAnswer | undefined>(size).fill(undefined);
    this.#mask = size - 1;
  }

  /** The answer to the question at `at`, `octets` long, whose hash is `hash`; it may be out of date. */
  find(bytes: Uint8Array, at: number, octets: number, hash: number): CachedAnswer | undefined {
    const place = hash & this.#mask;
    const first = this.#places[place];
    if (first !== undefined && isSame(first.encoded.bytes, bytes, at, octets)) return first;
    const second = this.#places[place ^ 1];
    return second !== undefined && isSame(second.encoded.bytes, bytes, at, octets) ? second : undefined;
  }

  /** Instead of an answer to the same question, or of one that nobody added lately. */
  add(entry: CachedAnswer): void {
    const place = this.#placeOf(entry);
    const { bytes } = entry.encoded;
    const first = this.#places[place];
    const isReplaced = first !== undefined && isSame(first.encoded.bytes, bytes, headerOctets, questionOctetsOf(bytes));
    if (!isReplaced) this.#places[place ^ 1] = first;
    this.#places[place] = entry;
  }

  delete(entry: CachedAnswer): void {
    const place = this.#placeOf(entry);
    for (const either of [place, place ^ 1]) if (this.#places[either] === entry) this.#places[either] = undefined;
  }

  #placeOf({ encoded: { bytes } }: CachedAnswer): number {
    return questionHash(bytes, headerOctets, questionOctetsOf(bytes)) & this.#mask;
  }
}

function questionOctetsOf(message: Uint8Array): number {
  return questionOctets(message, headerOctets, message.length);
}

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
  return hash ^ (hash >>> 15);
}

/** Whether the question of the message `known` is the one at `at`, as names are compared (RFC 4343 §3). */
function isSame(known: Uint8Array, bytes: Uint8Array, at: number, octets: number): boolean {
  const shift = at - headerOctets;
  const end = headerOctets + octets;
  const nameEnd = end - fixedOctets;
  for (let next = headerOctets; next < end; next++) {
    const one = known[next] as number;
    const other = bytes[next + shift] as number;
    if (one !== other && (next >= nameEnd || !isCaseOf(one, other))) return false;
  }
  return true;
}

function isCaseOf(one: number, other: number): boolean {
  const lower = one | 0x20;
  return lower === (other | 0x20) && lower >= 0x61 && lower <= 0x7a;
}
