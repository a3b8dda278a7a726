// Answers by the octets of their question, for the shortest way from a request to its reply: no name is made, no request
// decoded. A table with a row of four places for each hash, the newest answer in the first; the hashes are side by side
// in a table of their own, so that a question mostly touches one answer. What is found is compared octet by octet, letter
// case aside: hashes that are made to collide cost their maker's own queries the short way, and nothing else.
// Limits: `places` answers, none larger than a UDP reply.

import type { CachedAnswer } from './answer-cache.ts';
import { isSameQuestion } from './question.ts';

const rowPlaces = 4;

export class RecentAnswers {
  readonly #places: (CachedAnswer | undefined)[];
  /** Of the answer at each place. */
  readonly #hashes: Int32Array;
  /** Of a hash, it leaves the first place of its row. */
  readonly #mask: number;

  /** `places` is taken up to a power of two, one row at least. */
  constructor(places: number) {
    const size = 2 ** Math.max(2, Math.ceil(Math.log2(places)));
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
      const known = this.#places[free];
      if (known === undefined || (this.#hashes[free] === hash && isSameQuestion(known.octets, bytes, at, octets)))
        break;
    }
    for (let place = free; place > row; place--) {
      this.#places[place] = this.#places[place - 1];
      this.#hashes[place] = this.#hashes[place - 1] as number;
    }
    this.#places[row] = entry;
    this.#hashes[row] = hash;
  }

  delete(entry: CachedAnswer): void {
    const row = entry.hash & this.#mask;
    for (let place = row; place < row + rowPlaces; place++)
      if (this.#places[place] === entry) this.#places[place] = undefined;
  }
}
