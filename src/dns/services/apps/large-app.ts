// An app with more addresses than an RRset may have records (100), in a few numbers an instance that are kept up with every
// change: who takes traffic, who has which type of record, at which priority and weight. An answer is decided on these
// numbers alone: a draw first, then at most a hundred instances are looked at and made into records. So ten thousand
// instances cost an answer some tens of microseconds for the pass over their numbers, and what was decided is kept until
// the app changes or the choice does.
// The choice changes once per TTL by the clock of the day, and depends on nothing but that, the app, and who is in it: all
// threads and nodes choose alike. Hence instances are kept in the order of a hash of their labels, not of their arrival.
// Instances that share an address make one record of it, with the weight of all: in such apps addresses are drawn
// (shared-hosts.ts). Those behind one host name share its records as well; of these, instances are drawn.
// Limits: the records of `cachedMax` kinds of answer are kept; of a hundred thousand million pairs of labels one has the same
// hash, and is then in the order of arrival.

import type { Instance } from '../../../model/instance.ts';
import type { IpFamily } from '../../../model/ip.ts';
import type { AppView, LeasedInstance } from '../../../model/view.ts';
import { RRType } from '../../message/message.ts';
import { recordsPerRRsetMax } from '../../message/rotation.ts';
import type { NodeData } from '../../zone/zone.ts';
import { seedOf, startOf } from './epoch.ts';
import { HostCounts } from './host-counts.ts';
import { hostsOf } from './host-instances.ts';
import { OrderedSlots } from './ordered-slots.ts';
import { PartSums, type SlotPart } from './part-sums.ts';
import { type Selector, type ValueKey, valuesOf } from './selector.ts';
import { httpsPortNames, svcbPortNames } from './service-ports.ts';
import { type HostChoice, SharedHosts } from './shared-hosts.ts';
import type { SlotLook } from './slot-look.ts';
import { bit, bitOfType, bitsOf, keyOf } from './slot-marks.ts';
import { SlotSet } from './slot-set.ts';
import { ValueIndex } from './value-index.ts';
import type { WaitingCounts } from './waiting-note.ts';

/** Answers' records that are kept: of types, ports and selectors that are asked for beside each other. */
const cachedMax = 256;
/** Selections whose sums are kept: each takes some forty octets a chunk of the app, of which there are 1.5 a hundred instances. */
const partsMax = 64;
/** What was made of instances, all kinds together: of the choices of a few epochs. */
const preparedMax = 4096;
/** What is named of those that are left out of an answer. */
const namedMax = 2;

/** Who answers, decided before any of them is looked at. */
export interface SlotChoice {
  readonly known: number;
  readonly up: number;
  /** Of those that are up, how many have the type. */
  readonly having: number;
  /** Of those that are not up. */
  readonly waiting: WaitingCounts;
  /** Slots; the most preferred priority first, within it in the order of the draw. */
  readonly chosen: readonly number[];
  /** How many of them are of the most preferred priority. */
  readonly preferred: number;
  /** Indexes below `preferred`, in the order in which they lead. */
  readonly firsts: readonly number[];
  /** Some of those that are up and have not the type. */
  readonly without: readonly LeasedInstance[];
}

/** Which of the instances a name is about. */
export interface Selected {
  readonly large: LargeApp;
  /** Undefined: all. */
  readonly slots: SlotSet | undefined;
  /** Equal texts, equal instances. */
  readonly key: string;
  /** Names of the ports that addresses are narrowed to; empty: all. */
  readonly portNames: readonly string[];
  /** Equal texts, equal addresses of an instance. */
  readonly narrowing: string;
}

export class LargeApp {
  readonly #app: AppView;
  readonly #seed: number;
  readonly #order = new OrderedSlots();
  /** By slot: the view's row, or the label. */
  readonly #handles: (number | string)[] = [];
  readonly #free: number[] = [];
  /** Of slots with the same key as another. */
  readonly #labelsOfSameKey = new Map<number, string>();
  readonly #values = new Map<ValueKey, ValueIndex>();
  /** How many instances have each TTL, in seconds. */
  readonly #ttls = new Map<number, number>();
  readonly #hosts = new HostCounts();
  /** By family, made when it is first asked for. */
  readonly #shared = new Map<IpFamily, SharedHosts>();
  /** Host names, with the number of instances behind each. */
  readonly #names = new Map<string, number>();
  #sharedNames = 0;
  readonly #cached = new Map<string, { readonly epoch: number; readonly data: NodeData }>();
  #cachedRevision = -1;
  readonly #choices = new Map<string, SlotChoice>();
  #choicesOf = { revision: -1, epoch: -1 };
  /** Of selections, by what is drawn of them. */
  readonly #partSums = new Map<string, PartSums>();
  /** By kind of record, then by slot, what was made of an instance: it lasts while the instance does. */
  readonly #prepared = new Map<string, Map<number, unknown>>();
  #preparedCount = 0;
  #slots = 0;
  /** Instances that were looked at one by one, for tests of the bounds. */
  looks = 0;

  constructor(app: AppView) {
    this.#app = app;
    this.#seed = seedOf(app);
    for (const { instance } of app.instances()) this.changed(undefined, instance);
  }

  changed(before: Instance | undefined, after: Instance | undefined): void {
    if (before !== undefined) this.#delete(before);
    if (after !== undefined) this.#add(after);
    for (const name of namesOf(before)) this.#countName(name, -1);
    for (const name of namesOf(after)) this.#countName(name, 1);
    for (const host of before === undefined ? [] : hostsOf(before)) this.#hosts.remove(host);
    for (const host of after === undefined ? [] : hostsOf(after)) this.#hosts.add(host);
  }

  /** True where the records of a type are not each of one instance. */
  isSharing(type: number): boolean {
    if (type === RRType.A || type === RRType.AAAA) return this.#hosts.shared > 0;
    return type !== RRType.TXT && this.#sharedNames > 0;
  }

  /** Which addresses answer, within the epoch. To be read before another choice is made. */
  chooseHosts(selected: Selected, family: IpFamily, epoch: number): HostChoice {
    const { part } = this.#partOf(selected, family === 4 ? RRType.A : RRType.AAAA);
    const shared = this.#sharedOf(family);
    const start = startOf(this.#seed, epoch);
    if (part.set === undefined && part.having === undefined) return shared.chooseOfAll(start);
    return shared.chooseOfPart(this.#order, part, selected.portNames, start);
  }

  /** The records of a kind of answer, made once for the app as it is, the epoch, and the time of its TTLs. */
  cached(key: string, epoch: number, nowMs: number, make: () => NodeData): NodeData {
    const { revision } = this.#app;
    if (this.#cachedRevision !== revision || this.#cached.size >= cachedMax) this.#cached.clear();
    this.#cachedRevision = revision;
    const known = this.#cached.get(key);
    if (known !== undefined && known.epoch === epoch && isValid(known.data, nowMs)) return known.data;
    const data = make();
    this.#cached.set(key, { epoch, data });
    return data;
  }

  get size(): number {
    return this.#order.size;
  }

  /** Seconds that a choice lasts: the shortest TTL of the app, one at least. */
  get epochSeconds(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const ttl of this.#ttls.keys()) least = Math.min(least, ttl);
    return Math.max(1, least);
  }

  /** Those with a value for a key. */
  slotsWith({ key, value }: Selector<ValueKey>): SlotSet {
    return this.#index(key).slotsWith(value);
  }

  /** Those that match all of the selectors; undefined: there are no selectors, hence all. */
  select(selectors: readonly Selector[]): SlotSet | undefined {
    let found: SlotSet | undefined;
    for (const selector of selectors) {
      const matching = this.slotsWith(selector);
      found = found === undefined ? matching : found.and(matching);
    }
    return found;
  }

  /** True where one of `beside` (undefined: all) has a longer value that ends in this one. */
  hasEnd({ key, value }: Selector, beside: SlotSet | undefined): boolean {
    for (const matching of this.#index(key).endingIn(value))
      if (beside === undefined || matching.meets(beside)) return true;
    return false;
  }

  isAnyUp(slots: SlotSet): boolean {
    return this.#order.isAny(bit.up, slots);
  }

  *instances(slots: SlotSet | undefined): Generator<LeasedInstance> {
    for (const slot of slots ?? this.#order) yield this.at(slot);
  }

  /** What `make` makes of an instance, or has made of it as it is. */
  prepared<Value>(kind: string, slot: number, make: (leased: LeasedInstance) => Value): Value {
    let bySlot = this.#prepared.get(kind);
    if (bySlot === undefined || this.#preparedCount >= preparedMax) {
      if (this.#preparedCount >= preparedMax) this.#prepared.clear();
      if (this.#prepared.size === 0) this.#preparedCount = 0;
      bySlot = this.#prepared.get(kind) ?? new Map<number, unknown>();
      this.#prepared.set(kind, bySlot);
    }
    const known = bySlot.get(slot) as Value | undefined;
    if (known !== undefined) return known;
    const value = make(this.at(slot));
    bySlot.set(slot, value);
    this.#preparedCount++;
    return value;
  }

  /** Who answers with a type, within the epoch. Types that the same instances have share a choice. */
  choose(selected: Selected, type: number, epoch: number): SlotChoice {
    const { key, part } = this.#partOf(selected, type);
    return this.#chosen(key, epoch, () => {
      const isWhole = part.set === undefined && part.having === undefined;
      const look = this.#order.look(part, isWhole ? undefined : this.#sumsOf(key));
      return this.#choice(look, part.want, startOf(this.#seed, epoch));
    });
  }

  /** What is drawn from, and a key that is the same for no other part. */
  #partOf(
    { slots, key, portNames, narrowing }: Selected,
    type: number,
  ): { readonly key: string; readonly part: SlotPart } {
    const order = this.#order;
    const having = portNames.length === 0 ? undefined : this.#havingAt(portNames, type);
    const isWhole = (slots === undefined || slots.size === order.size) && having === undefined;
    const ofType = bitOfType.get(type) ?? bit.up;
    // Where all that are up have the type, it makes no difference which bit is asked for.
    const want = order.counts[ofType] === order.counts[bit.up] ? bit.up : ofType;
    const ports = having === undefined ? '' : `${type} ${narrowing}`;
    return {
      key: `${want} ${isWhole ? '' : key} ${ports}`,
      part: { set: isWhole ? undefined : slots, want, having },
    };
  }

  /** The choice of the app as it is and the epoch, made once. */
  #chosen(key: string, epoch: number, make: () => SlotChoice): SlotChoice {
    const { revision } = this.#app;
    if (this.#choicesOf.revision !== revision || this.#choicesOf.epoch !== epoch) {
      this.#choicesOf = { revision, epoch };
      this.#choices.clear();
    }
    let choice = this.#choices.get(key);
    if (choice === undefined) {
      choice = make();
      if (this.#choices.size < cachedMax) this.#choices.set(key, choice);
    }
    return choice;
  }

  #sumsOf(key: string): PartSums {
    let sums = this.#partSums.get(key);
    if (sums === undefined) {
      if (this.#partSums.size >= partsMax) this.#partSums.clear();
      sums = new PartSums();
      this.#partSums.set(key, sums);
    }
    return sums;
  }

  #choice(look: SlotLook, typeBit: number, start: number): SlotChoice {
    const { known, counts, count: having } = look;
    const up = counts[bit.up] as number;
    const { order, preferred, firsts } = look.draw(recordsPerRRsetMax, start);
    const without = up > having ? look.first(bit.up, typeBit, namedMax) : [];
    return {
      known,
      up,
      having,
      waiting: this.#waiting(look),
      chosen: order,
      preferred,
      firsts,
      without: without.map((slot) => this.at(slot)),
    };
  }

  #waiting(look: SlotLook): WaitingCounts {
    const [drained, critical, unchecked] = [bit.drained, bit.critical, bit.unchecked].map(
      (which) => look.counts[which] as number,
    ) as [number, number, number];
    const any = (which: number) => {
      const [slot] = look.first(which, undefined, 1);
      return slot === undefined ? undefined : this.at(slot).instance;
    };
    return { drained, critical, unchecked, anyDrained: any(bit.drained), failing: any(bit.critical) };
  }

  #sharedOf(family: IpFamily): SharedHosts {
    let shared = this.#shared.get(family);
    if (shared === undefined) {
      shared = new SharedHosts(family, (slot) => this.#order.priorityOf(slot));
      this.#shared.set(family, shared);
      for (const slot of this.#order) shared.add(slot, this.at(slot).instance);
    }
    return shared;
  }

  /** Of those with the ports, which have the type at one of them. Undefined: those that have it at all have it there. */
  #havingAt(portNames: readonly string[], type: number): SlotSet | undefined {
    if (type === RRType.A || type === RRType.AAAA) {
      const key = type === RRType.A ? 'ipv4Port' : 'ipv6Port';
      return portNames.map((value) => this.slotsWith({ key, value })).reduce((all, set) => all.or(set));
    }
    const wanted = type === RRType.HTTPS ? httpsPortNames : type === RRType.SVCB ? svcbPortNames : undefined;
    return wanted === undefined || portNames.some((portName) => wanted.has(portName)) ? undefined : new SlotSet();
  }

  #add(instance: Instance): void {
    const { label, dnsTtl, weight } = instance;
    const slot = this.#free.pop() ?? this.#slots++;
    const key = keyOf(instance);
    for (const other of this.#order.at(key)) {
      this.#labelsOfSameKey.set(slot, label);
      if (!this.#labelsOfSameKey.has(other)) this.#labelsOfSameKey.set(other, this.at(other).instance.label);
    }
    this.#order.insert(key, slot, bitsOf(instance), weight);
    this.#handles[slot] = this.#app.rowOf?.(label) ?? label;
    this.#ttls.set(dnsTtl, (this.#ttls.get(dnsTtl) ?? 0) + 1);
    for (const [name, index] of this.#values) index.add(slot, valuesOf(instance, name));
    for (const shared of this.#shared.values()) shared.add(slot, instance);
  }

  #delete(instance: Instance): void {
    const { label, dnsTtl, weight } = instance;
    const key = keyOf(instance);
    let slot = -1;
    for (const one of this.#order.at(key)) if ((this.#labelsOfSameKey.get(one) ?? label) === label) slot = one;
    if (slot < 0 || !this.#order.delete(key, slot)) return;
    this.#free.push(slot);
    this.#labelsOfSameKey.delete(slot);
    for (const bySlot of this.#prepared.values()) bySlot.delete(slot);
    const others = (this.#ttls.get(dnsTtl) ?? 1) - 1;
    if (others > 0) this.#ttls.set(dnsTtl, others);
    else this.#ttls.delete(dnsTtl);
    for (const [name, index] of this.#values) index.delete(slot, valuesOf(instance, name));
    for (const shared of this.#shared.values()) shared.delete(slot, weight);
  }

  #countName(host: string, by: 1 | -1): void {
    const known = this.#names.get(host) ?? 0;
    const count = known + by;
    if (count > 0) this.#names.set(host, count);
    else this.#names.delete(host);
    if (known > 1 !== count > 1) this.#sharedNames += by;
  }

  /** Asked after the change. Another app's instances may be at the host as well. */
  at(slot: number): LeasedInstance {
    this.looks++;
    const handle = this.#handles[slot] as number | string;
    return (typeof handle === 'number' ? this.#app.atRow?.(handle) : this.#app.byLabel(handle)) as LeasedInstance;
  }

  /** Made when it is first asked for: it costs a look at every instance, once. */
  #index(key: ValueKey): ValueIndex {
    let index = this.#values.get(key);
    if (index === undefined) {
      index = new ValueIndex();
      this.#values.set(key, index);
      for (const slot of this.#order) index.add(slot, valuesOf(this.at(slot).instance, key));
    }
    return index;
  }
}

function namesOf(instance: Instance | undefined): Iterable<string> {
  const { addrs } = instance ?? { addrs: [] };
  return new Set(addrs.filter(({ family }) => family === 'name').map(({ host }) => host));
}

function isValid(data: NodeData, nowMs: number): boolean {
  return data.rrset === undefined || nowMs <= data.validUntilMs;
}
