// Rows found by a hash of what stands in them: an open-addressed table of row numbers, six octets a row, outside the
// JavaScript heap (see number-rows.ts). In parts, so that one of many grows at a time and no query waits for it.
// The hash of a row is asked for again when its part grows, and when a row beside it leaves.

const parts = 1024;
const placesLeast = 16;
/** Eighths of a part's places: with fewer open ones, looking takes detours. */
const takenEighthsMax = 6;
/** Rows are kept with one added. */
const open = 0;

interface Part {
  readonly rows: Uint32Array;
  size: number;
}

export class RowIndex {
  readonly #hashOf: (row: number) => number;
  readonly #parts: Part[] = Array.from({ length: parts }, () => ({ rows: new Uint32Array(0), size: 0 }));

  /** `hashOf`: 32 bits without a sign, see `mixed`. */
  constructor(hashOf: (row: number) => number) {
    this.#hashOf = hashOf;
  }

  /** The row with this hash for which `isIt`; -1: there is none. */
  find(hash: number, isIt: (row: number) => boolean): number {
    const { rows, size } = this.#part(hash);
    if (size === 0) return -1;
    for (let at = homeOf(hash, rows); rows[at] !== open; at = next(at, rows)) {
      const row = (rows[at] as number) - 1;
      if (isIt(row)) return row;
    }
    return -1;
  }

  /** Precondition: it is not there. */
  add(row: number): void {
    const hash = this.#hashOf(row);
    let part = this.#part(hash);
    if (8 * (part.size + 1) > takenEighthsMax * part.rows.length) {
      part = this.#grown(part);
      this.#parts[hash % parts] = part;
    }
    put(part.rows, hash, row);
    part.size++;
  }

  /** Puts a row in the place of another one with the same hash. Precondition: that one is there. */
  replace(row: number, other: number): void {
    const { rows } = this.#part(this.#hashOf(row));
    rows[this.#placeOf(rows, row)] = other + 1;
  }

  /** Precondition: it is there, and what stands in it is what its hash was made of. */
  delete(row: number): void {
    const part = this.#part(this.#hashOf(row));
    const { rows } = part;
    let gap = this.#placeOf(rows, row);
    part.size--;
    // What had to go past this place moves up, so that it is still found.
    for (let at = next(gap, rows); rows[at] !== open; at = next(at, rows)) {
      const home = homeOf(this.#hashOf((rows[at] as number) - 1), rows);
      const isBehind = gap <= at ? home > gap && home <= at : home > gap || home <= at;
      if (isBehind) continue;
      rows[gap] = rows[at] as number;
      gap = at;
    }
    rows[gap] = open;
  }

  #part(hash: number): Part {
    return this.#parts[hash % parts] as Part;
  }

  #placeOf(rows: Uint32Array, row: number): number {
    let at = homeOf(this.#hashOf(row), rows);
    while (rows[at] !== row + 1) at = next(at, rows);
    return at;
  }

  /** By half as much, for little room to spare. */
  #grown({ rows: old, size }: Part): Part {
    const rows = new Uint32Array(Math.max(placesLeast, old.length + (old.length >> 1)));
    for (const kept of old) if (kept !== open) put(rows, this.#hashOf(kept - 1), kept - 1);
    return { rows, size };
  }
}

function put(rows: Uint32Array, hash: number, row: number): void {
  let at = homeOf(hash, rows);
  while (rows[at] !== open) at = next(at, rows);
  rows[at] = row + 1;
}

/** By other bits than those that choose the part. */
function homeOf(hash: number, rows: Uint32Array): number {
  return (hash >>> 10) % rows.length;
}

function next(place: number, rows: Uint32Array): number {
  return place + 1 === rows.length ? 0 : place + 1;
}
