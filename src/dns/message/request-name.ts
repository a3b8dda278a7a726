// The name of a question as it lies in the request, with the places of its labels. For finding out that a name is not
// there, which is asked for names without number, without making a text of any. Loops go over the octets themselves: a call
// for each would cost more than all else.

import { foldAscii } from '../../model/text.ts';
import { hashPrime } from '../../runtime/text-hash.ts';
import { labelOctetsMax, type Name, nameOctetsMax } from './name.ts';
import { NameHashes } from './name-hashes.ts';

const dot = 0x2e;
/** 255 octets, two for each label. */
const labelsMax = 128;

export class RequestName {
  readonly #ats = new Uint32Array(labelsMax);
  readonly #hashes = new NameHashes();
  #areHashed = false;
  #bytes: Buffer = Buffer.alloc(0);
  /** Without the root. */
  labels = 0;
  /** Names that were read so far: for those who keep what they have made of one. */
  reads = 0;

  /** The name of `octets` octets at `start`. False: it has a label or a length that no name has, or is the root. */
  read(bytes: Buffer, start: number, octets: number): boolean {
    if (octets > nameOctetsMax) return false;
    this.#bytes = bytes;
    this.#areHashed = false;
    this.reads++;
    let labels = 0;
    for (let at = start, length = bytes[at] as number; length > 0; length = bytes[at] as number) {
      if (length > labelOctetsMax) return false;
      this.#ats[labels++] = at;
      at += 1 + length;
    }
    this.labels = labels;
    return labels > 0;
  }

  /** Of the suffix that begins with a label, as NameHashes has it. */
  hash(label: number): number {
    if (!this.#areHashed) this.#hashes.readOctets(this.#bytes, this.#ats[0] as number);
    this.#areHashed = true;
    return this.#hashes.hash(label);
  }

  /** FNV-1a over a label, folded, begun with `start`; with its length in front of it or without. */
  labelHash(label: number, start: number, withLength: boolean): number {
    const bytes = this.#bytes;
    const first = this.#ats[label] as number;
    const last = first + (bytes[first] as number);
    let hash = start;
    for (let at = withLength ? first : first + 1; at <= last; at++)
      hash = Math.imul(hash ^ folded(bytes[at] as number), hashPrime);
    return hash;
  }

  /** Whether a label begins with this octet, no letter. */
  beginsWith(label: number, octet: number): boolean {
    return this.#bytes[(this.#ats[label] as number) + 1] === octet;
  }

  /** Folded, one character an octet. */
  text(label: number): string {
    const start = (this.#ats[label] as number) + 1;
    return foldAscii(this.#bytes.toString('latin1', start, start + (this.#bytes[start - 1] as number)));
  }

  /** Whether the suffix that begins with a label is this name, which is folded. */
  isFrom(label: number, name: Name): boolean {
    const bytes = this.#bytes;
    const start = this.#ats[label] as number;
    for (let at = 0; at < name.length; at++)
      if (folded(bytes[start + at] as number) !== name.charCodeAt(at)) return false;
    return true;
  }

  /** Whether the labels from `from` up to `to`, without it, are this text, which is folded; no label may have a dot of its own. */
  isText(from: number, to: number, text: string): boolean {
    const bytes = this.#bytes;
    let at = 0;
    for (let label = from; label < to; label++) {
      if (label > from && text.charCodeAt(at++) !== dot) return false;
      const first = this.#ats[label] as number;
      const last = first + (bytes[first] as number);
      for (let octet = first + 1; octet <= last; octet++) {
        const one = folded(bytes[octet] as number);
        if (one === dot || one !== text.charCodeAt(at++)) return false;
      }
    }
    return at === text.length;
  }

  /** Whether a label, with its length, lies folded at `at` in other octets. */
  isLabelAt(label: number, others: Uint8Array, at: number): boolean {
    const bytes = this.#bytes;
    const first = this.#ats[label] as number;
    const length = bytes[first] as number;
    for (let octet = 0; octet <= length; octet++)
      if (folded(bytes[first + octet] as number) !== others[at + octet]) return false;
    return true;
  }
}

/** A-Z alone (RFC 4343 §3); length octets are below 64. */
function folded(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet;
}
