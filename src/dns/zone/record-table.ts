// The records of one zone, packed outside the JavaScript heap (see number-rows.ts) and given out as plain data when
// they are asked for: a zone of a million records is some 70 MB of octets instead of ten million objects. The records
// of a name are a ring in the order in which they were added: the name knows the last, the last knows the first.
// Limits: see octet-pages.ts; 255 parts of data.

import { NumberRows, type PackedRows } from '../../runtime/packed/number-rows.ts';
import { OctetPages, type PackedOctets } from '../../runtime/packed/octet-pages.ts';
import type { Moving } from '../../runtime/packed/shared-memory.ts';
import { type Rdata, RRType } from '../message/message.ts';
import type { Name } from '../message/name.ts';
import { NameTable, type PackedNames } from './name-table.ts';

const NEXT = 0;
const TYPE = 1;
const TTL = 2;
const DATA = 3;
const fieldCount = 4;

/** Record numbers are kept with one added: 0 is no record. */
const none = 0;
const isOctets = 0;
const isName = 1;
/** What a part is, and its length. */
const partHeadOctets = 3;
/** V8 keeps typed arrays up to this size on its heap. */
const smallOctets = 64;

/** The records as plain data, for another thread. */
export interface PackedRecords {
  readonly names: PackedNames;
  readonly lasts: PackedRows;
  readonly rows: PackedRows;
  readonly data: PackedOctets;
  readonly removed: number;
  readonly hasCuts: boolean;
  readonly hasDname: boolean;
  readonly hasWildcards: boolean;
}

export class RecordTable {
  names: NameTable;
  /** There is a delegation or a DNAME below the apex. */
  hasCuts = false;
  hasDname = false;
  hasWildcards = false;
  /** Of each name, its last record. */
  #lasts = new NumberRows(1);
  #rows = new NumberRows(fieldCount);
  #data = new OctetPages();
  #removed = 0;

  constructor(apex: Name) {
    this.names = new NameTable(apex);
  }

  /** What `packed` gave. Nothing may be added or taken out. */
  static unpacked(packed: PackedRecords): RecordTable {
    const table = new RecordTable(packed.names.apex);
    table.names = NameTable.unpacked(packed.names);
    table.#lasts = NumberRows.unpacked(packed.lasts);
    table.#rows = NumberRows.unpacked(packed.rows);
    table.#data = OctetPages.unpacked(packed.data);
    table.#removed = packed.removed;
    table.hasCuts = packed.hasCuts;
    table.hasDname = packed.hasDname;
    table.hasWildcards = packed.hasWildcards;
    return table;
  }

  packed(): PackedRecords {
    const { hasCuts, hasDname, hasWildcards } = this;
    return {
      names: this.names.packed(),
      lasts: this.#lasts.packed(),
      rows: this.#rows.packed(),
      data: this.#data.packed(),
      removed: this.#removed,
      hasCuts,
      hasDname,
      hasWildcards,
    };
  }

  /** Moves all pages; see NumberRows. */
  move(moving: Moving): void {
    this.names.move(moving);
    this.#lasts.move(moving.numbers);
    this.#rows.move(moving.numbers);
    this.#data.move(moving.octets);
  }

  /** Records that are here. */
  get size(): number {
    return this.#rows.length - this.#removed;
  }

  /** Record numbers go from 0 to this, without it. */
  get length(): number {
    return this.#rows.length;
  }

  /** Adds a record after the others of its folded owner; answers the number of the owner. Records are numbered in this order. */
  add(owner: Name, type: number, ttl: number, rdata: Rdata): number {
    const number = this.names.add(owner);
    while (this.#lasts.length < this.names.length) this.#lasts.add();
    const row = this.#rows.add();
    this.#rows.set(row, TYPE, type);
    this.#rows.set(row, TTL, ttl);
    this.#rows.set(row, DATA, this.#pack(rdata));
    const last = this.#lasts.get(number, 0);
    this.#rows.set(row, NEXT, last === none ? row + 1 : this.#rows.get(last - 1, NEXT));
    if (last !== none) this.#rows.set(last - 1, NEXT, row + 1);
    this.#lasts.set(number, 0, row + 1);
    if (type === RRType.DNAME) this.hasDname = true;
    if (type === RRType.DNAME || (type === RRType.NS && number !== this.names.apex)) this.hasCuts = true;
    if (owner.startsWith('\x01*')) this.hasWildcards = true;
    return number;
  }

  /** The first record of a name, by its number; -1: it has none. */
  first(number: number): number {
    const last = number < this.#lasts.length ? this.#lasts.get(number, 0) : none;
    return last === none ? -1 : this.#rows.get(last - 1, NEXT) - 1;
  }

  /** The record after this one, of the same name; -1: it is the last. */
  next(number: number, record: number): number {
    return this.#lasts.get(number, 0) === record + 1 ? -1 : this.#rows.get(record, NEXT) - 1;
  }

  /** The records of a name, by its number. One that was yielded may be removed. */
  *of(number: number): Generator<number> {
    for (let at = this.first(number), next: number; at >= 0; at = next) {
      next = this.next(number, at);
      yield at;
    }
  }

  type(record: number): number {
    return this.#rows.get(record, TYPE);
  }

  ttl(record: number): number {
    return this.#rows.get(record, TTL);
  }

  setTtl(record: number, ttl: number): void {
    this.#rows.set(record, TTL, ttl);
  }

  /** A copy: keeping it keeps nothing else alive. */
  rdata(record: number): Rdata {
    const address = this.#rows.get(record, DATA);
    const page = this.#data.page(address);
    let at = this.#data.offset(address);
    const parts: (Uint8Array | Name)[] = new Array(page[at++] as number);
    for (let index = 0; index < parts.length; index++) {
      const length = ((page[at + 1] as number) << 8) | (page[at + 2] as number);
      const isText = page[at] === isName;
      at += partHeadOctets;
      parts[index] = isText ? (page.toString('latin1', at, at + length) as Name) : copyOf(page, at, length);
      at += length;
    }
    return parts;
  }

  /** How many octets the data takes on the wire, names uncompressed. */
  rdataOctets(record: number): number {
    const address = this.#rows.get(record, DATA);
    const page = this.#data.page(address);
    let at = this.#data.offset(address) + 1;
    let octets = 0;
    for (let parts = page[at - 1] as number; parts > 0; parts--) {
      const length = ((page[at + 1] as number) << 8) | (page[at + 2] as number);
      octets += length;
      at += partHeadOctets + length;
    }
    return octets;
  }

  /** Takes out the record after `before`, of the same name. */
  removeNext(number: number, before: number): void {
    const row = this.next(number, before);
    this.#rows.set(before, NEXT, this.#rows.get(row, NEXT));
    if (this.#lasts.get(number, 0) === row + 1) this.#lasts.set(number, 0, before + 1);
    this.#removed++;
  }

  /** Gives back what was set aside for records to come. */
  trim(): void {
    this.names.trim();
    this.#lasts.trim();
    this.#rows.trim();
    this.#data.trim();
  }

  #pack(rdata: Rdata): number {
    let octets = 1;
    for (const part of rdata) octets += partHeadOctets + part.length;
    const address = this.#data.take(octets);
    const page = this.#data.page(address);
    let at = this.#data.offset(address);
    page[at++] = rdata.length;
    for (const part of rdata) {
      const { length } = part;
      page[at] = typeof part === 'string' ? isName : isOctets;
      page[at + 1] = length >>> 8;
      page[at + 2] = length & 255;
      at += partHeadOctets;
      if (typeof part === 'string') for (let i = 0; i < length; i++) page[at + i] = part.charCodeAt(i);
      else page.set(part, at);
      at += length;
    }
    return address;
  }
}

/** Small arrays lie in the JavaScript heap, where a loop makes them ten times faster than a view of a page is made. */
function copyOf(page: Buffer, start: number, length: number): Uint8Array {
  const octets = new Uint8Array(length);
  if (length > smallOctets) octets.set(page.subarray(start, start + length));
  else for (let at = 0; at < length; at++) octets[at] = page[start + at] as number;
  return octets;
}

/** Whether a name, given by its number, has records of a type. */
export function hasType(number: number, type: number, table: RecordTable): boolean {
  for (let at = table.first(number); at >= 0; at = table.next(number, at)) if (table.type(at) === type) return true;
  return false;
}
