// Rows under hashes, of which a row may have several and a hash many: for what RowIndex, which asks each row for its hash,
// cannot hold. The whole hash is kept beside the row, eight octets in an open place, outside the JavaScript heap (see
// number-rows.ts). In parts, of which one grows at a time.
// Limits: 2^32 - 1 rows. Rows with one hash are next to each other: to add one of many thousands, or to take it out, goes
// past all of them.

const parts = 1024;
const placesLeast = 8;
/** Eighths of a part's places: with fewer open ones, looking takes detours. */
const takenEighthsMax = 6;
const open = 0;

interface Part {
  /** By turns: a hash, and a row with one added. A power of two of both, or none. */
  readonly entries: Uint32Array;
  size: number;
}

/** Of all that nothing was ever added to. */
const empty: Part = { entries: new Uint32Array(0), size: 0 };

export class HashedRows {
  readonly #parts: Part[] = new Array<Part>(parts).fill(empty);

  /** The rows under a hash (32 bits without a sign, see `mixed`). Nothing may be added or taken out meanwhile. */
  *under(hash: number): Generator<number> {
    const { entries, size } = this.#part(hash);
    if (size === 0) return;
    for (let at = homeOf(hash, entries); entries[at + 1] !== open; at = following(at, entries))
      if (entries[at] === hash) yield (entries[at + 1] as number) - 1;
  }

  /** Precondition: it is not there under this hash. */
  add(hash: number, row: number): void {
    let part = this.#part(hash);
    if (16 * (part.size + 1) > takenEighthsMax * part.entries.length) {
      part = grown(part);
      this.#parts[hash % parts] = part;
    }
    put(part.entries, hash, row + 1);
    part.size++;
  }

  /** Precondition: it is there. */
  delete(hash: number, row: number): void {
    const part = this.#part(hash);
    const { entries } = part;
    let gap = homeOf(hash, entries);
    while (entries[gap] !== hash || entries[gap + 1] !== row + 1) gap = following(gap, entries);
    part.size--;
    // What had to go past this place moves up, so that it is still found.
    for (let at = following(gap, entries); entries[at + 1] !== open; at = following(at, entries)) {
      const home = homeOf(entries[at] as number, entries);
      const isBehind = gap <= at ? home > gap && home <= at : home > gap || home <= at;
      if (isBehind) continue;
      entries[gap] = entries[at] as number;
      entries[gap + 1] = entries[at + 1] as number;
      gap = at;
    }
    entries[gap + 1] = open;
  }

  #part(hash: number): Part {
    return this.#parts[hash % parts] as Part;
  }
}

function grown({ entries: old, size }: Part): Part {
  const entries = new Uint32Array(Math.max(2 * placesLeast, 2 * old.length));
  for (let at = 0; at < old.length; at += 2)
    if (old[at + 1] !== open) put(entries, old[at] as number, old[at + 1] as number);
  return { entries, size };
}

function put(entries: Uint32Array, hash: number, entry: number): void {
  let at = homeOf(hash, entries);
  while (entries[at + 1] !== open) at = following(at, entries);
  entries[at] = hash;
  entries[at + 1] = entry;
}

/** By other bits than those that choose the part. */
function homeOf(hash: number, entries: Uint32Array): number {
  return ((hash >>> 10) * 2) & (entries.length - 1);
}

function following(place: number, entries: Uint32Array): number {
  return (place + 2) & (entries.length - 1);
}
