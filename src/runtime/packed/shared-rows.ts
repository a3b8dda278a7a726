// Rows of unsigned 32 bit numbers in pages of shared memory: one thread writes them, any number of threads read them. Row
// numbers are dense, and those that are given back are used again, the one that was given back last first, which is the one
// that a cache still holds.
// Nothing here is atomic: a reader has the number of a row from a message, which was posted after the row was written.
// Limits: 2^32 - 1 rows. Pages stay with the process.

const pageBits = 12;
const pageRows = 2 ** pageBits;

export class SharedRows {
  readonly #width: number;
  readonly #pages: Uint32Array[] = [];

  /** `width`: numbers in a row. */
  constructor(width: number, memory: readonly SharedArrayBuffer[] = []) {
    this.#width = width;
    for (const page of memory) this.add(page);
  }

  /** The next page. */
  add(memory: SharedArrayBuffer): void {
    this.#pages.push(new Uint32Array(memory));
  }

  get(row: number, field: number): number {
    return (this.#pages[row >>> pageBits] as Uint32Array)[(row & (pageRows - 1)) * this.#width + field] as number;
  }

  /** For the writer alone. */
  set(row: number, field: number, value: number): void {
    (this.#pages[row >>> pageBits] as Uint32Array)[(row & (pageRows - 1)) * this.#width + field] = value;
  }
}

/** The writer's side. */
export class RowStore {
  readonly rows: SharedRows;
  /** The pages, for other threads. */
  readonly memory: SharedArrayBuffer[] = [];
  readonly #width: number;
  readonly #added: (memory: SharedArrayBuffer) => void;
  /** Rows that were ever taken. */
  #length = 0;
  /** The first free row, whose first number is the next one with one added. */
  #free = -1;

  /** `added`: called with a new page before anything is in it. */
  constructor(width: number, added: (memory: SharedArrayBuffer) => void) {
    this.#width = width;
    this.#added = added;
    this.rows = new SharedRows(width);
  }

  /** Its numbers are whatever they were. */
  take(): number {
    if (this.#free >= 0) {
      const row = this.#free;
      this.#free = this.rows.get(row, 0) - 1;
      return row;
    }
    const row = this.#length++;
    if (row === this.memory.length * pageRows) {
      const memory = new SharedArrayBuffer(pageRows * this.#width * Uint32Array.BYTES_PER_ELEMENT);
      this.memory.push(memory);
      this.rows.add(memory);
      this.#added(memory);
    }
    return row;
  }

  give(row: number): void {
    this.rows.set(row, 0, this.#free + 1);
    this.#free = row;
  }
}
