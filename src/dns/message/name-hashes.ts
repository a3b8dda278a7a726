// The hash of each suffix of a name, from one pass over its octets: for tables that find names by their octets, without a
// text for each suffix. The hash ignores letter case. Equal hashes are a hint only: the names are compared.

import { hashPrime, hashStart, mixed } from '../../runtime/text-hash.ts';
import type { Name } from './name.ts';

/** 255 octets, two for each label. */
const labelsMax = 128;

/** Of the name that was read last. */
export class NameHashes {
  /** Where each label begins. */
  readonly #ats = new Uint8Array(labelsMax);
  readonly #hashes = new Uint32Array(labelsMax);

  /** Returns the number of labels. */
  read(name: Name): number {
    const ats = this.#ats;
    let labels = 0;
    for (let at = 0, length = name.charCodeAt(0); length > 0; length = name.charCodeAt(at)) {
      ats[labels++] = at;
      at += 1 + length;
    }
    let hash = hashStart;
    for (let label = labels - 1, end = name.length - 1; label >= 0; label--) {
      const start = ats[label] as number;
      // Without the bit that upper and lower case differ in: sooner than asking which octets are letters.
      for (let at = start; at < end; at++) hash = Math.imul(hash ^ (name.charCodeAt(at) | 0x20), hashPrime);
      this.#hashes[label] = mixed(hash);
      end = start;
    }
    return labels;
  }

  /** The same of a sound name in a request, in any letter case; its labels begin at so many octets after its first. */
  readOctets(bytes: Uint8Array, start: number): number {
    const ats = this.#ats;
    let labels = 0;
    let end = 0;
    for (let length = bytes[start] as number; length > 0; length = bytes[start + end] as number) {
      ats[labels++] = end;
      end += 1 + length;
    }
    let hash = hashStart;
    for (let label = labels - 1; label >= 0; label--) {
      const from = ats[label] as number;
      for (let at = from; at < end; at++) hash = Math.imul(hash ^ ((bytes[start + at] as number) | 0x20), hashPrime);
      this.#hashes[label] = mixed(hash);
      end = from;
    }
    return labels;
  }

  at(label: number): number {
    return this.#ats[label] as number;
  }

  /** Of the suffix that begins with a label. */
  hash(label: number): number {
    return this.#hashes[label] as number;
  }
}
