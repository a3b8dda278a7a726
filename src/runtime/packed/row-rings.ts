// Rows in rings, each row in one: which is the next, and which the one before. For lists that something else knows one row
// of. Eight octets a row outside the JavaScript heap (see number-rows.ts), in pages that are made when a row of theirs gets
// a neighbour: rows that are alone in their rings cost nothing.
// Limits: 2^32 - 1 rows.

const pageBits = 12;
const pageRows = 2 ** pageBits;

const nextField = 0;
const previousField = 1;

export class RowRings {
  readonly #pages: (Uint32Array | undefined)[] = [];

  next(row: number): number {
    return this.#get(row, nextField);
  }

  previous(row: number): number {
    return this.#get(row, previousField);
  }

  /** Whether the row is alone in its ring. */
  isAlone(row: number): boolean {
    return this.#get(row, nextField) === row;
  }

  /** Puts a row that is alone right behind another one. */
  join(row: number, other: number): void {
    const following = this.#get(other, nextField);
    this.#link(other, row);
    this.#link(row, following);
  }

  /** Makes a row alone; answers the one that was before it, itself where it was alone. */
  leave(row: number): number {
    const before = this.#get(row, previousField);
    if (before === row) return row;
    this.#link(before, this.#get(row, nextField));
    this.#link(row, row);
    return before;
  }

  /** Puts a row that is alone in the place of another one, which is then alone. */
  replace(row: number, other: number): void {
    const before = this.leave(row);
    if (before !== row) this.join(other, before);
  }

  #link(row: number, following: number): void {
    this.#set(row, nextField, following);
    this.#set(following, previousField, row);
  }

  /** Kept with one added; 0: the row itself. */
  #get(row: number, field: number): number {
    const other = this.#pages[row >>> pageBits]?.[(row & (pageRows - 1)) * 2 + field] ?? 0;
    return other === 0 ? row : other - 1;
  }

  #set(row: number, field: number, other: number): void {
    const index = row >>> pageBits;
    let page = this.#pages[index];
    if (page === undefined) {
      if (other === row) return;
      while (this.#pages.length < index) this.#pages.push(undefined);
      page = new Uint32Array(pageRows * 2);
      this.#pages[index] = page;
    }
    page[(row & (pageRows - 1)) * 2 + field] = other === row ? 0 : other + 1;
  }
}
