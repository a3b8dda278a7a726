// When something last happened to rows: monotonic milliseconds, eight octets a row outside the JavaScript heap, in pages that
// are made when a row of theirs gets a time.
// Limits: 2^32 - 1 rows.

const pageBits = 12;
const pageRows = 2 ** pageBits;
export const never = Number.NEGATIVE_INFINITY;

export class RowTimes {
  readonly #pages: (Float64Array | undefined)[] = [];

  get(row: number): number {
    return this.#pages[row >>> pageBits]?.[row & (pageRows - 1)] ?? never;
  }

  set(row: number, ms: number): void {
    const page = this.#pages[row >>> pageBits] ?? this.#open(row >>> pageBits);
    page[row & (pageRows - 1)] = ms;
  }

  /** The row's time, which it has no more. */
  take(row: number): number {
    const ms = this.get(row);
    if (ms !== never) this.set(row, never);
    return ms;
  }

  #open(index: number): Float64Array {
    while (this.#pages.length <= index) this.#pages.push(undefined);
    const page = new Float64Array(pageRows).fill(never);
    this.#pages[index] = page;
    return page;
  }
}
