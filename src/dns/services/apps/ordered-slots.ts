// The slots of a large app in the order of their keys, in chunks that know their sums: how many of their instances have
// each mark, and what the shares of those come to. So an instance comes or goes for the price of its chunk, and what is asked
// about all of them is answered from the sums of some hundred chunks (slot-look.ts). A part of a few slots is put in order by
// itself.

import { shareOf } from '../../../model/selection/weight-share.ts';
import type { PartSums, SlotPart } from './part-sums.ts';
import { type Chunk, chunkMax, countIn, marks, newChunk, placeIn, priorityOf } from './slot-chunk.ts';
import { SlotLook } from './slot-look.ts';
import type { SlotSet } from './slot-set.ts';

/** Of a part with no more, a pass over its slots is the least: they fit a chunk. */
const fewMax = chunkMax;

export class OrderedSlots {
  readonly #chunks: Chunk[] = [];
  readonly #freeNumbers: number[] = [];
  #version = 0;
  /** By slot. */
  #keys = new Float64Array(0);
  #bits = new Uint8Array(0);
  #weights = new Uint32Array(0);
  /** By bit. */
  readonly counts = new Uint32Array(marks);
  size = 0;

  insert(key: number, slot: number, bits: number, weight: number): void {
    const index = this.#chunkFor(key);
    const chunk = this.#chunks[index] ?? this.#addChunk(0);
    const at = placeIn(chunk, key);
    for (const list of [chunk.keys, chunk.slots, chunk.bits, chunk.weights]) list.copyWithin(at + 1, at, chunk.size);
    chunk.keys[at] = key;
    chunk.slots[at] = slot;
    chunk.bits[at] = bits;
    chunk.weights[at] = weight;
    chunk.version = ++this.#version;
    chunk.size++;
    this.size++;
    this.#count(chunk, bits, shareOf(weight), 1);
    if (chunk.size === chunkMax) this.#split(index);
    this.#makeRoom(slot);
    this.#keys[slot] = key;
    this.#bits[slot] = bits;
    this.#weights[slot] = weight;
  }

  /** False: it is not there. */
  delete(key: number, slot: number): boolean {
    const found = this.#find(key, slot);
    if (found === undefined) return false;
    const { index, at } = found;
    const chunk = this.#chunks[index] as Chunk;
    const [bits, weight] = [chunk.bits[at] as number, chunk.weights[at] as number];
    for (const list of [chunk.keys, chunk.slots, chunk.bits, chunk.weights]) list.copyWithin(at, at + 1, chunk.size);
    chunk.version = ++this.#version;
    chunk.size--;
    this.size--;
    this.#count(chunk, bits, shareOf(weight), -1);
    if (chunk.size > 0) return true;
    this.#chunks.splice(index, 1);
    this.#freeNumbers.push(chunk.number);
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

  /** `kept`: of the same part before, or empty; undefined: of a part that is not asked about again. */
  look(part: SlotPart, kept: PartSums | undefined): SlotLook {
    const chunks = this.#chunksOf(part);
    return new SlotLook(chunks, part, chunks === this.#chunks ? kept : undefined);
  }

  /** Passes over those of a part that may be drawn, the most preferred first. */
  visit(part: SlotPart, seen: (slot: number, weight: number, priority: number) => void): void {
    const { set, want, having } = part;
    for (const { keys, bits, slots, weights, size } of this.#chunksOf(part)) {
      const first = priorityOf(keys[0] as number);
      const isOne = priorityOf(keys[size - 1] as number) === first;
      for (let at = 0; at < size; at++) {
        const slot = slots[at] as number;
        if ((((bits[at] as number) >>> want) & 1) === 0) continue;
        if (set?.has(slot) === false || having?.has(slot) === false) continue;
        seen(slot, weights[at] as number, isOne ? first : priorityOf(keys[at] as number));
      }
    }
  }

  /** Precondition: it is there. */
  priorityOf(slot: number): number {
    return priorityOf(this.#keys[slot] as number);
  }

  #chunksOf({ set }: SlotPart): readonly Chunk[] {
    if (set === undefined || set.size >= fewMax) return this.#chunks;
    return set.size === 0 ? [] : [this.#gathered(set)];
  }

  /** Whether one of a set has a bit. */
  isAny(bit: number, set: SlotSet): boolean {
    return set.some((slot) => (((this.#bits[slot] as number) >>> bit) & 1) === 1);
  }

  /** A few, as a chunk of their own. */
  #gathered(set: SlotSet): Chunk {
    const slots = Uint32Array.from(set);
    const keys = this.#keys;
    slots.sort((a, b) => (keys[a] as number) - (keys[b] as number) || a - b);
    const chunk = newChunk(0, 1);
    for (const slot of slots) {
      chunk.keys[chunk.size] = keys[slot] as number;
      chunk.slots[chunk.size] = slot;
      chunk.bits[chunk.size] = this.#bits[slot] as number;
      chunk.weights[chunk.size++] = this.#weights[slot] as number;
    }
    return chunk;
  }

  #makeRoom(slot: number): void {
    if (slot < this.#keys.length) return;
    const room = Math.max(chunkMax, 2 * slot);
    const [keys, bits, weights] = [this.#keys, this.#bits, this.#weights];
    this.#keys = new Float64Array(room);
    this.#keys.set(keys);
    this.#bits = new Uint8Array(room);
    this.#bits.set(bits);
    this.#weights = new Uint32Array(room);
    this.#weights.set(weights);
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

  #addChunk(index: number): Chunk {
    const chunk = newChunk(this.#freeNumbers.pop() ?? this.#chunks.length, ++this.#version);
    this.#chunks.splice(index, 0, chunk);
    return chunk;
  }

  #split(index: number): void {
    const chunk = this.#chunks[index] as Chunk;
    const next = this.#addChunk(index + 1);
    const from = chunkMax >> 1;
    next.keys.set(chunk.keys.subarray(from));
    next.slots.set(chunk.slots.subarray(from));
    next.bits.set(chunk.bits.subarray(from));
    next.weights.set(chunk.weights.subarray(from));
    next.size = chunkMax - from;
    chunk.size = from;
    chunk.version = ++this.#version;
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
