// All instances, read once and checked while they are read, in pages of octets for another thread. Every row has a CRC;
// the totals, which change with every commit, have the number of instances and the sum of their CRCs. So a row in which a
// bit is flipped is found out before it is handed over, and one that is lost, stale or twice there at the end at the
// latest: a caller that has taken pages must not use them before `next` has returned that they were all.
// A row is its columns as the CRC is made of them, with a zero octet between two and its CRC in front; a line feed ends
// it. SQLite puts them together: of a million rows, each column as a text of JavaScript's own would cost seconds.

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';

/** A row, and the next one. */
const lineFeed = 10;

const columns = ['env', 'appid', 'instance', 'label', 'registration', 'times'];
/** In SQLite's order of types texts are between numbers and octets. What is no text any more is damaged. */
const areTexts = columns.map((column) => `${column} >= '' AND ${column} < x''`).join(' AND ');
const row = `crc || char(0) || ${[...columns, 'revision'].join(' || char(0) || ')}`;

/** A page of rows as octets; `end`: all were as they were written. */
export type CheckedPage = Uint8Array | 'end' | { readonly damage: string };

/** What all rows come to. */
interface Expected {
  readonly instances: number;
  /** Of their CRCs, modulo 2^32. */
  readonly crcSum: number;
}

export class CheckedReading {
  readonly #page: StatementSync;
  readonly #expected: Expected;
  #lastId = Number.MIN_SAFE_INTEGER;
  #count = 0;
  #crcSum = 0;

  constructor(database: DatabaseSync, expected: Expected) {
    this.#expected = expected;
    this.#page = database.prepare(`SELECT max(id) AS last, CAST(group_concat(line, '') AS BLOB) AS octets FROM
      (SELECT id, ${row} || char(${lineFeed}) AS line FROM instances NOT INDEXED WHERE id > ? AND ${areTexts} ORDER BY id LIMIT ?)`);
  }

  /** The instances after those that were read, at most `limit`, in the order of registration. Throws as SQLite does. */
  next(limit: number): CheckedPage {
    const page = this.#page.get(this.#lastId, limit) as { last: number | null; octets: Uint8Array | null };
    if (page.last === null || page.octets === null) return this.#end();
    // A damaged index of pages could lead in a circle.
    if (page.last <= this.#lastId) return { damage: 'its instances are out of order' };
    this.#lastId = page.last;
    return this.#check(Buffer.from(page.octets.buffer, page.octets.byteOffset, page.octets.length));
  }

  #check(octets: Buffer): CheckedPage {
    for (let at = 0; at < octets.length; ) {
      let end = octets.indexOf(lineFeed, at);
      if (end < 0) end = octets.length;
      const from = octets.indexOf(0, at) + 1;
      const crc = Number(octets.toString('latin1', at, from - 1));
      this.#count++;
      if (from === 0 || from > end || crc !== crc32(octets.subarray(from, end)))
        return { damage: `the row of an instance is damaged (it is the ${this.#count}th)` };
      this.#crcSum = (this.#crcSum + crc) >>> 0;
      at = end + 1;
    }
    return octets;
  }

  #end(): CheckedPage {
    const { instances, crcSum } = this.#expected;
    if (this.#count !== instances)
      return { damage: `it has ${this.#count} instances where it should have ${instances}` };
    return this.#crcSum === crcSum ? 'end' : { damage: 'its instances are not the ones that were written last' };
  }
}
