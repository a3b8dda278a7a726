// Of a part of a large app's slots that is asked about again, what each chunk has of it, so that the next look at it costs its
// chunks and a pass over the ones that have changed. Numbers side by side and no object for a chunk: a part that was not
// asked about before, of which there may be many, is to cost a pass over the slots and little more.
// Limits: as many sums as there are chunks; the parts are bounded by their keeper.

import { shareOf } from '../../../model/selection/weight-share.ts';
import { type Chunk, marks } from './slot-chunk.ts';
import type { SlotSet } from './slot-set.ts';

/** Of a part of the slots: who is in it, and which of those may be drawn. */
export interface SlotPart {
  /** Undefined: all. */
  readonly set: SlotSet | undefined;
  /** The bit of one that may be drawn. */
  readonly want: number;
  /** Those that may be drawn are in it too, where it is given. */
  readonly having: SlotSet | undefined;
}

/** All slots, drawn by the first bit: for those who have no others. */
export const wholePart: SlotPart = { set: undefined, want: 0, having: undefined };

/** How many of four bits are set, an octet for each: a chunk has fewer slots than an octet counts. */
const spread = Uint32Array.from({ length: 16 }, (_, bits) => {
  return (bits & 1) | ((bits & 2) << 7) | ((bits & 4) << 14) | ((bits & 8) << 21);
});

export class PartSums {
  /** By the number of a chunk, as all that follows; 0: nothing is known of it. */
  #versions = new Uint32Array(0);
  known = new Uint8Array(0);
  /** Of those that may be drawn. */
  count = new Uint8Array(0);
  share = new Float64Array(0);
  /** `marks` for each chunk, by bit. */
  counts = new Uint8Array(0);

  /** Brings what is known of a chunk up to date. */
  update(chunk: Chunk, part: SlotPart): void {
    const { number, version } = chunk;
    if (this.#versions[number] === version) return;
    if (number >= this.#versions.length) this.#makeRoom(number);
    this.#versions[number] = version;
    const words = part.set?.words;
    let [known, count, share, low, high] = [0, 0, 0, 0, 0];
    for (let at = 0; at < chunk.size; at++) {
      const slot = chunk.slots[at] as number;
      if (words !== undefined) {
        if ((((words[slot >>> 5] ?? 0) >>> (slot & 31)) & 1) === 0) continue;
      } else if (part.set?.has(slot) === false) continue;
      known++;
      const bits = chunk.bits[at] as number;
      low += spread[bits & 15] as number;
      high += spread[bits >>> 4] as number;
      if (((bits >>> part.want) & 1) === 0 || part.having?.has(slot) === false) continue;
      count++;
      share += shareOf(chunk.weights[at] as number);
    }
    this.known[number] = known;
    this.count[number] = count;
    this.share[number] = share;
    for (let bit = 0; bit < marks; bit++) {
      const four = bit < 4 ? low : high;
      this.counts[number * marks + bit] = (four >>> (8 * (bit & 3))) & 255;
    }
  }

  #makeRoom(number: number): void {
    const room = Math.max(8, 2 * number);
    this.#versions = grown(this.#versions, new Uint32Array(room));
    this.known = grown(this.known, new Uint8Array(room));
    this.count = grown(this.count, new Uint8Array(room));
    this.share = grown(this.share, new Float64Array(room));
    this.counts = grown(this.counts, new Uint8Array(room * marks));
  }
}

function grown<List extends { set(from: List): void }>(from: List, to: List): List {
  to.set(from);
  return to;
}
