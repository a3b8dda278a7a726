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
  /** The first place of a pair. */
  readonly #mask: number;

  /** `places` is taken up to a power of two, two at least. */
  constructor(places: number) {
    const size = 2 ** Math.max(1, Math.ceil(Math.log2(places)));
    this.#places = new Array<CachedAnswer | undefined>(size).fill(undefined);
    this.#mask = size - 2;
  }

  /** The answer to the question at `at`, `octets` long, whose hash is `hash`; it may be out of date. */
  find(bytes: Uint8Array, at: number, octets: number, hash: number): CachedAnswer | undefined {
    const place = hash & this.#mask;
    const newer = this.#places[place];
    if (newer !== undefined && isSame(newer.encoded.bytes, bytes, at, octets)) return newer;
    const older = this.#places[place + 1];
    return older !== undefined && isSame(older.encoded.bytes, bytes, at, octets) ? older : undefined;
  }

  /** Instead of an answer to the same question, or of the older one. */
  add(entry: CachedAnswer): void {
    const place = this.#placeOf(entry);
    const { bytes } = entry.encoded;
    const newer = this.#places[place];
    const isOther = newer !== undefined && !isSame(newer.encoded.bytes, bytes, headerOctets, questionOctetsOf(bytes));
    if (isOther) this.#places[place + 1] = newer;
    this.#places[place] = entry;
  }

  delete(entry: CachedAnswer): void {
    const place = this.#placeOf(entry);
    for (const either of [place, place + 1]) if (this.#places[either] === entry) this.#places[either] = undefined;
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
  return mixed(hash);
}

/** Names that differ in a digit differ in few bits: MurmurHash3's last step spreads them over all. */
function mixed(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const whole = Math.imul(half ^ (half >>> 13), 0xc2b2ae35);
  return whole ^ (whole >>> 16);
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
