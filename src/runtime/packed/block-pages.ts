// Octets of very many small things in pages of shared memory, found again by a number: one thread writes them
// (block-store.ts), any number of threads read them. A thing is in blocks of eight octets, and its number is that of the
// first; it never goes over the end of a page.
// Nothing here is atomic: a reader has the number of a thing from a message, which was posted after the thing was written.
// Limits: numbers count blocks of eight octets, so 32 GiB.

const pageBits = 16;
export const pageBlocks = 2 ** pageBits;
export const blockOctets = 8;
export const pageOctets = pageBlocks * blockOctets;

export class BlockPages {
  readonly #pages: Buffer[] = [];

  constructor(memory: readonly SharedArrayBuffer[] = []) {
    for (const page of memory) this.add(page);
  }

  get length(): number {
    return this.#pages.length;
  }

  /** The next page. */
  add(memory: SharedArrayBuffer): void {
    this.#pages.push(Buffer.from(memory));
  }

  page(number: number): Buffer {
    return this.#pages[number >>> pageBits] as Buffer;
  }

  /** Where in its page a thing begins. */
  offset(number: number): number {
    return (number & (pageBlocks - 1)) * blockOctets;
  }
}
