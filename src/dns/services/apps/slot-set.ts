// A set of small numbers (the slots of a large app's instances): a list while they are few, bits from then on, so that what
// ten thousand instances have in common takes a kilobyte, and a value of one instance a few octets.

/** Above it a bit a slot takes less, and asking takes no search. */
const fewMax = 32;

export class SlotSet {
  size = 0;
  #few: number[] | undefined = [];
  #words = new Uint32Array(0);

  static of(slots: Iterable<number>): SlotSet {
    const set = new SlotSet();
    for (const slot of slots) set.add(slot);
    return set;
  }

  /** The bits of the slots, a word for each 32, where there are many; undefined: ask `has`. */
  get words(): Uint32Array | undefined {
    return this.#few === undefined ? this.#words : undefined;
  }

  has(slot: number): boolean {
    if (this.#few !== undefined) return this.#few.includes(slot);
    return (((this.#words[slot >>> 5] ?? 0) >>> (slot & 31)) & 1) === 1;
  }

  add(slot: number): void {
    if (this.has(slot)) return;
    this.size++;
    if (this.#few !== undefined && this.#few.length < fewMax) {
      this.#few.push(slot);
      return;
    }
    const few = this.#few ?? [];
    this.#few = undefined;
    for (const one of [...few, slot]) this.#setBit(one);
  }

  delete(slot: number): void {
    if (!this.has(slot)) return;
    this.size--;
    if (this.#few !== undefined) this.#few = this.#few.filter((one) => one !== slot);
    else (this.#words[slot >>> 5] as number) &= ~(1 << (slot & 31));
  }

  /** In no order. */
  *[Symbol.iterator](): Generator<number> {
    if (this.#few !== undefined) {
      yield* this.#few;
      return;
    }
    for (let at = 0; at < this.#words.length; at++) {
      for (let word = this.#words[at] as number; word !== 0; word &= word - 1)
        yield at * 32 + 31 - Math.clz32(word & -word);
    }
  }

  /** Whether one of them `isIt`. */
  some(isIt: (slot: number) => boolean): boolean {
    if (this.#few !== undefined) return this.#few.some(isIt);
    for (let at = 0; at < this.#words.length; at++) {
      for (let word = this.#words[at] as number; word !== 0; word &= word - 1)
        if (isIt(at * 32 + 31 - Math.clz32(word & -word))) return true;
    }
    return false;
  }

  /** Up to `max` of them. */
  first(max: number): number[] {
    const found: number[] = [];
    this.some((slot) => found.length === max || found.push(slot) === max);
    return found;
  }

  /** Whether a slot is in both. */
  meets(other: SlotSet): boolean {
    const [small, large] = this.size <= other.size ? [this, other] : [other, this];
    return small.some((slot) => large.has(slot));
  }

  /** The slots of both. Of two that are large it costs a few hundred words, of a small one its slots. */
  and(other: SlotSet): SlotSet {
    const found = new SlotSet();
    if (this.#few !== undefined || other.#few !== undefined) {
      const [small, large] = this.size <= other.size ? [this, other] : [other, this];
      for (const slot of small) if (large.has(slot)) found.add(slot);
      return found;
    }
    const length = Math.min(this.#words.length, other.#words.length);
    found.#few = undefined;
    found.#words = new Uint32Array(length);
    for (let at = 0; at < length; at++) {
      const word = (this.#words[at] as number) & (other.#words[at] as number);
      found.#words[at] = word;
      found.size += bitsOf(word);
    }
    return found;
  }

  /** The slots of either. */
  or(other: SlotSet): SlotSet {
    const [small, large] = this.size <= other.size ? [this, other] : [other, this];
    const found = new SlotSet();
    found.size = large.size;
    found.#few = large.#few?.slice();
    found.#words = Uint32Array.from(large.#words);
    small.some((slot) => {
      found.add(slot);
      return false;
    });
    return found;
  }

  #setBit(slot: number): void {
    const at = slot >>> 5;
    if (at >= this.#words.length) {
      const words = new Uint32Array(Math.max(at + 1, 2 * this.#words.length));
      words.set(this.#words);
      this.#words = words;
    }
    (this.#words[at] as number) |= 1 << (slot & 31);
  }
}

function bitsOf(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
