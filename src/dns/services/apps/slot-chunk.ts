// A run of a large app's slots in the order of their keys, as columns of numbers, with its own sums: an instance comes or goes
// for the price of its chunk.

export const chunkMax = 128;
/** Bits of a mark. */
export const marks = 8;
/** Keys of one priority lie within so much. */
export const priorityRange = 2 ** 37;

export interface Chunk {
  readonly keys: Float64Array;
  readonly slots: Uint32Array;
  readonly bits: Uint8Array;
  readonly weights: Uint32Array;
  /** By bit. */
  readonly counts: Uint16Array;
  readonly shares: Float64Array;
  size: number;
  /** Of its own among the chunks that are there. */
  readonly number: number;
  /** Another one with every change, and of no other chunk. */
  version: number;
}

export function newChunk(number: number, version: number): Chunk {
  return {
    keys: new Float64Array(chunkMax),
    slots: new Uint32Array(chunkMax),
    bits: new Uint8Array(chunkMax),
    weights: new Uint32Array(chunkMax),
    counts: new Uint16Array(marks),
    shares: new Float64Array(marks),
    size: 0,
    number,
    version,
  };
}

export function countIn({ counts, shares }: Chunk, bits: number, share: number, by: 1 | -1): void {
  for (let left = bits; left !== 0; left &= left - 1) {
    const bit = 31 - Math.clz32(left & -left);
    (counts[bit] as number) += by;
    // Of none left there is no share left: sums of hundredths would keep a trace.
    if (counts[bit] === 0) shares[bit] = 0;
    else (shares[bit] as number) += by * share;
  }
}

export function placeIn({ keys, size }: Chunk, key: number): number {
  let [low, high] = [0, size];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as number) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function priorityOf(key: number): number {
  return Math.floor(key / priorityRange);
}
