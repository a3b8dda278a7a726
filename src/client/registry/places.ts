// Where the nodes of a registry are: the addresses that were given and, where the host name of one has several addresses
// in DNS, each of those as a place of its own. So a node that accepts connections and does not answer is left for the
// next one too, which the connection attempts of Node alone would not do.
// Names are looked up again after `lookUpEveryMs`, at the next call; while that fails, what was found before holds.
// Limits: `placesMax` places for a name. A name with one address of each family is one place: Node tries both.

import { isIP, isIPv4 } from 'node:net';
import type { Scheduler } from '../../runtime/scheduler.ts';

export interface NodePlace {
  /** What paths are appended to. */
  readonly address: string;
  /** For messages, and to know it by. */
  readonly name: string;
  /** The IP address to connect to in place of the one that its host name leads to. */
  readonly connectTo: string | undefined;
}

/** The IP addresses of a host name. */
export type HostLookUp = (host: string) => Promise<readonly string[]>;

/** That of the system, as every other program on the machine asks it. */
export const systemLookUp: HostLookUp = async (host) => {
  const { lookup } = await import('node:dns/promises');
  return (await lookup(host, { all: true, order: 'verbatim' })).map(({ address }) => address);
};

const lookUpEveryMs = 30_000;
const placesMax = 16;

export interface PlacesOptions {
  /** At least one. */
  readonly addresses: readonly string[];
  readonly scheduler: Pick<Scheduler, 'nowMs'>;
  /** Undefined: names are left to whatever makes the requests. */
  readonly lookUp: HostLookUp | undefined;
}

export class Places {
  readonly #options: PlacesOptions;
  readonly #hosts: readonly string[];
  #places: readonly NodePlace[];
  readonly #found = new Map<string, readonly string[]>();
  #lookedUpMs = Number.NEGATIVE_INFINITY;

  constructor(options: PlacesOptions) {
    this.#options = options;
    const hosts = options.addresses.map((address) => new URL(address).hostname);
    this.#hosts = options.lookUp === undefined ? [] : hosts.filter(isName);
    this.#places = options.addresses.map(placeAt);
  }

  /** As last found. */
  get known(): readonly NodePlace[] {
    return this.#places;
  }

  /** What is to be awaited before `known` is right; undefined: it is. */
  refresh(): Promise<void> | undefined {
    const nowMs = this.#options.scheduler.nowMs();
    if (this.#hosts.length === 0 || nowMs - this.#lookedUpMs < lookUpEveryMs) return undefined;
    this.#lookedUpMs = nowMs;
    return this.#lookUp();
  }

  async #lookUp(): Promise<void> {
    const { addresses, lookUp = systemLookUp } = this.#options;
    for (const host of this.#hosts) {
      const found = await lookUp(host).catch(() => []);
      if (found.length > 0) this.#found.set(host, [...new Set(found)].slice(0, placesMax));
    }
    this.#places = addresses.flatMap((address) => this.#placesOf(address));
  }

  #placesOf(address: string): NodePlace[] {
    const found = this.#found.get(new URL(address).hostname) ?? [];
    const inOneFamily = Math.max(found.filter(isIPv4).length, found.filter((ip) => !isIPv4(ip)).length);
    if (inOneFamily < 2) return [placeAt(address)];
    return found.map((connectTo) => ({ address, name: `${address} (${connectTo})`, connectTo }));
  }
}

function placeAt(address: string): NodePlace {
  return { address, name: address, connectTo: undefined };
}

function isName(host: string): boolean {
  return host !== 'localhost' && isIP(host.replace(/^\[|\]$/g, '')) === 0;
}
