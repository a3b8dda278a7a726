// Which clients may ask at all, by the network of their address. It stands in front of everything, the fast path
// included, and costs nothing where none is configured.
// Networks become ranges of addresses, sorted and merged, so a look takes a few comparisons of octets however many
// there are.

import { addressOctets, octetsOf, type Peer } from './peer.ts';

/** `refuse`: REFUSED, so that an honest client knows; `drop`: silence, so that a forged source gets nothing. */
export type Denied = 'refuse' | 'drop';

export interface Gate {
  /** Called for every request: must not wait, throw or allocate. */
  verdict(peer: Peer): 'admit' | Denied;
}

/** As configured: plain values, so that threads can be given them. */
export interface AccessRules {
  /** Networks such as `10.0.0.0/8` or `fd00::/8`. */
  readonly allow: readonly string[];
  readonly denied: Denied;
}

/** Undefined where all may ask. */
export function gateOf(rules: AccessRules | undefined): Gate | undefined {
  return rules === undefined || rules.allow.length === 0 ? undefined : new NetworkGate(rules);
}

interface Range {
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

class NetworkGate implements Gate {
  readonly #ipv4: readonly Range[];
  readonly #ipv6: readonly Range[];
  readonly #denied: Denied;

  constructor({ allow, denied }: AccessRules) {
    const ranges = allow.map(rangeOf);
    this.#ipv4 = merged(ranges.filter(({ first }) => first.length === 4));
    this.#ipv6 = merged(ranges.filter(({ first }) => first.length === 16));
    this.#denied = denied;
  }

  verdict(peer: Peer): 'admit' | Denied {
    const octets = octetsOf(peer);
    return contains(octets.length === 4 ? this.#ipv4 : this.#ipv6, octets) ? 'admit' : this.#denied;
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
