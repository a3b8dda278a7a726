// What lies between three nodes and three members of etcd, so that it can be cut: network namespaces on one bridge where
// this machine permits them, or a proxy in front of each port. With proxies a node cannot be cut off from one peer alone:
// what comes in at its peer listener is cut.

import { TcpProxy } from '../http/tcp-proxy.ts';
import { Namespaces, obstacleToNamespaces } from '../process/namespaces.ts';
import { freePort } from '../process/scratch.ts';
import type { EtcdPlace } from './etcd.ts';

/** `pair`: this node and the next one. `way`: what this one sends to the next. `split`: this node and its member. */
export type CutKind = 'etcd' | 'pair' | 'way' | 'isolate' | 'split';

export interface Wiring extends AsyncDisposable {
  readonly kind: 'namespaces' | 'proxies';
  readonly places: readonly EtcdPlace[];
  /** Once the members are there. */
  connect(memberUrls: readonly string[]): Promise<void>;
  /** Where a node listens, what comes before its command, and how it reaches the others. */
  node(index: number): {
    readonly host: string;
    readonly enter: readonly string[];
    readonly etcd: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  };
  cut(kind: CutKind, index: number): Promise<() => Promise<void>>;
}

const nodes = ['n1', 'n2', 'n3'] as const;
const members = ['m1', 'm2', 'm3'] as const;

export async function openWiring(tokenFile: string): Promise<Wiring> {
  const obstacle = await obstacleToNamespaces();
  if (obstacle !== '') return ProxyWiring.open();
  return new NamespaceWiring(await Namespaces.create([...nodes, ...members]), tokenFile);
}

class NamespaceWiring implements Wiring {
  readonly kind = 'namespaces';
  readonly #namespaces: Namespaces;
  readonly #tokenFile: string;
  #urls: readonly string[] = [];

  constructor(namespaces: Namespaces, tokenFile: string) {
    this.#namespaces = namespaces;
    this.#tokenFile = tokenFile;
  }

  get places(): readonly EtcdPlace[] {
    return members.map((name) => ({ host: this.#namespaces.addressOf(name), enter: this.#namespaces.enter(name) }));
  }

  async connect(memberUrls: readonly string[]): Promise<void> {
    this.#urls = memberUrls;
    await Promise.resolve();
  }

  node(index: number) {
    const name = nodes[index] ?? 'n1';
    const host = this.#namespaces.addressOf(name);
    const env = {
      ROLLCALL_INSECURE: 'true',
      ROLLCALL_PLAIN_HTTP: 'true',
      ROLLCALL_CLUSTER_LISTEN: `${host}:7172`,
      ROLLCALL_CLUSTER_TOKEN_FILE: this.#tokenFile,
      ROLLCALL_CLUSTER_PLAIN_HTTP: 'true',
    };
    return { host, enter: this.#namespaces.enter(name), etcd: this.#urls, env };
  }

  async cut(kind: CutKind, index: number): Promise<() => Promise<void>> {
    const [here = 'n1', beside = 'm1'] = [nodes[index], members[index]];
    const next = nodes[(index + 1) % 3] ?? 'n2';
    const others = [...nodes, ...members].filter((name) => name !== here && name !== beside);
    const pairs: Record<CutKind, readonly (readonly [string, string])[]> = {
      etcd: both([here], members),
      pair: both([here], [next]),
      way: [[here, next]],
      isolate: both([here], [...others, beside]),
      split: both([here, beside], others),
    };
    const ends = await Promise.all(pairs[kind].map(([from, to]) => this.#namespaces.cut(from, to)));
    return async () => void (await Promise.all(ends.map((end) => end())));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#namespaces[Symbol.asyncDispose]();
  }
}

function both(left: readonly string[], right: readonly string[]): (readonly [string, string])[] {
  return left.flatMap((one) =>
    right.flatMap((other): [string, string][] => [
      [one, other],
      [other, one],
    ]),
  );
}

class ProxyWiring implements Wiring {
  readonly kind = 'proxies';
  readonly places: readonly EtcdPlace[] = [];
  /** By node, then member. */
  #toEtcd: readonly (readonly TcpProxy[])[] = [];
  /** In front of each node's peer listener. */
  readonly #toPeer: readonly TcpProxy[];
  readonly #peerPorts: readonly number[];

  private constructor(toPeer: readonly TcpProxy[], peerPorts: readonly number[]) {
    this.#toPeer = toPeer;
    this.#peerPorts = peerPorts;
  }

  static async open(): Promise<ProxyWiring> {
    const peerPorts = await Promise.all(nodes.map(() => freePort()));
    return new ProxyWiring(await Promise.all(peerPorts.map((port) => TcpProxy.to(port))), peerPorts);
  }

  async connect(memberUrls: readonly string[]): Promise<void> {
    const ports = memberUrls.map((url) => Number(new URL(url).port));
    this.#toEtcd = await Promise.all(nodes.map(() => Promise.all(ports.map((port) => TcpProxy.to(port)))));
  }

  node(index: number) {
    const env = {
      ROLLCALL_CLUSTER_LISTEN: `127.0.0.1:${this.#peerPorts[index]}`,
      ROLLCALL_CLUSTER_ADVERTISE: `http://127.0.0.1:${this.#toPeer[index]?.port}`,
    };
    const etcd = (this.#toEtcd[index] ?? []).map(({ port }) => `http://127.0.0.1:${port}`);
    return { host: '127.0.0.1', enter: [], etcd, env };
  }

  async cut(kind: CutKind, index: number): Promise<() => Promise<void>> {
    const proxies = [
      ...(kind === 'pair' || kind === 'way' ? [] : (this.#toEtcd[index] ?? [])),
      ...(kind === 'etcd' ? [] : this.#toPeer.slice(index, index + 1)),
    ];
    for (const proxy of proxies) proxy.cut();
    await Promise.resolve();
    return async () => {
      for (const proxy of proxies) proxy.mend();
      await Promise.resolve();
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#toEtcd.flat(), ...this.#toPeer].map((proxy) => proxy[Symbol.asyncDispose]()));
  }
}
