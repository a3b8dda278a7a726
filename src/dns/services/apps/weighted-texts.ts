// Texts with weights, kept in the order of a hash, to draw a hundred of thousands at the price of a hundred: the same on all
// threads and nodes, whatever came first.

import { mixed, textHash } from '../../../runtime/text-hash.ts';
import { OrderedSlots } from './ordered-slots.ts';
import { wholePart } from './part-sums.ts';

export class WeightedTexts {
  readonly #slots = new OrderedSlots();
  readonly #texts: string[] = [];
  readonly #slotOf = new Map<string, number>();
  readonly #free: number[] = [];

  /** `known`: the weight that it has. 0: it is not there. */
  set(text: string, known: number, weight: number): void {
    const key = mixed(textHash(text));
    const slot = this.#slotOf.get(text) ?? this.#free.pop() ?? this.#texts.length;
    if (known > 0) this.#slots.delete(key, slot);
    if (weight > 0) {
      this.#slots.insert(key, slot, 1, weight);
      this.#texts[slot] = text;
      this.#slotOf.set(text, slot);
    } else if (this.#slotOf.delete(text)) this.#free.push(slot);
  }

  draw(wanted: number, start: number): { readonly texts: readonly string[]; readonly firsts: readonly number[] } {
    const { order, firsts } = this.#slots.look(wholePart, undefined).draw(wanted, start);
    return { texts: order.map((slot) => this.#texts[slot] as string), firsts };
  }
}
