// Where checks may go: to the addresses that an instance was registered with, and even of those not to the ones that
// stand for this machine's own network devices or its cloud. Whoever may register an instance could otherwise have
// rollcall ask them, and read the answer off the verdict. A setting (`checkNetworks`) opens networks by name.
// A host name is looked up once a check and its address is then used as it is, so that it cannot lead elsewhere between
// look and use.

import { lookup } from 'node:dns/promises';
import { BlockList, isIPv6 } from 'node:net';
import type { Address } from '../model/address.ts';

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
  // The same IPv4 addresses behind NAT64.
  ['64:ff9b::a9fe:0', 112, 'link-local behind NAT64'],
];

const lists = closed.map(([network, bits, what]) => ({ list: listOf([[network, bits]]), what }));

/** Look-ups at a time: each may hold a thread of the pool that files are read with, for as long as a resolver is silent. */
const lookupsMax = 2;

export type Target =
  | { readonly ip: string; readonly port: number; readonly address: Address }
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
    return lists.find(({ list }) => list.check(ip, family))?.what;
  };
  return async (address) => {
    const { host, number: port, family } = address;
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
    const [ip] = ips;
    return ip === undefined ? { failed: `${host} has no address` } : { ip, port, address };
  };
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
