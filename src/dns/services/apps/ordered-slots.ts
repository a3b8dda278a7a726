// The slots of a large app in the order of their keys, in chunks that know their sums: how many of their instances have
// each mark, and what the shares of those come to. So an instance comes or goes for the price of its chunk, and a point of
// all shares is found without a look at each: a draw among ten thousand reads the sums of some hundred chunks.
// Of a part of the slots that is asked for again the same sums are kept, and made anew for the chunks that have changed.
// Where priorities differ all are passed over: some ten nanoseconds each.

import { shareOf } from '../../../model/selection/weight-share.ts';
import { type Drawn, drawFrom } from '../../message/rotation.ts';
import { addSums, type PartSums, partSlotOfRank, partSlotOfShare, type SlotPart, sumsOf } from './part-sums.ts';
import { type Chunk, chunkMax, countIn, marks, placeIn, priorityOf } from './slot-chunk.ts';
import type { SlotSet } from './slot-set.ts';

/** A draw among a part, with what the part has. */
export interface PartDrawn extends Drawn {
  readonly known: number;
  /** By bit. */
  readonly counts: Uint32Array;
  /** Of those that could be drawn. */
  readonly count: number;
}

/** What was passed over: who has the mark, with the sums of shares up to each, and where priorities end. */
export interface Passed {
  readonly known: number;
  /** By bit, of those that are asked about. */
  readonly counts: Uint32Array;
  readonly slots: readonly number[];
  readonly bounds: Float64Array;
  /** Ends of the runs of one priority in `slots`. */
  readonly ends: readonly number[];
}

export class OrderedSlots {
  readonly #chunks: Chunk[] = [];
  /** By bit. */
  readonly counts = new Uint32Array(marks);
  size = 0;

  insert(key: number, slot: number, bits: number, weight: number): void {
    const index = this.#chunkFor(key);
    const chunk = this.#chunks[index] ?? this.#newChunk(0);
    const at = placeIn(chunk, key);
    for (const list of [chunk.keys, chunk.slots, chunk.bits, chunk.weights]) list.copyWithin(at + 1, at, chunk.size);
    chunk.keys[at] = key;
    chunk.slots[at] = slot;
    chunk.bits[at] = bits;
    chunk.weights[at] = weight;
    chunk.version++;
    chunk.size++;
    this.size++;
    this.#count(chunk, bits, shareOf(weight), 1);
    if (chunk.size === chunkMax) this.#split(index);
  }

  /** False: it is not there. */
  delete(key: number, slot: number): boolean {
    const found = this.#find(key, slot);
    if (found === undefined) return false;
    const { index, at } = found;
    const chunk = this.#chunks[index] as Chunk;
    const [bits, weight] = [chunk.bits[at] as number, chunk.weights[at] as number];
    for (const list of [chunk.keys, chunk.slots, chunk.bits, chunk.weights]) list.copyWithin(at, at + 1, chunk.size);
    chunk.version++;
    chunk.size--;
    this.size--;
    this.#count(chunk, bits, shareOf(weight), -1);
    if (chunk.size === 0) this.#chunks.splice(index, 1);
    return true;
  }

  /** Slots with this key, mostly one. */
  *at(key: number): Generator<number> {
    for (let index = this.#chunkFor(key); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index] as Chunk;
      for (let at = placeIn(chunk, key); at < chunk.size; at++) {
        if (chunk.keys[at] !== key) return;
        yield chunk.slots[at] as number;
      }
    }
  }

  *[Symbol.iterator](): Generator<number> {
    for (const { slots, size } of this.#chunks) yield* slots.subarray(0, size);
  }

  /** True where all are of one priority. */
  get isOnePriority(): boolean {
    const [first, last] = [this.#chunks[0], this.#chunks.at(-1)];
    if (first === undefined || last === undefined) return true;
    return priorityOf(first.keys[0] as number) === priorityOf(last.keys[last.size - 1] as number);
  }

  /** Draws up to `wanted` slots among those with a bit, by their shares. */
  draw(bit: number, wanted: number, start: number): Drawn {
    const [counts, shares] = [new Uint32Array(this.#chunks.length), new Float64Array(this.#chunks.length)];
    let [count, share] = [0, 0];
    for (let index = 0; index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index] as Chunk;
      counts[index] = count += chunk.counts[bit] as number;
      shares[index] = share += chunk.shares[bit] as number;
    }
    const has = 1 << bit;
    return drawFrom({
      start,
      size: count,
      wanted: Math.min(wanted, count),
      itemOf: (point) => {
        const index = above(shares, point * share);
        return slotOfShare(this.#chunks[index] as Chunk, has, point * share - (shares[index - 1] ?? 0));
      },
      atRank: (rank) => {
        const index = above(counts, rank);
        return slotOfRank(this.#chunks[index] as Chunk, has, rank - (counts[index - 1] ?? 0));
      },
    });
  }

  /** As `draw`, among a part of the slots. Precondition: one priority. `sums`: of the same part before, or empty. */
  drawPart(part: SlotPart, sums: PartSums, wanted: number, start: number): PartDrawn {
    const chunks = this.#chunks;
    const [ranks, shares] = [new Uint32Array(chunks.length), new Float64Array(chunks.length)];
    const all = { known: 0, counts: new Uint32Array(marks), count: 0, share: 0 };
    for (let index = 0; index < chunks.length; index++) {
      addSums(all, sumsOf(chunks[index] as Chunk, part, sums));
      ranks[index] = all.count;
      shares[index] = all.share;
    }
    const { known, counts, count, share } = all;
    if (count === 0) return { order: [], firsts: [], known, counts, count };
    const drawn = drawFrom({
      start,
      size: count,
      wanted: Math.min(wanted, count),
      itemOf: (point) => {
        const index = above(shares, point * share);
        return partSlotOfShare(chunks[index] as Chunk, part, point * share - (shares[index - 1] ?? 0));
      },
      atRank: (rank) => {
        const index = above(ranks, rank);
        return partSlotOfRank(chunks[index] as Chunk, part, rank - (ranks[index - 1] ?? 0));
      },
    });
    return { ...drawn, known, counts, count };
  }

  /** The first slots that have `having` and not `lacking`. */
  first(having: number, lacking: number, count: number, set: SlotSet | undefined): number[] {
    const found: number[] = [];
    for (const { bits, slots, size } of this.#chunks) {
      for (let at = 0; at < size && found.length < count; at++) {
        const own = bits[at] as number;
        if ((own & having) !== having || (own & lacking) !== 0) continue;
        if (set === undefined || set.has(slots[at] as number)) found.push(slots[at] as number);
      }
      if (found.length === count) break;
    }
    return found;
  }

  /** Passes over all, or over those in `set`: who has all the bits of `want`, and is in `having` where that is given. */
  pass(set: SlotSet | undefined, want: number, having: SlotSet | undefined): Passed {
    const kinds = new Uint32Array(2 ** marks);
    const slots: number[] = [];
    const bounds = new Float64Array(this.size);
    const ends: number[] = [];
    let [known, sum, priority] = [0, 0, -1];
    const words = set?.words;
    for (const chunk of this.#chunks) {
      const first = priorityOf(chunk.keys[0] as number);
      const isOne = priorityOf(chunk.keys[chunk.size - 1] as number) === first;
      for (let at = 0; at < chunk.size; at++) {
        const slot = chunk.slots[at] as number;
        if (words !== undefined) {
          if ((((words[slot >>> 5] ?? 0) >>> (slot & 31)) & 1) === 0) continue;
        } else if (set?.has(slot) === false) continue;
        known++;
        const own = chunk.bits[at] as number;
        (kinds[own] as number)++;
        if ((own & want) !== want || having?.has(slot) === false) continue;
        const mine = isOne ? first : priorityOf(chunk.keys[at] as number);
        if (mine !== priority && slots.length > 0) {
          ends.push(slots.length);
          sum = 0;
        }
        priority = mine;
        sum += shareOf(chunk.weights[at] as number);
        bounds[slots.length] = sum;
        slots.push(slot);
      }
    }
    if (slots.length > 0) ends.push(slots.length);
    return { known, counts: countsOf(kinds), slots, bounds, ends };
  }

  #find(key: number, slot: number): { readonly index: number; readonly at: number } | undefined {
    for (let index = this.#chunkFor(key); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index] as Chunk;
      for (let at = placeIn(chunk, key); at < chunk.size; at++) {
        if (chunk.keys[at] !== key) return undefined;
        if (chunk.slots[at] === slot) return { index, at };
      }
    }
    return undefined;
  }

  /** The first chunk whose last key is not below, or the last one. */
  #chunkFor(key: number): number {
    let [low, high] = [0, Math.max(0, this.#chunks.length - 1)];
    while (low < high) {
      const middle = (low + high) >> 1;
      const { keys, size } = this.#chunks[middle] as Chunk;
      if ((keys[size - 1] as number) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #newChunk(index: number): Chunk {
    const chunk = {
      keys: new Float64Array(chunkMax),
      slots: new Uint32Array(chunkMax),
      bits: new Uint8Array(chunkMax),
      weights: new Uint16Array(chunkMax),
      counts: new Uint16Array(marks),
      shares: new Float64Array(marks),
      size: 0,
      version: 0,
    };
    this.#chunks.splice(index, 0, chunk);
    return chunk;
  }

  #split(index: number): void {
    const chunk = this.#chunks[index] as Chunk;
    const next = this.#newChunk(index + 1);
    const from = chunkMax >> 1;
    next.keys.set(chunk.keys.subarray(from));
    next.slots.set(chunk.slots.subarray(from));
    next.bits.set(chunk.bits.subarray(from));
    next.weights.set(chunk.weights.subarray(from));
    next.size = chunkMax - from;
    chunk.size = from;
    chunk.version++;
    for (const half of [chunk, next]) {
      half.counts.fill(0);
      half.shares.fill(0);
      for (let at = 0; at < half.size; at++)
        countIn(half, half.bits[at] as number, shareOf(half.weights[at] as number), 1);
    }
  }

  #count(chunk: Chunk, bits: number, share: number, by: 1 | -1): void {
    countIn(chunk, bits, share, by);
    for (let left = bits; left !== 0; left &= left - 1) (this.counts[31 - Math.clz32(left & -left)] as number) += by;
  }
}

/** By bit, of how many there are of each set of bits. */
function countsOf(kinds: Uint32Array): Uint32Array {
  const counts = new Uint32Array(marks);
  for (let kind = 1; kind < kinds.length; kind++) {
    for (let bit = 0; bit < marks; bit++) if ((kind >> bit) % 2 === 1) (counts[bit] as number) += kinds[kind] as number;
  }
  return counts;
}

function slotOfShare({ bits, slots, weights, size }: Chunk, has: number, share: number): number {
  let left = share;
  let last = 0;
  for (let at = 0; at < size; at++) {
    if (((bits[at] as number) & has) === 0) continue;
    last = at;
    left -= shareOf(weights[at] as number);
    if (left < 0) break;
  }
  return slots[last] as number;
}

function slotOfRank({ bits, slots, size }: Chunk, has: number, rank: number): number {
  let left = rank;
  for (let at = 0; at < size; at++) if (((bits[at] as number) & has) !== 0 && left-- === 0) return slots[at] as number;
  return slots[0] as number;
}

/** The first place in rising sums that is above a value, or the last that adds to them. */
function above(sums: Float64Array | Uint32Array, value: number): number {
  let [low, high] = [0, sums.length - 1];
  const total = sums[high] as number;
  const wanted = value < total ? value : total * (1 - Number.EPSILON);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (wanted < (sums[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}
