// The sums of a part of a large app's slots (a selection, a zone, those with a port), chunk by chunk: how many there are, with
// which marks, and what the shares of those come to that may be drawn. What changes moves the version of its chunk alone, so
// a part that is asked for again costs the sums of its chunks and a pass over the ones that have changed.
// Limits: as many sums as there are chunks; the parts are bounded by their keeper.

import { shareOf } from '../../../model/selection/weight-share.ts';
import { type Chunk, marks } from './slot-chunk.ts';
import type { SlotSet } from './slot-set.ts';

/** Of a part of the slots: who is in it, and which of those may be drawn. */
export interface SlotPart {
  readonly set: SlotSet | undefined;
  /** All bits of one that may be drawn. */
  readonly want: number;
  /** Those that may be drawn are in it too, where it is given. */
  readonly having: SlotSet | undefined;
}

/** The sums of one part in one chunk. */
interface ChunkSums {
  version: number;
  known: number;
  /** By bit. */
  readonly counts: Uint16Array;
  /** Of those that may be drawn. */
  count: number;
  share: number;
}

/** What is kept of a part between two looks at it. */
export type PartSums = WeakMap<Chunk, ChunkSums>;

interface PartCounts {
  known: number;
  readonly counts: Uint32Array;
  count: number;
  share: number;
}

export function addSums(all: PartCounts, { known, counts, count, share }: ChunkSums): void {
  all.known += known;
  all.count += count;
  all.share += share;
  for (let bit = 0; bit < marks; bit++) (all.counts[bit] as number) += counts[bit] as number;
}

export function sumsOf(chunk: Chunk, part: SlotPart, kept: PartSums): ChunkSums {
  let sums = kept.get(chunk);
  if (sums?.version === chunk.version) return sums;
  if (sums === undefined) {
    sums = { version: 0, known: 0, counts: new Uint16Array(marks), count: 0, share: 0 };
    kept.set(chunk, sums);
  }
  sums.version = chunk.version;
  sums.counts.fill(0);
  let [known, count, share] = [0, 0, 0];
  for (let at = 0; at < chunk.size; at++) {
    if (part.set?.has(chunk.slots[at] as number) === false) continue;
    known++;
    for (let left = chunk.bits[at] as number; left !== 0; left &= left - 1)
      (sums.counts[31 - Math.clz32(left & -left)] as number)++;
    if (!isDrawable(chunk, part, at)) continue;
    count++;
    share += shareOf(chunk.weights[at] as number);
  }
  sums.known = known;
  sums.count = count;
  sums.share = share;
  return sums;
}

/** Of one in the set. */
function isDrawable({ bits, slots }: Chunk, { want, having }: SlotPart, at: number): boolean {
  return ((bits[at] as number) & want) === want && having?.has(slots[at] as number) !== false;
}

export function partSlotOfShare(chunk: Chunk, part: SlotPart, share: number): number {
  let left = share;
  let last = 0;
  for (let at = 0; at < chunk.size; at++) {
    if (part.set?.has(chunk.slots[at] as number) === false || !isDrawable(chunk, part, at)) continue;
    last = at;
    left -= shareOf(chunk.weights[at] as number);
    if (left < 0) break;
  }
  return chunk.slots[last] as number;
}

export function partSlotOfRank(chunk: Chunk, part: SlotPart, rank: number): number {
  let left = rank;
  for (let at = 0; at < chunk.size; at++) {
    const isOne = part.set?.has(chunk.slots[at] as number) !== false && isDrawable(chunk, part, at);
    if (isOne && left-- === 0) return chunk.slots[at] as number;
  }
  return chunk.slots[0] as number;
}
