// Very many things, each found by a text that it knows itself: a hash table with open places, some twenty octets a thing
// where a Map takes forty and the text. In parts, as ShardedMap is and for the same reason: one of many grows at a time.
// Hashes are kept beside the things, so that a thing's text is made only for the one that is looked for.

import { mixed, textHash } from './text-hash.ts';

const parts = 1024;
const placesLeast = 4;
/** Eighths of a part's places: with fewer open ones, looking takes detours. */
const takenEighthsMax = 6;

interface Part<Thing> {
  readonly things: (Thing | undefined)[];
  readonly hashes: Uint32Array;
  size: number;
}

export class ShardedSet<Thing> {
  readonly #textOf: (thing: Thing) => string;
  readonly #parts: Part<Thing>[];

  constructor(textOf: (thing: Thing) => string) {
    this.#textOf = textOf;
    this.#parts = Array.from({ length: parts }, () => partOf<Thing>(0));
  }

  get(text: string): Thing | undefined {
    const hash = hashOf(text);
    const part = this.#part(hash);
    return part.size === 0 ? undefined : part.things[this.#slotOf(part, hash, text)];
  }

  /** Adds it, or puts it in the place of another one with its text. */
  set(thing: Thing): void {
    const text = this.#textOf(thing);
    const hash = hashOf(text);
    let part = this.#part(hash);
    if (8 * (part.size + 1) > takenEighthsMax * part.things.length) {
      part = grown(part);
      this.#parts[hash % parts] = part;
    }
    const place = this.#slotOf(part, hash, text);
    if (part.things[place] === undefined) part.size++;
    part.things[place] = thing;
    part.hashes[place] = hash;
  }

  delete(text: string): void {
    const hash = hashOf(text);
    const part = this.#part(hash);
    if (part.size === 0) return;
    const { things, hashes } = part;
    let open = this.#slotOf(part, hash, text);
    if (things[open] === undefined) return;
    part.size--;
    // What had to go past this place moves up, so that it is still found.
    for (let at = next(open, part); things[at] !== undefined; at = next(at, part)) {
      const home = homeOf(hashes[at] as number, part);
      const isBehind = open <= at ? home > open && home <= at : home > open || home <= at;
      if (isBehind) continue;
      things[open] = things[at];
      hashes[open] = hashes[at] as number;
      open = at;
    }
    things[open] = undefined;
  }

  #part(hash: number): Part<Thing> {
    return this.#parts[hash % parts] as Part<Thing>;
  }

  /** Where it is, or where it would be. Precondition: some place is open. */
  #slotOf(part: Part<Thing>, hash: number, text: string): number {
    for (let at = homeOf(hash, part); ; at = next(at, part)) {
      const thing = part.things[at];
      if (thing === undefined || (part.hashes[at] === hash && this.#textOf(thing) === text)) return at;
    }
  }
}

function partOf<Thing>(places: number): Part<Thing> {
  return { things: new Array(places).fill(undefined), hashes: new Uint32Array(places), size: 0 };
}

/** By half as much, for little room to spare. */
function grown<Thing>(old: Part<Thing>): Part<Thing> {
  const places = old.things.length;
  const part = partOf<Thing>(Math.max(placesLeast, places + (places >> 1)));
  for (const [index, thing] of old.things.entries()) {
    if (thing === undefined) continue;
    const hash = old.hashes[index] as number;
    let at = homeOf(hash, part);
    while (part.things[at] !== undefined) at = next(at, part);
    part.things[at] = thing;
    part.hashes[at] = hash;
  }
  part.size = old.size;
  return part;
}

function hashOf(text: string): number {
  return mixed(textHash(text));
}

/** By other bits than those that choose the part. */
function homeOf(hash: number, { things }: Part<unknown>): number {
  return (hash >>> 10) % things.length;
}

function next(place: number, { things }: Part<unknown>): number {
  return place + 1 === things.length ? 0 : place + 1;
}
