// Three nodes and three members of etcd, every connection between them through a proxy of its own, and a nemesis that cuts,
// stops and kills: what it does follows from a seed alone.

import { join } from 'node:path';
import { ClusterWorld } from './cluster-world.ts';
import { type Etcd, startEtcd } from './etcd.ts';
import { freePort, scratch } from './scratch.ts';
import type { ServerProcess } from './server-process.ts';
import { TcpProxy } from './tcp-proxy.ts';

export const nodeNames = ['n1', 'n2', 'n3'] as const;

export const faultKinds = [
  'cut-etcd',
  'cut-peer',
  'isolate',
  'kill-node',
  'stop-node',
  'kill-member',
  'stop-member',
  'outage',
] as const;

export interface ClusterFault<K extends string = (typeof faultKinds)[number]> {
  readonly kind: K;
  readonly index: number;
  readonly forMs: number;
}

/** Numbers in [0, 1) from a seed. */
export function seededNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function faultOf<K extends string>(random: () => number, kinds: readonly K[]): ClusterFault<K> {
  const kind = kinds[Math.floor(random() * kinds.length)] ?? (kinds[0] as K);
  return { kind, index: Math.floor(random() * 3), forMs: 2000 + Math.floor(random() * 8000) };
}

export class NemesisWorld implements AsyncDisposable {
  readonly #etcd: Etcd;
  readonly #world: ClusterWorld;
  /** By node, then member. */
  readonly #toEtcd: readonly (readonly TcpProxy[])[];
  /** In front of each node's peer listener. */
  readonly #toPeer: readonly TcpProxy[];
  readonly #peerPorts: readonly number[];
  readonly #folders: readonly string[];
  readonly nodes: (ServerProcess | undefined)[] = [];

  private constructor(
    etcd: Etcd,
    toEtcd: readonly (readonly TcpProxy[])[],
    toPeer: readonly TcpProxy[],
    peerPorts: readonly number[],
  ) {
    this.#etcd = etcd;
    this.#world = new ClusterWorld(etcd.urls, 'history');
    this.#toEtcd = toEtcd;
    this.#toPeer = toPeer;
    this.#peerPorts = peerPorts;
    this.#folders = nodeNames.map(() => scratch());
  }

  static async start(): Promise<NemesisWorld> {
    const etcd = await startEtcd({ members: 3 });
    const ports = etcd.urls.map((url) => Number(new URL(url).port));
    const toEtcd = await Promise.all(nodeNames.map(() => Promise.all(ports.map((port) => TcpProxy.to(port)))));
    const peerPorts = await Promise.all(nodeNames.map(() => freePort()));
    const toPeer = await Promise.all(peerPorts.map((port) => TcpProxy.to(port)));
    const world = new NemesisWorld(etcd, toEtcd, toPeer, peerPorts);
    await Promise.all(nodeNames.map((_, index) => world.startNode(index)));
    return world;
  }

  async startNode(index: number): Promise<void> {
    this.nodes[index] = await this.#world.start(nodeNames[index] ?? '', {
      data: join(this.#folders[index] ?? '', 'data'),
      etcd: (this.#toEtcd[index] ?? []).map(({ port }) => `http://127.0.0.1:${port}`),
      env: {
        ROLLCALL_CLUSTER_LISTEN: `127.0.0.1:${this.#peerPorts[index]}`,
        ROLLCALL_CLUSTER_ADVERTISE: `http://127.0.0.1:${this.#toPeer[index]?.port}`,
        ROLLCALL_CLUSTER_START_WAIT_SECONDS: '2',
      },
    });
  }

  /** Returns what ends it. */
  async begin({ kind, index }: ClusterFault): Promise<() => Promise<void>> {
    const member = this.#etcd.members[index];
    const node = this.nodes[index];
    const proxies = [
      ...(kind === 'cut-etcd' || kind === 'isolate' ? (this.#toEtcd[index] ?? []) : []),
      ...(kind === 'cut-peer' || kind === 'isolate' ? this.#toPeer.slice(index, index + 1) : []),
    ];
    for (const proxy of proxies) proxy.cut();
    switch (kind) {
      case 'kill-node':
        this.nodes[index] = undefined;
        await node?.kill();
        return () => this.startNode(index);
      case 'stop-node':
        if (node !== undefined) process.kill(node.pid, 'SIGSTOP');
        return async () => void (node !== undefined && process.kill(node.pid, 'SIGCONT'));
      case 'kill-member':
        await member?.kill();
        return () => this.#etcd.start(member === undefined ? [] : [member]);
      case 'stop-member':
        member?.signal('SIGSTOP');
        return async () => member?.signal('SIGCONT');
      case 'outage':
        await Promise.all(this.#etcd.members.map((one) => one.kill()));
        return () => this.#etcd.start();
      default:
        return async () => {
          for (const proxy of proxies) proxy.mend();
        };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#world[Symbol.asyncDispose]();
    await Promise.all([...this.#toEtcd.flat(), ...this.#toPeer].map((proxy) => proxy[Symbol.asyncDispose]()));
    await this.#etcd[Symbol.asyncDispose]();
  }
}
