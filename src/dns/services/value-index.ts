// What the instances of a large app say for one selector: each value with the slots of those that say it, kept up with
// every change. Names that lie above a value (`2._version` below `1.4.2._version`) are empty non-terminals, so ends of
// values are found as well: the values stand in a list sorted from their last letter on.
// Limit: memory grows with the values of the app's instances, of keys that somebody has asked for.

import { SlotSet } from './slot-set.ts';

const empty = new SlotSet();

export class ValueIndex {
  readonly #slots = new Map<string, SlotSet>();
  /** Each value backwards, sorted; undefined until an end is asked for. */
  #backwards: string[] | undefined;

  add(slot: number, values: Iterable<string>): void {
    for (const value of values) {
      let slots = this.#slots.get(value);
      if (slots === undefined) {
        slots = new SlotSet();
        this.#slots.set(value, slots);
        const text = backwards(value);
        this.#backwards?.splice(placeOf(this.#backwards, text), 0, text);
      }
      slots.add(slot);
    }
  }

  delete(slot: number, values: Iterable<string>): void {
    for (const value of values) {
      const slots = this.#slots.get(value);
      slots?.delete(slot);
      if (slots?.size !== 0) continue;
      this.#slots.delete(value);
      this.#backwards?.splice(placeOf(this.#backwards, backwards(value)), 1);
    }
  }

  /** Those that say it; nobody says ''. Not to be changed. */
  saying(value: string): SlotSet {
    return this.#slots.get(value) ?? empty;
  }

  /** The values that are longer than `value` and end in it, at a dot; all end in ''. */
  *endingIn(value: string): Generator<SlotSet> {
    if (value === '') {
      yield* this.#slots.values();
      return;
    }
    this.#backwards ??= [...this.#slots.keys()].map(backwards).sort(byOctets);
    const end = `${backwards(value)}.`;
    for (let at = placeOf(this.#backwards, end); this.#backwards[at]?.startsWith(end) === true; at++)
      yield this.saying(backwards(this.#backwards[at] as string));
  }
}

/** Values are octets, one character each. */
function backwards(value: string): string {
  let text = '';
  for (let at = value.length - 1; at >= 0; at--) text += value[at];
  return text;
}

function byOctets(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Where a text stands, or is to stand, in a sorted list. */
function placeOf(sorted: readonly string[], text: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as string) < text) low = middle + 1;
    else high = middle;
  }
  return low;
}
