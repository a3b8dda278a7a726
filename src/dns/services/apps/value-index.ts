// The values of a large app's instances for one selector, each with the slots of those that have it, updated with
// every change. Names that lie above a value (`2._version` below `1.4.2._version`) are empty non-terminals, so ends of
// values are found as well: the values are kept in a list sorted from their last letter on.
// Limit: memory grows with the values of the app's instances, of keys that were asked for.

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
        this.#backwards?.splice(slotOf(this.#backwards, text), 0, text);
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
      this.#backwards?.splice(slotOf(this.#backwards, backwards(value)), 1);
    }
  }

  /** Those that have it; none has ''. Not to be changed. */
  slotsWith(value: string): SlotSet {
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
    for (let at = slotOf(this.#backwards, end); this.#backwards[at]?.startsWith(end) === true; at++)
      yield this.slotsWith(backwards(this.#backwards[at] as string));
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

/** The position of a text, present or not, in a sorted list. */
function slotOf(sorted: readonly string[], text: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as string) < text) low = middle + 1;
    else high = middle;
  }
  return low;
}
