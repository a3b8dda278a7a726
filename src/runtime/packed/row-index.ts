// Rows found by a hash of their content: an open-addressed table of row numbers, some seven octets a row, outside
// the JavaScript heap (see number-rows.ts). In parts, so that one of many grows at a time and no query waits for it.
// Beside a row's number are eight bits of its hash, so that hardly a row is looked at in vain: each look is a line of
// memory that no cache holds. The whole hash is asked for again when its part grows, and when a row beside it leaves.
// Limits: 2^24 - 1 rows, an assertion refuses one more.

const parts = 1024;
const placesLeast = 16;
/** Eighths of a part's places: with fewer open ones, looking takes detours. */
const takenEighthsMax = 6;
/** An entry is a row's number with one added, and above it the first bits of its hash. */
const open = 0;
const rowBits = 24;
const rowMask = 2 ** rowBits - 1;

interface Part {
  /** A power of two of them, or none. */
  readonly entries: Uint32Array;
  size: number;
}

/** Of all that nothing was ever added to. */
const empty: Part = { entries: new Uint32Array(0), size: 0 };

export class RowIndex {
  readonly #hashOf: (row: number) => number;
  readonly #parts: Part[] = new Array<Part>(parts).fill(empty);

  /** `hashOf`: 32 bits without a sign, see `mixed`. */
  constructor(hashOf: (row: number) => number) {
    this.#hashOf = hashOf;
  }

  /** The row with this hash for which `isIt`; -1: there is none. */
  find(hash: number, isIt: (row: number) => boolean): number {
    const { entries, size } = this.#part(hash);
    if (size === 0) return -1;
    for (let at = homeOf(hash, entries); entries[at] !== open; at = next(at, entries)) {
      const entry = entries[at] as number;
      if (entry >>> rowBits === hash >>> rowBits && isIt(rowOf(entry))) return rowOf(entry);
    }
    return -1;
  }

  has(row: number): boolean {
    const hash = this.#hashOf(row);
    const { entries, size } = this.#part(hash);
    if (size === 0) return false;
    const entry = entryOf(hash, row);
    let at = homeOf(hash, entries);
    while (entries[at] !== entry && entries[at] !== open) at = next(at, entries);
    return entries[at] === entry;
  }

  /** Whether a row has this hash. */
  hasHash(hash: number): boolean {
    const { entries, size } = this.#part(hash);
    if (size === 0) return false;
    for (let at = homeOf(hash, entries); entries[at] !== open; at = next(at, entries)) {
      const entry = entries[at] as number;
      if (entry >>> rowBits === hash >>> rowBits && this.#hashOf(rowOf(entry)) === hash) return true;
    }
    return false;
  }

  /** Precondition: it is not there. */
  add(row: number): void {
    if (row >= rowMask) throw new Error(`an index holds ${rowMask} rows at most`);
    const hash = this.#hashOf(row);
    let part = this.#part(hash);
    if (8 * (part.size + 1) > takenEighthsMax * part.entries.length) {
      part = this.#grown(part);
      this.#parts[hash % parts] = part;
    }
    put(part.entries, hash, row);
    part.size++;
  }

  /** Puts a row in the place of another one with the same hash. Precondition: that one is there. */
  replace(row: number, other: number): void {
    const hash = this.#hashOf(row);
    const { entries } = this.#part(hash);
    entries[slotOf(entries, hash, row)] = entryOf(hash, other);
  }

  /** Precondition: it is there, and its content is what its hash was made of. */
  delete(row: number): void {
    const hash = this.#hashOf(row);
    const part = this.#part(hash);
    const { entries } = part;
    let gap = slotOf(entries, hash, row);
    part.size--;
    // What had to go past this place moves up, so that it is still found.
    for (let at = next(gap, entries); entries[at] !== open; at = next(at, entries)) {
      const entry = entries[at] as number;
      const home = homeOf(this.#hashOf(rowOf(entry)), entries);
      const isBehind = gap <= at ? home > gap && home <= at : home > gap || home <= at;
      if (isBehind) continue;
      entries[gap] = entry;
      gap = at;
    }
    entries[gap] = open;
  }

  #part(hash: number): Part {
    return this.#parts[hash % parts] as Part;
  }

  #grown({ entries: old, size }: Part): Part {
    const entries = new Uint32Array(Math.max(placesLeast, 2 * old.length));
    for (const entry of old) if (entry !== open) put(entries, this.#hashOf(rowOf(entry)), rowOf(entry));
    return { entries, size };
  }
}

function put(entries: Uint32Array, hash: number, row: number): void {
  let at = homeOf(hash, entries);
  while (entries[at] !== open) at = next(at, entries);
  entries[at] = entryOf(hash, row);
}

function slotOf(entries: Uint32Array, hash: number, row: number): number {
  const entry = entryOf(hash, row);
  let at = homeOf(hash, entries);
  while (entries[at] !== entry) at = next(at, entries);
  return at;
}

function entryOf(hash: number, row: number): number {
  return (((hash >>> rowBits) << rowBits) | (row + 1)) >>> 0;
}

function rowOf(entry: number): number {
  return (entry & rowMask) - 1;
}

/** By other bits than those that choose the part. */
function homeOf(hash: number, entries: Uint32Array): number {
  return (hash >>> 10) & (entries.length - 1);
}

function next(place: number, entries: Uint32Array): number {
  return (place + 1) & (entries.length - 1);
}
