// Rows of unsigned 32 bit numbers that grow without ever being copied as a whole: pages outside the JavaScript heap,
// which the garbage collector neither marks nor moves. A million objects cost it pauses of half a second; these cost
// nothing. The first page starts small and doubles, so that a small zone stays small.
// Limits: 2^32 rows.

/** 4096 rows a page: at most some 80 KiB at once, which no one waits for. */
const pageBits = 12;
const pageRows = 2 ** pageBits;
const firstRows = 8;

/** The rows as plain data, for another thread. */
export interface PackedRows {
  readonly width: number;
  readonly length: number;
  readonly pages: readonly Uint32Array[];
}

export class NumberRows {
  readonly #width: number;
  readonly #pages: Uint32Array[];
  #length = 0;
  /** Rows that there is room for. */
  #room = firstRows;

  /** `width`: numbers in a row. */
  constructor(width: number) {
    this.#width = width;
    this.#pages = [new Uint32Array(firstRows * width)];
  }

  /** What `packed` gave. Nothing may be added. */
  static unpacked({ width, length, pages }: PackedRows): NumberRows {
    const rows = new NumberRows(width);
    rows.#pages.splice(0, 1, ...pages);
    rows.#length = length;
    rows.#room = length;
    return rows;
  }

  packed(): PackedRows {
    return { width: this.#width, length: this.#length, pages: this.#pages };
  }

  /** Moves the pages; their content must be the same afterwards. */
  move(moved: (page: Uint32Array) => Uint32Array): void {
    for (const [index, page] of this.#pages.entries()) this.#pages[index] = moved(page);
  }

  get length(): number {
    return this.#length;
  }

  get(row: number, field: number): number {
    return (this.#pages[row >>> pageBits] as Uint32Array)[(row & (pageRows - 1)) * this.#width + field] as number;
  }

  set(row: number, field: number, value: number): void {
    (this.#pages[row >>> pageBits] as Uint32Array)[(row & (pageRows - 1)) * this.#width + field] = value;
  }

  /** Adds a row of zeros and answers its number. */
  add(): number {
    if (this.#length === this.#room) this.#grow();
    return this.#length++;
  }

  /** Gives back what the last page has too much. */
  trim(): void {
    const rows = this.#length & (pageRows - 1);
    if (rows === 0) return;
    const last = this.#pages.length - 1;
    const page = this.#pages[last] as Uint32Array;
    if (page.length > rows * this.#width) this.#pages[last] = page.slice(0, rows * this.#width);
    this.#room = this.#length;
  }

  #grow(): void {
    const rows = this.#length & (pageRows - 1);
    if (rows === 0) {
      this.#pages.push(new Uint32Array(pageRows * this.#width));
      this.#room += pageRows;
      return;
    }
    const last = this.#pages.length - 1;
    const grown = new Uint32Array(Math.min(rows * 2, pageRows) * this.#width);
    grown.set(this.#pages[last] as Uint32Array);
    this.#pages[last] = grown;
    this.#room = this.#length - rows + grown.length / this.#width;
  }
}
