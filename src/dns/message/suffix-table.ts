// Where the names of a message are, for compression (RFC 1035 §4.1.4): every suffix of a name that was written, found by a
// hash of its octets and compared with the message itself. No text is made and none is interned, which cost more than all
// the rest of encoding a short answer. Letter case is ignored.
// Entries leave in the order opposite to that of their arrival (`truncate`), so no place of the table has to be repaired.
// Limits: `entriesMax` suffixes, more than 2^14 octets can hold; what is beyond that cannot be pointed at.

import { headerOctets } from './message.ts';
import type { Name } from './name.ts';
import { NameHashes } from './name-hashes.ts';

const entriesMax = 8192;
const slotsLeast = 64;
const pointerMask = 0x3fff;
/** No entry. */
const none = 0xffff;

export class SuffixTable {
  readonly #message: Buffer;
  /** Entries by hash; a power of two of them is in use. */
  readonly #slots = new Uint16Array(2 * entriesMax).fill(none);
  #mask = slotsLeast - 1;
  #count = 0;
  readonly #hashes = new Uint32Array(entriesMax);
  readonly #offsets = new Uint16Array(entriesMax);
  readonly #slotOf = new Uint16Array(entriesMax);
  /** The entry for the same suffix in whose place another is. */
  readonly #replaced = new Uint16Array(entriesMax);
  /** Of the name that was `read`. */
  readonly #read = new NameHashes();

  /** `message`: where names are written. */
  constructor(message: Buffer) {
    this.#message = message;
  }

  clear(): void {
    this.truncate(0);
    this.#mask = slotsLeast - 1;
  }

  /** Hashes the suffixes of a name; returns the number of its labels. */
  read(name: Name): number {
    return this.#read.read(name);
  }

  /** Where a label of the name that was read begins in it. */
  labelAt(label: number): number {
    return this.#read.at(label);
  }

  /** The offset of the suffix from a label on, of the name that was read; 0: it is not in the message. */
  find(name: Name, label: number): number {
    const entry = this.#entryOf(name, label);
    return entry === none ? 0 : (this.#offsets[entry] as number);
  }

  /** The suffix from a label on, of the name that was read, is at `offset`; an earlier one is found no more. */
  add(name: Name, label: number, offset: number): void {
    if (this.#count === entriesMax) return;
    if (2 * this.#count > this.#mask) this.#grow();
    const entry = this.#count++;
    this.#hashes[entry] = this.#read.hash(label);
    this.#offsets[entry] = offset;
    this.#place(entry, this.#entryOf(name, label));
  }

  /** Forgets what begins at `offset` or after it. */
  truncate(offset: number): void {
    while (this.#count > 0 && (this.#offsets[this.#count - 1] as number) >= offset) {
      const entry = --this.#count;
      this.#slots[this.#slotOf[entry] as number] = this.#replaced[entry] as number;
    }
  }

  #entryOf(name: Name, label: number): number {
    const hash = this.#read.hash(label);
    const mask = this.#mask;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot] as number;
      if (entry === none) return none;
      if (this.#hashes[entry] === hash && this.#isAt(this.#offsets[entry] as number, name, this.labelAt(label)))
        return entry;
    }
  }

  /** `earlier`: an entry whose place it takes; `none`: the next open one. */
  #place(entry: number, earlier: number): void {
    let slot = (this.#hashes[entry] as number) & this.#mask;
    while (this.#slots[slot] !== earlier) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = entry;
    this.#slotOf[entry] = slot;
    this.#replaced[entry] = earlier;
  }

  #grow(): void {
    this.#slots.fill(none, 0, this.#mask + 1);
    this.#mask = 2 * this.#mask + 1;
    for (let entry = 0; entry < this.#count; entry++) this.#place(entry, this.#replaced[entry] as number);
  }

  /** Whether the name in the message at `offset` is the suffix of `name` from `start` on. */
  #isAt(offset: number, name: Name, start: number): boolean {
    const message = this.#message;
    let at = offset;
    for (let next = start; ; ) {
      const length = message[at] as number;
      if (length >= 0xc0) {
        at = ((length << 8) | (message[at + 1] as number)) & pointerMask;
        if (at < headerOctets) return false;
        continue;
      }
      if (length !== name.charCodeAt(next)) return false;
      if (length === 0) return true;
      const end = next + length;
      for (next++, at++; next <= end; next++, at++) {
        const octet = message[at] as number;
        const unit = name.charCodeAt(next);
        if (octet !== unit && folded(octet) !== folded(unit)) return false;
      }
    }
  }
}

/** A-Z alone (RFC 4343 §3). */
function folded(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet;
}
