// Folded names, each with a number: a tree of labels in one hash table, packed outside the JavaScript heap (see
// number-rows.ts). A name is its leftmost label and the number of its parent, so a name brings those above it along:
// empty non-terminals need nothing of their own, and a suffix that a million names share is there once.
// Not for names that come over the network: nothing here protects against names that are chosen to collide. Looking one
// up is harmless.
// Limits: 2^32 names.

import { NumberRows, type PackedRows } from '../../runtime/packed/number-rows.ts';
import { OctetPages, type PackedOctets } from '../../runtime/packed/octet-pages.ts';
import type { Moving } from '../../runtime/packed/shared-memory.ts';
import { hashPrime, hashStart, mixed } from '../../runtime/text-hash.ts';
import { labelsOf, type Name, ROOT } from '../message/name.ts';
import type { RequestName } from '../message/request-name.ts';

const PARENT = 0;
const LABEL = 1;
const HASH = 2;
const fieldCount = 3;

/** The root's number; being the child of none, it marks an empty slot too. */
const root = 0;
const slotsLeast = 16;
/** Names that are placed before it yields: well under a millisecond. */
const placedPerSlice = 8192;
/** 255 octets, two for each label and one for the root. */
const labelsMax = 127;

/** Where the labels of the name being looked up begin, left to right. */
const labelAts = new Uint8Array(labelsMax);

/** The names as plain data, for another thread. */
export interface PackedNames {
  readonly apex: Name;
  readonly rows: PackedRows;
  readonly labels: PackedOctets;
  readonly slots: Uint32Array;
}

export class NameTable {
  /** The number of the apex. Names above it have lower numbers, all others higher ones. */
  readonly apex: number;
  readonly #apexName: Name;
  readonly #apexLabels: number;
  #rows = new NumberRows(fieldCount);
  #labels = new OctetPages();
  #slots: Uint32Array = new Uint32Array(slotsLeast);
  /** How many of labelAts are in use. */
  #labelCount = 0;

  /** `apex`: most names are at or below it; others are found too, a little later. */
  constructor(apex: Name) {
    this.#rows.add();
    this.#apexName = ROOT;
    const number = this.add(apex);
    this.#apexName = apex;
    this.#apexLabels = labelsOf(apex).length;
    this.apex = number;
  }

  /** What `packed` gave. Nothing may be added. */
  static unpacked({ apex, rows, labels, slots }: PackedNames): NameTable {
    const names = new NameTable(apex);
    names.#rows = NumberRows.unpacked(rows);
    names.#labels = OctetPages.unpacked(labels);
    names.#slots = slots;
    return names;
  }

  packed(): PackedNames {
    const [rows, labels] = [this.#rows.packed(), this.#labels.packed()];
    return { apex: this.#apexName, rows, labels, slots: this.#slots };
  }

  /** Moves all pages; see NumberRows. */
  move(moving: Moving): void {
    this.#rows.move(moving.numbers);
    this.#labels.move(moving.octets);
    this.#slots = moving.numbers(this.#slots);
  }

  /** Names from number 0 to this, without it. */
  get length(): number {
    return this.#rows.length;
  }

  /** The number of a name; undefined: it is not here. */
  find(name: Name): number | undefined {
    let number = this.#anchor(name);
    for (let at = this.#labelCount - 1; at >= 0; at--) {
      const start = labelAts[at] as number;
      number = this.#child(number, hashOf(number, name, start), name, start);
      if (number === root) return undefined;
    }
    return number;
  }

  /** Whether a name of a request is here, which is the apex or lies below it. */
  hasRequested(name: RequestName): boolean {
    let number = this.apex;
    for (let label = name.labels - this.#apexLabels - 1; label >= 0; label--) {
      number = this.#requestedChild(number, name, label);
      if (number === root) return false;
    }
    return true;
  }

  /** The number of a name, which is added if it is new, with those above it. */
  add(name: Name): number {
    let number = this.#anchor(name);
    for (let at = this.#labelCount - 1; at >= 0; at--) {
      const start = labelAts[at] as number;
      const hash = hashOf(number, name, start);
      const known = this.#child(number, hash, name, start);
      number = known === root ? this.#insert(number, hash, name, start) : known;
    }
    return number;
  }

  /** The number of the name above. Precondition: not the root's. */
  parent(number: number): number {
    return this.#rows.get(number, PARENT);
  }

  name(number: number): Name {
    let text = '';
    for (let at = number; at !== root; at = this.parent(at)) {
      if (at === this.apex) return (text + this.#apexName) as Name;
      const address = this.#rows.get(at, LABEL);
      const page = this.#labels.page(address);
      const start = this.#labels.offset(address);
      text += page.toString('latin1', start, start + (page[start] as number) + 1);
    }
    return (text + ROOT) as Name;
  }

  /** Whether growing() should be called before many more names are added: add() itself would do it at one go. */
  get isCrowded(): boolean {
    return this.#rows.length > this.#slots.length * 0.625;
  }

  /** Makes room, in slices; nothing may be added in between. */
  *growing(): Generator<undefined, void> {
    const slots = new Uint32Array(this.#slots.length * 2);
    for (let number = root + 1; number < this.#rows.length; number++) {
      place(slots, this.#rows.get(number, HASH), number);
      if (number % placedPerSlice === 0) yield;
    }
    this.#slots = slots;
  }

  /** Gives back what was set aside for names to come. */
  trim(): void {
    this.#rows.trim();
    this.#labels.trim();
  }

  /** Notes where the labels of `name` begin, as far as they lie below the name whose number is the answer. */
  #anchor(name: Name): number {
    const apex = this.#apexName;
    let count = 0;
    let at = 0;
    for (let length = name.charCodeAt(0); length > 0; length = name.charCodeAt(at)) {
      if (name.length - at === apex.length && name.endsWith(apex)) {
        this.#labelCount = count;
        return this.apex;
      }
      labelAts[count++] = at;
      at += length + 1;
    }
    this.#labelCount = count;
    return root;
  }

  /** The child of `parent` whose label is at `start` of `name`, or the root's number. */
  #child(parent: number, hash: number, name: Name, start: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = slots[slot] as number;
      if (number === root) return root;
      if (this.#rows.get(number, HASH) !== hash || this.#rows.get(number, PARENT) !== parent) continue;
      if (this.#isLabel(number, name, start)) return number;
    }
  }

  #requestedChild(parent: number, name: RequestName, label: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const hash = mixed(name.labelHash(label, startOf(parent), true));
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = slots[slot] as number;
      if (number === root) return root;
      if (this.#rows.get(number, HASH) !== hash || this.#rows.get(number, PARENT) !== parent) continue;
      const address = this.#rows.get(number, LABEL);
      const page = this.#labels.page(address);
      if (name.isLabelAt(label, page, this.#labels.offset(address))) return number;
    }
  }

  #isLabel(number: number, name: Name, start: number): boolean {
    const address = this.#rows.get(number, LABEL);
    const page = this.#labels.page(address);
    const offset = this.#labels.offset(address);
    const length = name.charCodeAt(start);
    for (let at = 0; at <= length; at++) if (page[offset + at] !== name.charCodeAt(start + at)) return false;
    return true;
  }

  #insert(parent: number, hash: number, name: Name, start: number): number {
    // After isCrowded, so that a caller of growing() in time never waits here.
    if (this.#rows.length > this.#slots.length * 0.875) for (const _ of this.growing());
    const length = name.charCodeAt(start);
    const address = this.#labels.take(length + 1);
    const page = this.#labels.page(address);
    const offset = this.#labels.offset(address);
    for (let at = 0; at <= length; at++) page[offset + at] = name.charCodeAt(start + at);
    const number = this.#rows.add();
    this.#rows.set(number, PARENT, parent);
    this.#rows.set(number, LABEL, address);
    this.#rows.set(number, HASH, hash);
    place(this.#slots, hash, number);
    return number;
  }
}

function place(slots: Uint32Array, hash: number, number: number): void {
  const mask = slots.length - 1;
  let slot = hash & mask;
  while (slots[slot] !== 0) slot = (slot + 1) & mask;
  slots[slot] = number;
}

/** FNV-1a over a label, begun with its parent, and mixed at the end since a slot is the lowest bits alone. */
function hashOf(parent: number, name: Name, start: number): number {
  let hash = startOf(parent);
  const end = start + name.charCodeAt(start);
  for (let at = start; at <= end; at++) hash = Math.imul(hash ^ name.charCodeAt(at), hashPrime);
  return mixed(hash);
}

function startOf(parent: number): number {
  return Math.imul(parent ^ hashStart, 0x9e3779b1);
}
