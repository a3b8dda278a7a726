// The writer's side of block-pages.ts: takes room for a thing, and gives it back. What is given back is used again for
// things of about the same length: the first octets of a free run are the number of the next free one of its size.
// Limits: a thing has `thingOctetsMax` octets. Free runs are not joined, so the pages are as many as each size needed at a
// time; they stay with the process.

import { BlockPages, blockOctets, pageBlocks, pageOctets } from './block-pages.ts';

export const thingOctetsMax = pageOctets;
/** Up to here every number of blocks is a size of its own; above it there are four sizes to each power of two. */
const exactBlocks = 32;
/** The place of none: the first block is never given out. */
const none = 0;

export class BlockStore {
  readonly pages = new BlockPages();
  /** The pages, for other threads. */
  readonly memory: SharedArrayBuffer[] = [];
  readonly #added: (memory: SharedArrayBuffer) => void;
  /** Blocks that were ever taken, the first of all included. */
  #used = 1;
  /** By size, in blocks: the first free run. */
  readonly #free: number[] = [];

  /** `added`: called with a new page before anything is in it. */
  constructor(added: (memory: SharedArrayBuffer) => void) {
    this.#added = added;
  }

  /** Room for a thing; its number, which is never 0. Its octets are whatever they were. */
  take(octets: number): number {
    if (octets > thingOctetsMax) throw new Error(`${octets} octets for one thing, at most ${thingOctetsMax}`);
    const blocks = sizeOf(octets);
    const free = this.#free[blocks] ?? none;
    if (free !== none) {
      this.#free[blocks] = this.pages.word(free, 0);
      return free;
    }
    const left = pageBlocks - (this.#used & (pageBlocks - 1));
    if (left < blocks) this.#used += left;
    const number = this.#used;
    this.#used += blocks;
    while (this.pages.length * pageBlocks < this.#used) this.#grow();
    return number;
  }

  /** `octets`: as many as were taken. */
  give(number: number, octets: number): void {
    const blocks = sizeOf(octets);
    this.pages.setWord(number, 0, this.#free[blocks] ?? none);
    while (this.#free.length < blocks) this.#free.push(none);
    this.#free[blocks] = number;
  }

  #grow(): void {
    const memory = new SharedArrayBuffer(pageOctets);
    this.memory.push(memory);
    this.pages.add(memory);
    this.#added(memory);
  }
}

function sizeOf(octets: number): number {
  const blocks = Math.ceil(octets / blockOctets);
  if (blocks <= exactBlocks) return blocks;
  const step = 2 ** (29 - Math.clz32(blocks - 1));
  return Math.ceil(blocks / step) * step;
}
