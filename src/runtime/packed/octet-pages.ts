// Runs of octets, one after the other, found again by a number: pages outside the JavaScript heap (see
// number-rows.ts). A run never goes over the end of a page.
// Limits: a run of 2^19 octets; addresses have 32 bits, which is 4 GiB, far beyond what a zone of 64 MiB of text makes.

const pageBits = 20;
const pageOctets = 2 ** pageBits;
const firstOctets = 128;

/** The octets as plain data, for another thread. */
export interface PackedOctets {
  readonly used: number;
  readonly pages: readonly Uint8Array[];
}

export class OctetPages {
  readonly #pages: Buffer[] = [Buffer.alloc(firstOctets)];
  /** Octets used of the last page. */
  #used = 0;

  /** What `packed` gave. Nothing may be added. */
  static unpacked({ used, pages }: PackedOctets): OctetPages {
    const octets = new OctetPages();
    const buffers = pages.map((page) => Buffer.from(page.buffer, page.byteOffset, page.length));
    octets.#pages.splice(0, 1, ...buffers);
    octets.#used = used;
    return octets;
  }

  packed(): PackedOctets {
    return { used: this.#used, pages: this.#pages };
  }

  /** Moves the pages; their content must be the same afterwards. */
  move(moved: (page: Buffer) => Buffer): void {
    for (const [index, page] of this.#pages.entries()) this.#pages[index] = moved(page);
  }

  /** Sets `count` octets aside and answers their address. */
  take(count: number): number {
    const last = this.#pages.length - 1;
    const page = this.#pages[last] as Buffer;
    const needed = this.#used + count;
    if (needed > pageOctets) {
      this.#pages.push(Buffer.alloc(pageOctets));
      this.#used = count;
      return (last + 1) * pageOctets;
    }
    if (needed > page.length) {
      const grown = Buffer.alloc(Math.min(Math.max(needed, page.length * 2), pageOctets));
      grown.set(page);
      this.#pages[last] = grown;
    }
    this.#used = needed;
    return last * pageOctets + needed - count;
  }

  /** The page of an address: until the next `take`, which may move a small one. */
  page(address: number): Buffer {
    return this.#pages[address >>> pageBits] as Buffer;
  }

  /** Where in its page an address is. */
  offset(address: number): number {
    return address & (pageOctets - 1);
  }

  /** Gives back what the last page has too much. */
  trim(): void {
    const last = this.#pages.length - 1;
    const page = this.#pages[last] as Buffer;
    if (page.length > this.#used) this.#pages[last] = Buffer.copyBytesFrom(page, 0, this.#used);
  }
}
