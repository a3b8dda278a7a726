// Very many labels of one octet a character, outside the JavaScript heap (see number-rows.ts), found again by a number,
// and given back: what is free is used again for labels of about the same length. A block holds its label's length and
// octets; one that is free holds the number of the next free one of its size.
// Limits: labels of 255 octets; addresses count blocks of eight octets, so 32 GiB.

import { hashPrime } from '../text-hash.ts';

const pageBits = 16;
/** Blocks a page. */
const pageBlocks = 2 ** pageBits;
const blockOctets = 8;
/** The place of none. */
const none = 0;

export class LabelStore {
  readonly #pages: Buffer[] = [];
  /** Blocks that were ever taken, the first of all included. */
  #used = 1;
  /** By blocks: the first free run. */
  readonly #free: number[] = new Array(256 / blockOctets + 1).fill(none);

  /** Keeps a label and answers its number, which is never 0. */
  add(label: string): number {
    const number = this.#take(blocksOf(label.length));
    const page = this.#page(number);
    let at = offsetOf(number);
    page[at++] = label.length;
    for (let index = 0; index < label.length; index++) page[at + index] = label.charCodeAt(index);
    return number;
  }

  /** Lets go of a label. */
  delete(number: number): void {
    const page = this.#page(number);
    const at = offsetOf(number);
    const blocks = blocksOf(page[at] as number);
    page.writeUInt32LE(this.#free[blocks] as number, at);
    this.#free[blocks] = number;
  }

  get(number: number): string {
    const page = this.#page(number);
    const at = offsetOf(number);
    return page.toString('latin1', at + 1, at + 1 + (page[at] as number));
  }

  /** `textHash` of the label, without making its text. */
  hash(number: number, start: number): number {
    const page = this.#page(number);
    const at = offsetOf(number);
    const end = at + 1 + (page[at] as number);
    let hash = start;
    for (let octet = at + 1; octet < end; octet++) hash = Math.imul(hash ^ (page[octet] as number), hashPrime);
    return hash;
  }

  is(number: number, label: string): boolean {
    const page = this.#page(number);
    const at = offsetOf(number);
    if (page[at] !== label.length) return false;
    for (let index = 0; index < label.length; index++) {
      if (page[at + 1 + index] !== label.charCodeAt(index)) return false;
    }
    return true;
  }

  #take(blocks: number): number {
    const free = this.#free[blocks] as number;
    if (free !== none) {
      this.#free[blocks] = this.#page(free).readUInt32LE(offsetOf(free));
      return free;
    }
    // No label goes over the end of a page.
    const left = pageBlocks - (this.#used & (pageBlocks - 1));
    if (left < blocks) this.#used += left;
    const number = this.#used;
    this.#used += blocks;
    if (number >>> pageBits === this.#pages.length) this.#pages.push(Buffer.alloc(pageBlocks * blockOctets));
    return number;
  }

  #page(number: number): Buffer {
    return this.#pages[number >>> pageBits] as Buffer;
  }
}

/** With the octet of the length. */
function blocksOf(octets: number): number {
  return Math.ceil((octets + 1) / blockOctets);
}

function offsetOf(number: number): number {
  return (number & (pageBlocks - 1)) * blockOctets;
}
