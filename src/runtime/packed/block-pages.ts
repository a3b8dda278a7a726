// Octets of very many small things in pages of shared memory, found again by a number: one thread writes them
// (block-store.ts), any number of threads read them. A thing is in blocks of eight octets, and its number is that of the
// first; it never goes over the end of a page.
// Nothing here is atomic: a reader has the number of a thing from a message, which was posted after the thing was written.
// Limits: numbers count blocks of eight octets, so 32 GiB.

const pageBits = 16;
export const pageBlocks = 2 ** pageBits;
export const blockOctets = 8;
const blockWords = blockOctets / Uint32Array.BYTES_PER_ELEMENT;
export const pageOctets = pageBlocks * blockOctets;

export class BlockPages {
  readonly #pages: Buffer[] = [];
  readonly #words: Uint32Array[] = [];

  constructor(memory: readonly SharedArrayBuffer[] = []) {
    for (const page of memory) this.add(page);
  }

  get length(): number {
    return this.#pages.length;
  }

  /** The next page. */
  add(memory: SharedArrayBuffer): void {
    this.#pages.push(Buffer.from(memory));
    this.#words.push(new Uint32Array(memory));
  }

  page(number: number): Buffer {
    return this.#pages[number >>> pageBits] as Buffer;
  }

  /** Where in its page a thing begins. */
  offset(number: number): number {
    return (number & (pageBlocks - 1)) * blockOctets;
  }

  /** One of the numbers of 32 bits that a thing begins with. */
  word(number: number, index: number): number {
    return (this.#words[number >>> pageBits] as Uint32Array)[
      (number & (pageBlocks - 1)) * blockWords + index
    ] as number;
  }

  /** For the writer alone. */
  setWord(number: number, index: number, value: number): void {
    (this.#words[number >>> pageBits] as Uint32Array)[(number & (pageBlocks - 1)) * blockWords + index] = value;
  }
}
