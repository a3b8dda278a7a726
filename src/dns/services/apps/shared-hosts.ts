// The addresses of one family in a large app some of whose instances have the same: each is a record with the weight of all
// who have it, so it is addresses that are drawn, not instances. They are kept in order with their sums (ordered-slots.ts), and
// kept up with every change. Of a part of the app what each weighs is summed up in a pass over the slots of the part, some
// ten nanoseconds each.
// In the order of a hash, as the slots are: all threads and nodes choose alike.
// Limits: it is made when it is first asked about, by a look at each instance; a choice is valid until the next one is made.

import type { Instance } from '../../../model/instance.ts';
import type { IpFamily } from '../../../model/ip.ts';
import { shareOf } from '../../../model/selection/weight-share.ts';
import { mixed, textHash } from '../../../runtime/text-hash.ts';
import { planDraws, recordsPerRRsetMax } from '../../message/rotation.ts';
import { HostSums } from './host-sums.ts';
import { OrderedSlots } from './ordered-slots.ts';
import { type SlotPart, wholePart } from './part-sums.ts';
import { priorityRange } from './slot-chunk.ts';
import { SlotSet } from './slot-set.ts';

/** Of an instance with several addresses: of each the entry of its host, and the name of its port. */
interface Owned {
  readonly entries: readonly Entry[];
  readonly portNames: readonly string[];
}

/** One address. */
interface Entry {
  readonly host: string;
  readonly number: number;
  /** Instances that have it and are up. */
  readonly slots: SlotSet;
  weight: number;
  /** The most preferred of theirs. */
  priority: number;
  /** They are not all of one. */
  isMixed: boolean;
}

/** An address that answers. */
export interface ChosenHost {
  readonly host: string;
  /** How many that may answer have it. */
  readonly count: number;
  /** Up to `max` of them. */
  slots(max: number): number[];
}

export interface HostChoice {
  /** The most preferred priority first, within it in the order of the draw. */
  readonly chosen: readonly ChosenHost[];
  /** How many of them are of the most preferred priority. */
  readonly preferred: number;
  /** Indexes below `preferred`, in the order in which they lead. */
  readonly firsts: readonly number[];
  /** How many there are to choose from. */
  readonly hosts: number;
}

export class SharedHosts {
  readonly #family: IpFamily;
  /** The priority of a slot. */
  readonly #priorityOf: (slot: number) => number;
  readonly #entries = new Map<string, Entry>();
  readonly #byNumber: (Entry | undefined)[] = [];
  readonly #free: number[] = [];
  /** By their numbers. */
  readonly #order = new OrderedSlots();
  /** By slot; one entry: of all its addresses. */
  readonly #owned: (Entry | Owned | undefined)[] = [];
  /** What all slots own together. */
  #owning = 0;
  readonly #sums = new HostSums();

  constructor(family: IpFamily, priorityOf: (slot: number) => number) {
    this.#family = family;
    this.#priorityOf = priorityOf;
  }

  /** Those that are not up have no part in it. */
  add(slot: number, { addrs, status, weight, priority }: Instance): void {
    const own = status === 'up' ? addrs.filter(({ family }) => family === this.#family) : [];
    if (own.length === 0) return;
    const entries = own.map(({ host }) => this.#entryOf(host, priority));
    const isOne = entries.every((entry) => entry === entries[0]);
    const owned = isOne ? (entries[0] as Entry) : { entries, portNames: own.map(({ portName }) => portName) };
    this.#owned[slot] = owned;
    this.#owning += entries.length;
    for (const entry of new Set(entries)) {
      this.#takeOut(entry);
      entry.slots.add(slot);
      entry.weight += weight;
      if (entry.priority !== priority) entry.isMixed = true;
      entry.priority = Math.min(entry.priority, priority);
      this.#putIn(entry);
    }
  }

  /** `weight`: what it was added with. */
  delete(slot: number, weight: number): void {
    const owned = this.#owned[slot];
    if (owned === undefined) return;
    this.#owned[slot] = undefined;
    const entries = 'entries' in owned ? owned.entries : [owned];
    this.#owning -= entries.length;
    for (const entry of new Set(entries)) {
      this.#takeOut(entry);
      entry.slots.delete(slot);
      entry.weight -= weight;
      if (entry.slots.size === 0) {
        this.#entries.delete(entry.host);
        this.#byNumber[entry.number] = undefined;
        this.#free.push(entry.number);
        continue;
      }
      if (entry.isMixed) this.#settlePriority(entry);
      this.#putIn(entry);
    }
  }

  /** Draws addresses of all. */
  chooseOfAll(start: number): HostChoice {
    const look = this.#order.look(wholePart, undefined);
    const { order, preferred, firsts } = look.draw(recordsPerRRsetMax, start);
    const chosen = order.map((number) => {
      const { host, slots } = this.#byNumber[number] as Entry;
      return { host, count: slots.size, slots: (max: number) => slots.first(max) };
    });
    return { chosen, preferred, firsts, hosts: look.known };
  }

  /**
   * Draws addresses of the slots of a part; `portNames`: at one of these ports alone, unless it is empty. Those that may be
   * drawn have such a port.
   */
  chooseOfPart(slots: OrderedSlots, part: SlotPart, portNames: readonly string[], start: number): HostChoice {
    const sums = this.#sums;
    sums.begin(this.#byNumber.length, this.#owning);
    slots.visit(part, (slot, weight, priority) => {
      const own = this.#owned[slot];
      if (own === undefined) return;
      if (!('entries' in own)) sums.add(own.number, slot, weight, priority);
      else
        for (const [at, { number }] of own.entries.entries())
          if (portNames.length === 0 || portNames.includes(own.portNames[at] as string))
            sums.add(number, slot, weight, priority);
    });
    const { chosen, ...drawn } = this.#drawn(sums, start);
    return {
      ...drawn,
      hosts: sums.hosts,
      chosen: chosen.map((number) => ({
        host: (this.#byNumber[number] as Entry).host,
        count: sums.count(number),
        slots: (max) => sums.slots(number, max),
      })),
    };
  }

  #drawn(sums: HostSums, start: number): Omit<HostChoice, 'hosts' | 'chosen'> & { readonly chosen: readonly number[] } {
    const byPriority = new Map<number, number[]>();
    this.#order.visit(wholePart, (number) => {
      if (!sums.has(number)) return;
      const priority = sums.priority(number);
      const others = byPriority.get(priority);
      if (others === undefined) byPriority.set(priority, [number]);
      else others.push(number);
    });
    const chosen: number[] = [];
    let firsts: readonly number[] = [];
    let preferred = 0;
    for (const [, numbers] of [...byPriority].sort(([a], [b]) => a - b)) {
      const bounds = new Float64Array(numbers.length);
      let sum = 0;
      for (let at = 0; at < numbers.length; at++) {
        sum += shareOf(sums.weight(numbers[at] as number));
        bounds[at] = sum;
      }
      const drawn = planDraws(bounds, recordsPerRRsetMax - chosen.length, start);
      if (preferred === 0) [firsts, preferred] = [drawn.firsts, drawn.order.length];
      for (const index of drawn.order) chosen.push(numbers[index] as number);
      if (chosen.length === recordsPerRRsetMax) break;
    }
    return { chosen, firsts, preferred };
  }

  #entryOf(host: string, priority: number): Entry {
    const known = this.#entries.get(host);
    if (known !== undefined) return known;
    const number = this.#free.pop() ?? this.#byNumber.length;
    const entry = { host, number, slots: new SlotSet(), weight: 0, priority, isMixed: false };
    this.#entries.set(host, entry);
    this.#byNumber[number] = entry;
    return entry;
  }

  #settlePriority(entry: Entry): void {
    let [least, most] = [Number.POSITIVE_INFINITY, 0];
    for (const slot of entry.slots) {
      const priority = this.#priorityOf(slot);
      least = Math.min(least, priority);
      most = Math.max(most, priority);
    }
    entry.priority = least;
    entry.isMixed = least !== most;
  }

  #takeOut(entry: Entry): void {
    if (entry.slots.size > 0) this.#order.delete(keyOf(entry), entry.number);
  }

  #putIn(entry: Entry): void {
    this.#order.insert(keyOf(entry), entry.number, 1, entry.weight);
  }
}

/** Two with one hash are in the order of their numbers, which may differ between threads: one pair in billions. */
function keyOf({ host, priority }: Entry): number {
  return priority * priorityRange + mixed(textHash(host)) * 2 ** 5 + (mixed(textHash(host, mixed(host.length))) & 31);
}
