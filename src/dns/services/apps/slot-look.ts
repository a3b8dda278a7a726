// A look at a part of a large app's slots: how many there are with each mark, and a draw among those that have one, by their
// shares, the most preferred priority first. It goes by the sums of chunks, which are those of the app's own where the part is
// all of it: a point of all shares is found without a look at each slot. Priorities follow each other in the order of keys,
// so each is a run of chunks, of which the first and the last may be other priorities' as well. Runs are looked for until
// enough is drawn.
// Valid until the next change.

import { shareOf } from '../../../model/selection/weight-share.ts';
import { type Drawn, drawFrom } from '../../message/rotation.ts';
import { PartSums, type SlotPart } from './part-sums.ts';
import { type Chunk, marks, placeIn, priorityOf, priorityRange } from './slot-chunk.ts';

/** Slots in the order in which they were drawn; `firsts`: of those of the most preferred priority. */
export interface SlotsDrawn extends Drawn {
  /** How many are of the most preferred priority. */
  readonly preferred: number;
}

/** Those of one priority that may be drawn, in pieces of chunks. */
interface Run {
  readonly chunks: Chunk[];
  readonly starts: number[];
  readonly ends: number[];
  /** Up to each piece, its own included. */
  readonly ranks: number[];
  readonly shares: number[];
  /** Where the next one begins. */
  readonly index: number;
  readonly at: number;
}

export class SlotLook {
  readonly #chunks: readonly Chunk[];
  readonly #part: SlotPart;
  /** Undefined: the chunks' own are meant. */
  readonly #sums: PartSums | undefined;
  /** All that are in the part. */
  readonly known: number;
  /** Of those that may be drawn. */
  readonly count: number;
  /** By bit. */
  readonly counts = new Uint32Array(marks);

  /** `kept`: of the same part before, or empty. */
  constructor(chunks: readonly Chunk[], part: SlotPart, kept: PartSums | undefined) {
    this.#chunks = chunks;
    this.#part = part;
    this.#sums = part.set === undefined && part.having === undefined ? undefined : (kept ?? new PartSums());
    let [known, count] = [0, 0];
    for (const chunk of chunks) {
      this.#sums?.update(chunk, part);
      known += this.#sums === undefined ? chunk.size : (this.#sums.known[chunk.number] as number);
      count += this.#countOf(chunk);
      for (let bit = 0; bit < marks; bit++) (this.counts[bit] as number) += this.#marked(chunk, bit);
    }
    this.known = known;
    this.count = count;
  }

  /** Draws up to `wanted` slots. `start`: see drawFrom. */
  draw(wanted: number, start: number): SlotsDrawn {
    const order: number[] = [];
    let firsts: readonly number[] = [];
    let preferred = 0;
    for (let run = this.#run(0, 0); run !== undefined; run = this.#run(run.index, run.at)) {
      const drawn = this.#drawnOf(run, wanted - order.length, start);
      if (preferred === 0) [firsts, preferred] = [drawn.firsts, drawn.order.length];
      for (const slot of drawn.order) order.push(slot);
      if (order.length >= wanted) break;
    }
    return { order, firsts, preferred };
  }

  /** The first slots that have one bit and not another, which none has without the first; undefined: whatever they have. */
  first(having: number, lacking: number | undefined, count: number): number[] {
    const found: number[] = [];
    const [has, lacks] = [1 << having, lacking === undefined ? 0 : 1 << lacking];
    for (const chunk of this.#chunks) {
      const others = lacking === undefined ? 0 : this.#marked(chunk, lacking);
      if (this.#marked(chunk, having) === others) continue;
      for (let at = 0; at < chunk.size && found.length < count; at++) {
        const [slot, bits] = [chunk.slots[at] as number, chunk.bits[at] as number];
        if ((bits & has) !== 0 && (bits & lacks) === 0 && this.#part.set?.has(slot) !== false) found.push(slot);
      }
      if (found.length === count) break;
    }
    return found;
  }

  #drawnOf({ chunks, starts, ends, ranks, shares }: Run, wanted: number, start: number): Drawn {
    const size = ranks.at(-1) as number;
    const share = shares.at(-1) as number;
    return drawFrom({
      start,
      size,
      wanted: Math.min(wanted, size),
      itemOf: (point) => {
        const piece = above(shares, point * share);
        const left = point * share - (shares[piece - 1] ?? 0);
        return this.#slotOfShare(chunks[piece] as Chunk, starts[piece] as number, ends[piece] as number, left);
      },
      atRank: (rank) => {
        const piece = above(ranks, rank);
        const left = rank - (ranks[piece - 1] ?? 0);
        return this.#slotOfRank(chunks[piece] as Chunk, starts[piece] as number, ends[piece] as number, left);
      },
    });
  }

  /** The next priority that has some to be drawn; undefined: there is none. */
  #run(fromIndex: number, fromAt: number): Run | undefined {
    let [index, at] = this.#firstFrom(fromIndex, fromAt);
    const first = this.#chunks[index];
    if (first === undefined) return undefined;
    const endKey = (priorityOf(first.keys[at] as number) + 1) * priorityRange;
    const run: Omit<Run, 'index' | 'at'> = { chunks: [], starts: [], ends: [], ranks: [], shares: [] };
    let [count, share] = [0, 0];
    for (; index < this.#chunks.length; index++, at = 0) {
      const chunk = this.#chunks[index] as Chunk;
      const isEnded = (chunk.keys[chunk.size - 1] as number) >= endKey;
      const end = isEnded ? placeIn(chunk, endKey) : chunk.size;
      const [more, moreShare] =
        at === 0 && !isEnded ? [this.#countOf(chunk), this.#shareOf(chunk)] : this.#between(chunk, at, end);
      count += more;
      share += moreShare;
      if (more > 0) {
        run.chunks.push(chunk);
        run.starts.push(at);
        run.ends.push(end);
        run.ranks.push(count);
        run.shares.push(share);
      }
      if (isEnded) return { ...run, index, at: end };
    }
    return { ...run, index, at: 0 };
  }

  /** The first place from one on that may be drawn; behind the last chunk: there is none. */
  #firstFrom(fromIndex: number, fromAt: number): [index: number, at: number] {
    for (let index = fromIndex; index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index] as Chunk;
      const from = index === fromIndex ? fromAt : 0;
      // Mostly all of it is of one priority.
      if (from === 0 && this.#countOf(chunk) === 0) continue;
      let at = from;
      while (at < chunk.size && !this.#isDrawable(chunk, at)) at++;
      if (at === chunk.size) continue;
      const isOneRun = priorityOf(chunk.keys[from] as number) === priorityOf(chunk.keys[at] as number);
      return [index, isOneRun ? from : at];
    }
    return [this.#chunks.length, 0];
  }

  #between(chunk: Chunk, from: number, end: number): [count: number, share: number] {
    let [count, share] = [0, 0];
    for (let at = from; at < end; at++) {
      if (!this.#isDrawable(chunk, at)) continue;
      count++;
      share += shareOf(chunk.weights[at] as number);
    }
    return [count, share];
  }

  #slotOfShare(chunk: Chunk, from: number, end: number, share: number): number {
    let left = share;
    let last = from;
    for (let at = from; at < end; at++) {
      if (!this.#isDrawable(chunk, at)) continue;
      last = at;
      left -= shareOf(chunk.weights[at] as number);
      if (left < 0) break;
    }
    return chunk.slots[last] as number;
  }

  #slotOfRank(chunk: Chunk, from: number, end: number, rank: number): number {
    let left = rank;
    for (let at = from; at < end; at++)
      if (this.#isDrawable(chunk, at) && left-- === 0) return chunk.slots[at] as number;
    return chunk.slots[from] as number;
  }

  #isDrawable({ bits, slots }: Chunk, at: number): boolean {
    const { set, want, having } = this.#part;
    if ((((bits[at] as number) >>> want) & 1) === 0) return false;
    return set?.has(slots[at] as number) !== false && having?.has(slots[at] as number) !== false;
  }

  #countOf(chunk: Chunk): number {
    const { counts } = chunk;
    return (this.#sums === undefined ? counts[this.#part.want] : this.#sums.count[chunk.number]) as number;
  }

  #shareOf(chunk: Chunk): number {
    const { shares } = chunk;
    return (this.#sums === undefined ? shares[this.#part.want] : this.#sums.share[chunk.number]) as number;
  }

  /** How many of a chunk have a bit. */
  #marked(chunk: Chunk, bit: number): number {
    const { counts } = chunk;
    return (this.#sums === undefined ? counts[bit] : this.#sums.counts[chunk.number * marks + bit]) as number;
  }
}

/** The first place in rising sums that is above a value, or the last that adds to them. */
function above(sums: readonly number[], value: number): number {
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
