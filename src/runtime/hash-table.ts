// Things found by a hash of what they are known by, which each keeps, and compared with what is asked for: a table with
// open places. Node's Map would do, but it makes a unique copy of every text that is looked up, found or not, which costs
// five times what the rest does; and names over the network are mostly new.
// The hashes lie side by side in a table of their own, so that what is not there is mostly found missing without a look at
// any thing, which would be somewhere else in memory.
// From `splitAt` things on it is in parts, of which one at a time grows: laying out a million anew at once would hold all
// answers up.
// Limits: hashes of 32 bits; names made to collide slow down their own look-ups, and those of their neighbours.

export interface Hashed {
  /** See `mixed`. */
  readonly hash: number;
}

type Things<Thing> = (Thing | undefined)[];

const splitAt = 4096;
const partsOfMany = 1024;
/** Powers of two. */
const placesLeast = 4;

export class HashTable<Thing extends Hashed, Key, Beside> {
  readonly #isOf: (thing: Thing, key: Key, beside: Beside) => boolean;
  /** Of each part, one or `partsOfMany`, what is at its places, and beside it the marks: as `marked` has them; 0: the place is open. */
  #things: Things<Thing>[] = [open(placesLeast)];
  #marks: Int32Array[] = [new Int32Array(placesLeast)];
  #sizes = new Uint32Array(1);
  #size = 0;

  /** `isOf`: whether a thing is the one of a key, which may be in two parts. */
  constructor(isOf: (thing: Thing, key: Key, beside: Beside) => boolean) {
    this.#isOf = isOf;
  }

  get size(): number {
    return this.#size;
  }

  find(hash: number, key: Key, beside: Beside): Thing | undefined {
    const part = hash & (this.#marks.length - 1);
    const marks = this.#marks[part] as Int32Array;
    const mask = marks.length - 1;
    const mark = marked(hash);
    for (let at = homeOf(hash, mask); ; at = (at + 1) & mask) {
      const found = marks[at];
      if (found === 0) return undefined;
      if (found !== mark) continue;
      const thing = (this.#things[part] as Things<Thing>)[at] as Thing;
      if (thing.hash === hash && this.#isOf(thing, key, beside)) return thing;
    }
  }

  /** A thing with this hash, with a sign or without; undefined: there is none. Of the hash 1, it may be one with 0. */
  withHash(hash: number): Thing | undefined {
    const part = hash & (this.#marks.length - 1);
    const marks = this.#marks[part] as Int32Array;
    const mask = marks.length - 1;
    const mark = marked(hash);
    let at = homeOf(hash, mask);
    while (marks[at] !== 0 && marks[at] !== mark) at = (at + 1) & mask;
    return marks[at] === 0 ? undefined : (this.#things[part] as Things<Thing>)[at];
  }

  /** Precondition: nothing that is found by its key is there. */
  add(thing: Thing): void {
    if (this.#size === splitAt && this.#marks.length === 1) this.#split();
    const part = thing.hash & (this.#marks.length - 1);
    const size = (this.#sizes[part] as number) + 1;
    // With fewer open places than a quarter, looking takes detours.
    if (4 * size > 3 * (this.#marks[part] as Int32Array).length) this.#grow(part);
    put(this.#things[part] as Things<Thing>, this.#marks[part] as Int32Array, thing);
    this.#sizes[part] = size;
    this.#size++;
  }

  /** Precondition: it is there. */
  delete(thing: Thing): void {
    const part = thing.hash & (this.#marks.length - 1);
    const [things, marks] = [this.#things[part] as Things<Thing>, this.#marks[part] as Int32Array];
    const mask = marks.length - 1;
    let gap = homeOf(thing.hash, mask);
    while (things[gap] !== thing) gap = (gap + 1) & mask;
    // What had to go past this place moves up, so that it is still found.
    for (let at = (gap + 1) & mask; ; at = (at + 1) & mask) {
      const other = things[at];
      if (other === undefined) break;
      const home = homeOf(other.hash, mask);
      const isBehind = gap <= at ? home > gap && home <= at : home > gap || home <= at;
      if (isBehind) continue;
      things[gap] = other;
      marks[gap] = marks[at] as number;
      gap = at;
    }
    things[gap] = undefined;
    marks[gap] = 0;
    (this.#sizes[part] as number)--;
    this.#size--;
  }

  #grow(part: number): void {
    const before = this.#things[part] as Things<Thing>;
    const things = open<Thing>(2 * before.length);
    const marks = new Int32Array(2 * before.length);
    for (const other of before) if (other !== undefined) put(things, marks, other);
    this.#things[part] = things;
    this.#marks[part] = marks;
  }

  #split(): void {
    const [all = []] = this.#things;
    this.#things = Array.from({ length: partsOfMany }, () => open<Thing>(placesLeast));
    this.#marks = Array.from({ length: partsOfMany }, () => new Int32Array(placesLeast));
    this.#sizes = new Uint32Array(partsOfMany);
    this.#size = 0;
    for (const thing of all) if (thing !== undefined) this.add(thing);
  }
}

function open<Thing>(places: number): Things<Thing> {
  return new Array<Thing | undefined>(places).fill(undefined);
}

function put<Thing extends Hashed>(things: Things<Thing>, marks: Int32Array, thing: Thing): void {
  const mask = marks.length - 1;
  let at = homeOf(thing.hash, mask);
  while (marks[at] !== 0) at = (at + 1) & mask;
  things[at] = thing;
  marks[at] = marked(thing.hash);
}

/** With a sign, as the table has them; two hashes share one mark, so that 0 is none. */
function marked(hash: number): number {
  return hash === 0 ? 1 : hash | 0;
}

/** By other bits than those that choose the part. */
function homeOf(hash: number, mask: number): number {
  return (hash >>> 10) & mask;
}
