// Names of addresses: `7.0.0.10.in-addr.arpa` (RFC 1035 §3.5) and its IPv6 form of thirty-two nibbles (RFC 3596 §2.5),
// and the zone that each belongs to. Private ranges have one zone each (RFC 6303 lists them), so that an operator can
// delegate `10.in-addr.arpa`; any other address is a zone of its own, which comes and goes with it: rollcall does not claim
// to know its neighbours, whom others answer for.

import { ipv6ToText, parseIpv6 } from '../../../model/ip.ts';
import { labelsOf, type Name, name, nameOf } from '../../message/name.ts';

const ipv4Tree = name('in-addr.arpa.');
const ipv6Tree = name('ip6.arpa.');

/** The apex of the zone that an address belongs to. */
export function reverseApex(octets: Uint8Array): Name {
  const labels = apexLabels(octets);
  return octets.length === 4 ? inIpv4Tree(octets, labels) : inIpv6Tree(octets, labels);
}

/** The apex of an address that is a zone of its own; undefined: it is in a zone of others. */
export function ownZone(octets: Uint8Array): Name | undefined {
  return apexLabels(octets) === (octets.length === 4 ? 4 : 32) ? reverseApex(octets) : undefined;
}

/** Labels of an address's apex, without those of the tree. */
function apexLabels(octets: Uint8Array): number {
  const [a, b] = octets as unknown as [number, number];
  if (octets.length !== 4) return (a & 0xfe) === 0xfc ? 2 : 32;
  if (a === 10 || a === 127) return 1;
  return (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) ? 2 : 4;
}

/** The zones that are always there: those of the private ranges (RFC 1918, RFC 4193). */
export function privateApexes(): Name[] {
  const ranges = [[10, 0], [192, 168], ...Array.from({ length: 16 }, (_, index) => [172, 16 + index])];
  const ipv6 = new Uint8Array(16);
  ipv6[0] = 0xfd;
  return [...ranges.map(([a, b]) => reverseApex(Uint8Array.of(a as number, b as number, 0, 0))), reverseApex(ipv6)];
}

/** True for names in the trees of addresses. */
export function isReverse(apex: Name): boolean {
  return apex.endsWith(ipv4Tree) || apex.endsWith(ipv6Tree);
}

/**
 * The meaning of the names in the trees, as text that reads from the top: `10.0.0` for `0.0.10.in-addr.arpa`, and `:20010db8`
 * for the IPv6 nibbles; the tops themselves are '' and ':'.
 */
export type Block = string;

/** A name in the trees: an address, or a block of them. Undefined: no address has such a name. */
export function readReverse(reverse: Name): { readonly host: string } | { readonly block: Block } | undefined {
  const isIpv4 = reverse.endsWith(ipv4Tree);
  if (!isIpv4 && !reverse.endsWith(ipv6Tree)) return undefined;
  const labels = labelsOf(reverse).slice(0, -2).reverse();
  if (isIpv4) {
    if (labels.length > 4 || !labels.every((label) => /^[0-9]{1,3}$/.test(label))) return undefined;
    const text = labels.join('.');
    return labels.length === 4 ? { host: text } : { block: text };
  }
  if (labels.length > 32 || !labels.every((label) => /^[0-9a-f]$/.test(label))) return undefined;
  const nibbles = labels.join('');
  return labels.length === 32 ? { host: ipv6ToText(Buffer.from(nibbles, 'hex')) } : { block: `:${nibbles}` };
}

/** The address that a name is of or lies below; undefined: it lies below none. */
export function addressAbove(reverse: Name): { readonly host: string; readonly apex: Name } | undefined {
  const labels = labelsOf(reverse);
  const own = reverse.endsWith(ipv4Tree) ? 6 : 34;
  if (labels.length < own || (own === 34 && !reverse.endsWith(ipv6Tree))) return undefined;
  const apex = nameOf(labels.slice(-own), '\0' as Name) as Name;
  const read = readReverse(apex);
  return read !== undefined && 'host' in read ? { host: read.host, apex } : undefined;
}

/** The smallest block that an address, as its canonical text, lies in. */
export function blockOfAddress(host: string): Block {
  if (!host.includes(':')) return aboveBlock(host);
  return `:${Buffer.from(parseIpv6(host) as Uint8Array)
    .toString('hex')
    .slice(0, -1)}`;
}

/** The block around a block that is no top. */
export function aboveBlock(block: Block): Block {
  if (block.startsWith(':')) return block.slice(0, -1);
  return block.slice(0, Math.max(0, block.lastIndexOf('.')));
}

export function isTop(block: Block): boolean {
  return block === '' || block === ':';
}

function inIpv4Tree(octets: Uint8Array, labels: number): Name {
  return nameOf([...octets.subarray(0, labels)].reverse().map(String), ipv4Tree) as Name;
}

function inIpv6Tree(octets: Uint8Array, labels: number): Name {
  const nibbles = [...Buffer.from(octets).toString('hex')].slice(0, labels);
  return nameOf(nibbles.reverse(), ipv6Tree) as Name;
}
