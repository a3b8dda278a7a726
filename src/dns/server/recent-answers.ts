// Answers by the octets of their question, for the shortest way from a request to its reply: no name is made, no request
// decoded. A table with a row of four places for each hash, the newest answer in the first; the hashes are side by side
// in a table of their own, so that a question mostly touches one answer. What is found is compared octet by octet, letter
// case aside: hashes that are made to collide cost their maker's own queries the short way, and nothing else.
// It grows where a row is full, so a server with few names has a small one.
// Limits: `placesMax` answers, none larger than a UDP reply.

import type { CachedAnswer } from './answer-cache.ts';
import { isSameQuestion } from './question.ts';

const rowPlaces = 4;
const placesFirst = 4096;
/** So many times as large, that the last step lays out a quarter of what there may be: some milliseconds. */
const growth = 4;

export class RecentAnswers {
  #places: (CachedAnswer | undefined)[];
  /** Of the answer at each place. */
  #hashes: Int32Array;
  /** Of a hash, it leaves the first place of its row. */
  #mask: number;
  readonly #sizeMax: number;

  /** `placesMax` is taken up to a power of two, one row at least. */
  constructor(placesMax: number) {
    this.#sizeMax = 2 ** Math.max(2, Math.ceil(Math.log2(placesMax)));
    const size = Math.min(this.#sizeMax, placesFirst);
    this.#places = new Array<CachedAnswer | undefined>(size).fill(undefined);
    this.#hashes = new Int32Array(size);
    this.#mask = size - rowPlaces;
  }

  /** The answer to the question at `at`, `octets` long, whose hash is `hash`; it may be out of date. */
  find(bytes: Uint8Array, at: number, octets: number, hash: number): CachedAnswer | undefined {
    const row = hash & this.#mask;
    for (let place = row; place < row + rowPlaces; place++) {
      if (this.#hashes[place] !== hash) continue;
      const entry = this.#places[place];
      if (entry !== undefined && isSameQuestion(entry.octets, bytes, at, octets)) return entry;
    }
    return undefined;
  }

  /** An answer to that question; instead of an earlier one to it, or of the oldest of its row. */
  add(entry: CachedAnswer, bytes: Uint8Array, at: number, octets: number): void {
    const { hash } = entry;
    const row = hash & this.#mask;
    if (this.#places[row] === entry) return;
    // The place that becomes free: of an earlier answer to the question, of none, or of the oldest.
    let free = row;
    for (; free < row + rowPlaces - 1; free++) {
      if (this.#places[free] === undefined || this.#isOf(free, entry, bytes, at, octets)) break;
    }
    const isFull = this.#places[free] !== undefined && !this.#isOf(free, entry, bytes, at, octets);
    if (isFull && this.#places.length < this.#sizeMax) {
      this.#grow();
      this.add(entry, bytes, at, octets);
      return;
    }
    for (let place = free; place > row; place--) {
      this.#places[place] = this.#places[place - 1];
      this.#hashes[place] = this.#hashes[place - 1] as number;
    }
    this.#places[row] = entry;
    this.#hashes[row] = hash;
  }

  #isOf(place: number, { hash }: CachedAnswer, bytes: Uint8Array, at: number, octets: number): boolean {
    const known = this.#places[place];
    return known !== undefined && this.#hashes[place] === hash && isSameQuestion(known.octets, bytes, at, octets);
  }

  #grow(): void {
    const [places, hashes] = [this.#places, this.#hashes];
    const size = Math.min(this.#sizeMax, growth * places.length);
    this.#places = new Array<CachedAnswer | undefined>(size).fill(undefined);
    this.#hashes = new Int32Array(size);
    this.#mask = size - rowPlaces;
    for (let place = 0; place < places.length; place++) {
      const entry = places[place];
      if (entry === undefined) continue;
      // The newest of a row is met first, so each has its place after those before it; no row becomes fuller.
      let to = (hashes[place] as number) & this.#mask;
      while (this.#places[to] !== undefined) to++;
      this.#places[to] = entry;
      this.#hashes[to] = hashes[place] as number;
    }
  }

  delete(entry: CachedAnswer): void {
    const row = entry.hash & this.#mask;
    for (let place = row; place < row + rowPlaces; place++)
      if (this.#places[place] === entry) this.#places[place] = undefined;
  }
}
