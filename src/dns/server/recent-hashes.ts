// Which hashes were seen lately: rows of eight, the newest first. With one place for each, two questions of one place would
// each time make the other a new one: of a thousand names that are asked again and again some sixty would never be kept.
// Limits: `hashesMax`, a power of two; a row forgets its oldest.

const rowHashes = 8;

export class RecentHashes {
  readonly #hashes: Int32Array;

  constructor(hashesMax: number) {
    this.#hashes = new Int32Array(hashesMax);
  }

  /** Whether it was seen; it is now. */
  hasOrAdd(hash: number): boolean {
    const hashes = this.#hashes;
    const row = hash & (hashes.length - rowHashes);
    let at = row;
    while (at < row + rowHashes && hashes[at] !== hash) at++;
    const isKnown = at < row + rowHashes;
    if (!isKnown) at = row + rowHashes - 1;
    for (; at > row; at--) hashes[at] = hashes[at - 1] as number;
    hashes[row] = hash;
    return isKnown;
  }
}
