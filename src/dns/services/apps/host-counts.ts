// How many instances of a large app have each IP address, by a hash of the address: ten thousand addresses take 128 to 256 KiB.
// To walk the instances at an address instead costs each change as much as there are instances at it, of this app or another.
// Limits: of addresses with one hash (32 bits) each counts for the other, so that one may seem to be shared.

import { mixed, textHash } from '../../../runtime/text-hash.ts';

/** A power of two. */
const placesLeast = 256;

export class HostCounts {
  /** Hashes; 0: an open place. */
  #keys = new Int32Array(placesLeast);
  /** 0 at a key: no instance has it any more. */
  #counts = new Uint32Array(placesLeast);
  /** Places that are not open. */
  #used = 0;
  #shared = 0;

  /** Addresses that two or more instances have. */
  get shared(): number {
    return this.#shared;
  }

  add(host: string): void {
    if (4 * this.#used > 3 * this.#keys.length) this.#layOutAnew();
    const at = this.#placeOf(keyOf(host));
    if (this.#keys[at] === 0) this.#used++;
    this.#keys[at] = keyOf(host);
    const count = (this.#counts[at] as number) + 1;
    this.#counts[at] = count;
    if (count === 2) this.#shared++;
  }

  /** Precondition: it was added. */
  remove(host: string): void {
    const at = this.#placeOf(keyOf(host));
    const count = (this.#counts[at] as number) - 1;
    this.#counts[at] = count;
    if (count === 1) this.#shared--;
  }

  /** Of the key, or the open place where it is to be. */
  #placeOf(key: number): number {
    const mask = this.#keys.length - 1;
    let at = key & mask;
    while (this.#keys[at] !== key && this.#keys[at] !== 0) at = (at + 1) & mask;
    return at;
  }

  /** Without those that no instance has, and half open. */
  #layOutAnew(): void {
    const [keys, counts] = [this.#keys, this.#counts];
    const living = counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
    const places = Math.max(placesLeast, 2 ** Math.ceil(Math.log2(2 * living + 1)));
    this.#keys = new Int32Array(places);
    this.#counts = new Uint32Array(places);
    this.#used = living;
    for (const [from, key] of keys.entries()) {
      if (counts[from] === 0) continue;
      const at = this.#placeOf(key);
      this.#keys[at] = key;
      this.#counts[at] = counts[from] as number;
    }
  }
}

function keyOf(host: string): number {
  const hash = mixed(textHash(host)) | 0;
  return hash === 0 ? 1 : hash;
}
