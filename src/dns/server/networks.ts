// A set of networks: is an address in one of them? They become ranges of addresses, sorted and merged, so a look takes a
// few comparisons of octets however many there are, and allocates nothing.

import { addressOctets } from './peer.ts';

interface Range {
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

export class Networks {
  readonly #ipv4: readonly Range[];
  readonly #ipv6: readonly Range[];

  /** `10.0.0.0/8`, `fd00::/8`. */
  constructor(networks: readonly string[]) {
    const ranges = networks.map(rangeOf);
    this.#ipv4 = merged(ranges.filter(({ first }) => first.length === 4));
    this.#ipv6 = merged(ranges.filter(({ first }) => first.length === 16));
  }

  /** `octets`: four or sixteen; others are in no network. */
  has(octets: Uint8Array): boolean {
    return contains(octets.length === 4 ? this.#ipv4 : this.#ipv6, octets);
  }
}

function rangeOf(network: string): Range {
  const [address = '', bits = ''] = network.split('/');
  const octets = addressOctets(address);
  const length = Number(bits);
  if (octets.length === 0 || !(length <= octets.length * 8)) throw new Error(`${network} is not a network`);
  const hostBits = (at: number) => 0xff >> Math.min(8, Math.max(0, length - at * 8));
  return {
    first: octets.map((octet, at) => octet & ~hostBits(at)),
    last: octets.map((octet, at) => octet | hostBits(at)),
  };
}

/** Sorted, without any that begins within another. */
function merged(ranges: Range[]): Range[] {
  ranges.sort((a, b) => compare(a.first, b.first) || compare(b.last, a.last));
  const kept: Range[] = [];
  for (const range of ranges) {
    const before = kept.at(-1);
    if (before === undefined || compare(range.first, before.last) > 0) kept.push(range);
  }
  return kept;
}

function contains(ranges: readonly Range[], octets: Uint8Array): boolean {
  let low = 0;
  let high = ranges.length;
  // The last one that begins at or before the address.
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare((ranges[middle] as Range).first, octets) <= 0) low = middle + 1;
    else high = middle;
  }
  const range = ranges[low - 1];
  return range !== undefined && octets.length === range.last.length && compare(octets, range.last) <= 0;
}

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < a.length; at++) {
    const difference = (a[at] as number) - (b[at] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
