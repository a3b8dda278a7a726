// Things found by a hash of what they are known by, which each keeps, and compared with what is asked for: a table with
// open places. Node's Map would do, but it makes a unique copy of every text that is looked up, found or not, which costs
// five times what the rest does; and names over the network are mostly new.
// From `splitAt` things on it is in parts, of which one at a time grows: laying out a million anew at once would hold all
// answers up.
// Limits: hashes of 32 bits; names made to collide slow down their own look-ups, and those of their neighbours.

export interface Hashed {
  /** See `mixed`. */
  readonly hash: number;
}

type Places<Thing> = (Thing | undefined)[];

const splitAt = 4096;
const partsOfMany = 1024;
/** Powers of two. */
const placesLeast = 4;

export class HashTable<Thing extends Hashed, Key, Beside> {
  readonly #isOf: (thing: Thing, key: Key, beside: Beside) => boolean;
  /** One, or `partsOfMany`. */
  #parts: Places<Thing>[] = [open(placesLeast)];
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
    const places = this.#parts[hash & (this.#parts.length - 1)] as Places<Thing>;
    const mask = places.length - 1;
    for (let at = homeOf(hash, mask); ; at = (at + 1) & mask) {
      const thing = places[at];
      if (thing === undefined || (thing.hash === hash && this.#isOf(thing, key, beside))) return thing;
    }
  }

  /** Precondition: nothing that is found by its key is there. */
  add(thing: Thing): void {
    if (this.#size === splitAt && this.#parts.length === 1) this.#split();
    const part = thing.hash & (this.#parts.length - 1);
    const size = (this.#sizes[part] as number) + 1;
    let places = this.#parts[part] as Places<Thing>;
    // With fewer open places than a quarter, looking takes detours.
    if (4 * size > 3 * places.length) {
      const grown = open<Thing>(2 * places.length);
      for (const other of places) if (other !== undefined) put(grown, other);
      this.#parts[part] = grown;
      places = grown;
    }
    put(places, thing);
    this.#sizes[part] = size;
    this.#size++;
  }

  /** Precondition: it is there. */
  delete(thing: Thing): void {
    const part = thing.hash & (this.#parts.length - 1);
    const places = this.#parts[part] as Places<Thing>;
    const mask = places.length - 1;
    let gap = homeOf(thing.hash, mask);
    while (places[gap] !== thing) gap = (gap + 1) & mask;
    // What had to go past this place moves up, so that it is still found.
    for (let at = (gap + 1) & mask; ; at = (at + 1) & mask) {
      const other = places[at];
      if (other === undefined) break;
      const home = homeOf(other.hash, mask);
      const isBehind = gap <= at ? home > gap && home <= at : home > gap || home <= at;
      if (isBehind) continue;
      places[gap] = other;
      gap = at;
    }
    places[gap] = undefined;
    (this.#sizes[part] as number)--;
    this.#size--;
  }

  #split(): void {
    const [all = []] = this.#parts;
    this.#parts = Array.from({ length: partsOfMany }, () => open<Thing>(placesLeast));
    this.#sizes = new Uint32Array(partsOfMany);
    this.#size = 0;
    for (const thing of all) if (thing !== undefined) this.add(thing);
  }
}

function open<Thing>(places: number): Places<Thing> {
  return new Array<Thing | undefined>(places).fill(undefined);
}

function put<Thing extends Hashed>(places: Places<Thing>, thing: Thing): void {
  const mask = places.length - 1;
  let at = homeOf(thing.hash, mask);
  while (places[at] !== undefined) at = (at + 1) & mask;
  places[at] = thing;
}

/** By other bits than those that choose the part. */
function homeOf(hash: number, mask: number): number {
  return (hash >>> 10) & mask;
}
