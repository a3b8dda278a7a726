// Where checks may go: to the addresses that an instance or its checks were registered with, and even of those not to the
// ones that belong to this machine's own network devices or its cloud. A client that may register an instance could otherwise have
// rollcall probe them, and read the answer off the verdict. A setting (`checkNetworks`) opens networks by name.
// A host name is looked up once a check and its addresses are then used as they are, so that it cannot lead elsewhere
// between look and use. An IPv6 address that carries an IPv4 one (NAT64, 6to4, Teredo, ISATAP) is where that one is.

import { lookup } from 'node:dns/promises';
import { BlockList, isIPv6 } from 'node:net';
import type { Address } from '../model/address.ts';
import { ipv4ToText, parseIpv6 } from '../model/ip.ts';

/** Link-local, multicast, "this network", broadcast; and what clouds answer their machines' questions at. */
const closed: readonly [network: string, bits: number, what: string][] = [
  ['169.254.0.0', 16, 'link-local, where clouds keep their metadata'],
  ['fe80::', 10, 'link-local'],
  ['224.0.0.0', 4, 'multicast'],
  ['ff00::', 8, 'multicast'],
  ['0.0.0.0', 8, 'no address of a host'],
  ['255.255.255.255', 32, 'broadcast'],
  ['::', 128, 'no address of a host'],
  ['100.100.100.200', 32, "a cloud's metadata service"],
  ['168.63.129.16', 32, "a cloud's metadata service"],
  ['192.0.0.192', 32, "a cloud's metadata service"],
  ['fd00:ec2::254', 128, "a cloud's metadata service"],
  ['fd20:ce::254', 128, "a cloud's metadata service"],
];

const lists = closed.map(([network, bits, what]) => ({ list: listOf([[network, bits]]), what }));

/** Look-ups at a time: each may hold a thread of the pool that files are read with, for as long as a resolver is silent. */
const lookupsMax = 2;

/** More addresses of one name are not probed. */
const ipsMax = 8;

export type Target =
  /** At least one address, in the order of the resolver. */
  | { readonly ips: readonly string[]; readonly port: number; readonly address: Address }
  | { readonly refused: string }
  | { readonly failed: string };

export type Locate = (address: Address) => Promise<Target>;

/** @param networks `10.0.0.0/8`, checked by `parseNetwork` */
export function locateWithin(networks: readonly string[], find: typeof lookup = lookup): Locate {
  const open = listOf(networks.flatMap((text) => parseNetwork(text) ?? []));
  const turns = new Turns(lookupsMax);
  const why = (ip: string): string | undefined => {
    const family = isIPv6(ip) ? 'ipv6' : 'ipv4';
    if (open.check(ip, family)) return undefined;
    const what = lists.find(({ list }) => list.check(ip, family))?.what;
    if (what !== undefined || family === 'ipv4') return what;
    for (const { ipv4, form } of carriedIpv4(ip)) {
      const carried = open.check(ipv4, 'ipv4') ? undefined : lists.find(({ list }) => list.check(ipv4, 'ipv4'));
      if (carried !== undefined) return `${carried.what}, as ${form} of ${ipv4}`;
    }
    return undefined;
  };
  return async (address) => {
    const { host, port, family } = address;
    let ips = [host];
    if (family === 'name') {
      try {
        const found = await turns.take(() => find(host, { all: true }));
        ips = found.map(({ address: ip }) => ip);
      } catch (error) {
        return { failed: `${host} has no address (${(error as NodeJS.ErrnoException).code ?? 'unknown'})` };
      }
    }
    for (const ip of ips) {
      const closedAs = why(ip);
      if (closedAs !== undefined) return { refused: `checks do not go to ${ip}: ${closedAs} (checkNetworks)` };
    }
    if (ips.length === 0) return { failed: `${host} has no address` };
    return { ips: [...new Set(ips)].slice(0, ipsMax), port, address };
  };
}

/** `at`: which octets are those of the IPv4 address. */
interface Carrier {
  readonly form: string;
  readonly prefix: readonly number[];
  readonly at: readonly [number, number, number, number];
  readonly isInverted?: true;
}

const last = [12, 13, 14, 15] as const;
/** RFC 8215: a network's own translators, with any length of prefix from 48 on. */
const ownNat64 = [0x00, 0x64, 0xff, 0x9b, 0, 1];

const carriers: readonly Carrier[] = [
  // RFC 6052 §2.1, and §2.2: the shorter the prefix, the earlier the address; it leaves out octet 8, which is zero.
  { form: 'NAT64', prefix: [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0], at: last },
  { form: 'NAT64', prefix: ownNat64, at: last },
  { form: 'NAT64', prefix: ownNat64, at: [6, 7, 9, 10] },
  { form: 'NAT64', prefix: ownNat64, at: [7, 9, 10, 11] },
  { form: 'NAT64', prefix: ownNat64, at: [9, 10, 11, 12] },
  // RFC 3056 §2.
  { form: '6to4', prefix: [0x20, 0x02], at: [2, 3, 4, 5] },
  // RFC 4380 §4: the server, and the client with every bit turned over.
  { form: 'Teredo', prefix: [0x20, 0x01, 0, 0], at: [4, 5, 6, 7] },
  { form: 'Teredo', prefix: [0x20, 0x01, 0, 0], at: last, isInverted: true },
  // RFC 4291 §2.5.5.1, and RFC 2765 §2.1: `::ffff:0:192.0.2.1` of a stateless translator.
  { form: 'IPv4-compatible address', prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], at: last },
  { form: 'IPv4-translated address', prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0], at: last },
];

/** The IPv4 addresses that an IPv6 address leads to where it is translated or tunnelled. */
function carriedIpv4(ip: string): { readonly ipv4: string; readonly form: string }[] {
  const octets = parseIpv6(ip.replace(/%.*$/, ''));
  if (octets === undefined) return [];
  const found = carriers
    .filter(({ prefix }) => prefix.every((octet, at) => octets[at] === octet))
    .map(({ form, at, isInverted }) => {
      const four = Uint8Array.from(at, (index) => octets[index] as number);
      return { form, ipv4: ipv4ToText(isInverted === true ? four.map((octet) => 0xff ^ octet) : four) };
    });
  // RFC 5214 §6.1: under any prefix, by its interface identifier.
  const isIsatap =
    ((octets[8] as number) & 0xfd) === 0 && octets[9] === 0 && octets[10] === 0x5e && octets[11] === 0xfe;
  if (isIsatap) found.push({ form: 'ISATAP', ipv4: ipv4ToText(octets.slice(12)) });
  // Nothing is translated to 0.0.0.0/8: there is no IPv4 address at this place. `::` and `::1` are addresses of their own.
  return found.filter(({ ipv4 }) => !ipv4.startsWith('0.'));
}

/** `10.0.0.0/8` as its parts; undefined: it is no network. */
export function parseNetwork(text: string): [network: string, bits: number][] | undefined {
  const [, network = '', digits = ''] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? [];
  try {
    listOf([[network, Number(digits)]]);
    return digits === '' ? undefined : [[network, Number(digits)]];
  } catch {
    return undefined;
  }
}

function listOf(networks: readonly (readonly [network: string, bits: number])[]): BlockList {
  const list = new BlockList();
  for (const [network, bits] of networks) list.addSubnet(network, bits, isIPv6(network) ? 'ipv6' : 'ipv4');
  return list;
}

class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(max: number) {
    this.#free = max;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free--;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
