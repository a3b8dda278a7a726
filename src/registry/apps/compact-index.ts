// The instances of one app, in the order of their arrival, found by a key that each knows itself. A Map of ten takes some
// fifty octets an entry, and most apps have no more than that, so a few share one array: a hash of the key and the
// instance, by turns. Looking through it touches a few lines of memory and, but for an accident, one instance. From
// `fewMax` on it is a Map, for good.

import { mixed, textHash } from '../../runtime/text-hash.ts';

/** Eight lines of a processor's cache. */
const fewMax = 32;

export class CompactIndex<Item> {
  readonly #keyOf: (item: Item) => string;
  /** Made anew for every change, with no room to spare; undefined: they are many. */
  #few: readonly (number | Item)[] | undefined = [];
  #many: Map<string, Item> | undefined;

  constructor(keyOf: (item: Item) => string) {
    this.#keyOf = keyOf;
  }

  get size(): number {
    return this.#many?.size ?? (this.#few as readonly unknown[]).length / 2;
  }

  get(key: string): Item | undefined {
    const few = this.#few;
    if (few === undefined) return this.#many?.get(key);
    const place = this.#slotOf(few, key);
    return place < 0 ? undefined : (few[place] as Item);
  }

  /** Precondition: its key is free. */
  add(item: Item): void {
    const few = this.#few;
    const key = this.#keyOf(item);
    if (few === undefined) {
      this.#many?.set(key, item);
      return;
    }
    if (few.length < 2 * fewMax) {
      this.#few = few.concat([hashOf(key), item]);
      return;
    }
    this.#many = new Map([...this.values(), item].map((one) => [this.#keyOf(one), one]));
    this.#few = undefined;
  }

  delete(key: string): void {
    const few = this.#few;
    if (few === undefined) {
      this.#many?.delete(key);
      return;
    }
    const place = this.#slotOf(few, key);
    if (place >= 0) this.#few = few.toSpliced(place - 1, 2);
  }

  /** As with a Map, an item removed during the iteration is not met any more. */
  *values(): Generator<Item> {
    const few = this.#few;
    if (few === undefined) {
      yield* (this.#many as Map<string, Item>).values();
      return;
    }
    for (let place = 1; place < few.length; place += 2) {
      const item = few[place] as Item;
      if (few === this.#few || this.get(this.#keyOf(item)) === item) yield item;
    }
  }

  #slotOf(few: readonly (number | Item)[], key: string): number {
    const hash = hashOf(key);
    for (let place = 0; place < few.length; place += 2) {
      if (few[place] === hash && this.#keyOf(few[place + 1] as Item) === key) return place + 1;
    }
    return -1;
  }
}

/** Thirty bits, which V8 keeps without a box. */
function hashOf(key: string): number {
  return mixed(textHash(key)) & 0x3fffffff;
}
