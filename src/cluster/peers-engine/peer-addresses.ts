// Where the other nodes are: the URLs that were given, or all addresses of one DNS name, which is looked up again and again,
// so that nodes come and go with it. While it cannot be looked up, the last addresses count.
// Limits: `addressesMax` addresses; a look-up each ten seconds, each second until the first one succeeds.

import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const addressesMax = 32;
const lookUpMs = 10_000;
const firstMs = 1000;

export type LookUp = (host: string) => Promise<readonly string[]>;

export interface PeerAddressesDeps {
  /** URLs, or one `name:port`. */
  readonly peers: readonly string[];
  readonly isTls: boolean;
  readonly onChange: (urls: readonly string[]) => void;
  /** It cannot be looked up. */
  readonly onFault: (why: string) => void;
  readonly lookUp?: LookUp;
  readonly wait?: (ms: number) => Promise<unknown>;
}

export class PeerAddresses {
  readonly #deps: PeerAddressesDeps;
  readonly #stop = new AbortController();
  #urls: readonly string[] = [];

  constructor(deps: PeerAddressesDeps) {
    this.#deps = deps;
  }

  get isKnown(): boolean {
    return this.#urls.length > 0;
  }

  start(): void {
    const { peers } = this.#deps;
    const [only = ''] = peers;
    const name = peers.length === 1 && !only.includes('://') ? nameOf(only) : undefined;
    if (name === undefined) this.#set(peers);
    else void this.#follow(name);
  }

  close(): void {
    this.#stop.abort();
  }

  async #follow({ host, port }: { readonly host: string; readonly port: string }): Promise<void> {
    const { isTls, onFault, lookUp = addressesOf, wait = unhurried } = this.#deps;
    const { signal } = this.#stop;
    let logged = '';
    while (!signal.aborted) {
      const found = await lookUp(host).catch((error: Error) => error);
      if (signal.aborted) return;
      if (found instanceof Error) {
        if (found.message !== logged) onFault(found.message);
        logged = found.message;
      } else {
        logged = '';
        const scheme = isTls ? 'https' : 'http';
        const hosts = found.slice(0, addressesMax).map((one) => (isIPv6(one) ? `[${one}]` : one));
        this.#set([...new Set(hosts)].toSorted().map((one) => `${scheme}://${one}:${port}`));
      }
      await wait(this.isKnown ? lookUpMs : firstMs);
    }
  }

  #set(urls: readonly string[]): void {
    if (urls.join() === this.#urls.join()) return;
    this.#urls = urls;
    this.#deps.onChange(urls);
  }
}

function nameOf(text: string): { readonly host: string; readonly port: string } | undefined {
  const found = /^([^:/]+):(\d{1,5})$/.exec(text);
  return found === null ? undefined : { host: found[1] ?? '', port: found[2] ?? '' };
}

function unhurried(ms: number): Promise<unknown> {
  return pause(ms, undefined, { ref: false });
}

async function addressesOf(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
}
