// Memory that threads share, for the pages of packed tables: all threads read the same octets of a zone. It is given
// back by hand and used again, since the garbage collector does not reckon with it: V8 counts shared memory for no
// thread, so a server that reloads a large zone now and then would keep every version of it (measured: sixty buffers
// of 40 MB, each dropped at once by both threads, and all of them still there).
// Limits: what was once taken stays with the process, so it is at most the largest total that was in use at a time,
// rounded up to powers of two. Small pages are not worth it: they are copied.

/** Where pages go; a table calls one of these for each. */
export interface Moving {
  numbers(page: Uint32Array): Uint32Array;
  octets(page: Buffer): Buffer;
}

const sharedOctetsLeast = 8192;

export class SharedMemory {
  /** By size. */
  readonly #free = new Map<number, SharedArrayBuffer[]>();
  /** To shared memory. Small pages move to memory of their own, or a copy for a thread would take along what they are cut from. */
  readonly sharing: Moving = {
    numbers: (page) => {
      const moved = new Uint32Array(this.#take(page.byteLength), 0, page.length);
      moved.set(page);
      return moved;
    },
    octets: (page) => {
      const moved = Buffer.from(this.#take(page.length), 0, page.length);
      moved.set(page);
      return moved;
    },
  };
  /** Back from it: the table may no longer be read. */
  readonly releasing: Moving = {
    numbers: (page) => {
      this.#give(page.buffer);
      return new Uint32Array(0);
    },
    octets: (page) => {
      this.#give(page.buffer);
      return Buffer.alloc(0);
    },
  };

  #take(octets: number): ArrayBufferLike {
    if (octets < sharedOctetsLeast) return new ArrayBuffer(octets);
    const size = 2 ** Math.ceil(Math.log2(octets));
    return this.#free.get(size)?.pop() ?? new SharedArrayBuffer(size);
  }

  #give(memory: ArrayBufferLike): void {
    if (!(memory instanceof SharedArrayBuffer)) return;
    const same = this.#free.get(memory.byteLength);
    if (same === undefined) this.#free.set(memory.byteLength, [memory]);
    else same.push(memory);
  }
}
