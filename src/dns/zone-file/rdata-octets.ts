// Where field codecs put octets and names, and where they take octets from. The writer is one buffer used again for
// every record: a zone of a million records makes no garbage here. Octets written one after the other become one part
// of the Rdata; a name is a part of its own, so that the encoder can decide on its compression.
// Limits: 65 535 octets of data, names counted without compression (RFC 1035 §3.2.1: RDLENGTH is two octets).

import type { Rdata } from '../message/message.ts';
import { labelOctetsMax, type Name, nameOctetsMax } from '../message/name.ts';

export const rdataOctetsMax = 65_535;

export class RdataWriter {
  readonly #octets = Buffer.alloc(rdataOctetsMax);
  #length = 0;
  #partStart = 0;
  #nameOctets = 0;
  #overflows = false;
  #parts: (Uint8Array | Name)[] = [];

  /** Forgets what was written: a new record begins. */
  begin(): void {
    this.#length = 0;
    this.#partStart = 0;
    this.#nameOctets = 0;
    this.#overflows = false;
    this.#parts = [];
  }

  /** A number of one, two or four octets, most significant first. */
  number(value: number, octets: number): void {
    if (!this.#hasRoom(octets)) return;
    this.#octets.writeUIntBE(value, this.#length, octets);
    this.#length += octets;
  }

  octets(octets: Uint8Array): void {
    if (!this.#hasRoom(octets.length)) return;
    this.#octets.set(octets, this.#length);
    this.#length += octets.length;
  }

  /** Text of one character per octet. */
  text(text: string): void {
    if (!this.#hasRoom(text.length)) return;
    this.#length += this.#octets.write(text, this.#length, 'latin1');
  }

  name(name: Name): void {
    this.#closePart();
    this.#nameOctets += name.length;
    this.#parts.push(name);
  }

  /** The record's data, never without a part; undefined: too long. */
  finish(): Rdata | undefined {
    if (this.#overflows || this.#length + this.#nameOctets > rdataOctetsMax) return undefined;
    this.#closePart();
    if (this.#parts.length === 0) this.#parts.push(new Uint8Array(0));
    return this.#parts;
  }

  #closePart(): void {
    // A copy of its own, not a view: it outlives this buffer's next record.
    if (this.#length > this.#partStart)
      this.#parts.push(Uint8Array.from(this.#octets.subarray(this.#partStart, this.#length)));
    this.#partStart = this.#length;
  }

  #hasRoom(octets: number): boolean {
    if (this.#length + octets > rdataOctetsMax) this.#overflows = true;
    return !this.#overflows;
  }
}

/** Reads the octets of one record's data; every method is undefined where they do not go that far. */
export class OctetReader {
  readonly #octets: Uint8Array;
  #at = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  get left(): number {
    return this.#octets.length - this.#at;
  }

  number(octets: number): number | undefined {
    const taken = this.take(octets);
    return taken?.reduce((value, octet) => value * 256 + octet, 0);
  }

  take(octets: number): Uint8Array | undefined {
    if (this.left < octets) return undefined;
    this.#at += octets;
    return this.#octets.subarray(this.#at - octets, this.#at);
  }

  rest(): Uint8Array {
    return this.take(this.left) as Uint8Array;
  }

  /** Octets after a length octet: a <character-string> (RFC 1035 §3.3). */
  counted(): Uint8Array | undefined {
    const length = this.number(1);
    return length === undefined ? undefined : this.take(length);
  }

  /** An uncompressed name. */
  name(): Name | undefined {
    const start = this.#at;
    for (;;) {
      const label = this.number(1);
      if (label === undefined || label > labelOctetsMax || this.#at - start + label > nameOctetsMax) return undefined;
      if (label === 0) return latin1(this.#octets.subarray(start, this.#at)) as Name;
      if (this.take(label) === undefined) return undefined;
    }
  }
}

/** Octets as text of one character each. */
export function latin1(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('latin1');
}

/** A record's data as it is, uncompressed, in a message. */
export function rdataOctets(rdata: Rdata): Buffer {
  return Buffer.concat(rdata.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)));
}
