// Three nodes of a cluster without etcd, each way from one to another through a proxy of its own, and what can be done to
// them: a pair is cut, one is isolated, stopped, killed, or started again without its data folder.

import { join } from 'node:path';
import { TcpProxy } from '../http/tcp-proxy.ts';
import { freePort, scratch } from '../process/scratch.ts';
import { type ServerProcess, startServer } from '../process/server-process.ts';
import { nodeNames } from './cluster-nemesis.ts';

const peerFaultKinds = ['cut-peer', 'isolate', 'kill-node', 'stop-node', 'lose-data'] as const;

export interface PeerFault {
  readonly kind: (typeof peerFaultKinds)[number];
  readonly index: number;
  readonly forMs: number;
}

export function peerFaultOf(random: () => number): PeerFault {
  const kind = peerFaultKinds[Math.floor(random() * peerFaultKinds.length)] ?? 'isolate';
  return { kind, index: Math.floor(random() * 3), forMs: 2000 + Math.floor(random() * 8000) };
}

export interface PeersWorldOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly count?: number;
}

export class PeersWorld implements AsyncDisposable {
  readonly #env: Readonly<Record<string, string>>;
  readonly #ports: readonly number[];
  /** By the node that calls, then by the one that is called. */
  readonly #ways: readonly (readonly TcpProxy[])[];
  readonly #folders: string[];
  readonly nodes: (ServerProcess | undefined)[] = [];

  private constructor(
    ports: readonly number[],
    ways: readonly (readonly TcpProxy[])[],
    env: Readonly<Record<string, string>>,
  ) {
    this.#ports = ports;
    this.#ways = ways;
    this.#env = env;
    this.#folders = ports.map(() => scratch());
  }

  static async start({ env = {}, count = 3 }: PeersWorldOptions = {}): Promise<PeersWorld> {
    const names = nodeNames.slice(0, count);
    const ports = await Promise.all(names.map(() => freePort()));
    const ways = await Promise.all(names.map(() => Promise.all(ports.map((port) => TcpProxy.to(port)))));
    const world = new PeersWorld(ports, ways, env);
    await Promise.all(names.map((_, index) => world.startNode(index)));
    return world;
  }

  /** Those that run. */
  get running(): ServerProcess[] {
    return this.nodes.flatMap((node) => node ?? []);
  }

  node(index: number): ServerProcess {
    const node = this.nodes[index];
    if (node === undefined) throw new Error(`node ${index} does not run`);
    return node;
  }

  async startNode(index: number): Promise<ServerProcess> {
    const data = join(this.#folders[index] ?? '', 'data');
    const node = await this.#start(index, data, nodeNames[index] ?? '', this.#ports[index] ?? 0);
    this.nodes[index] = node;
    return node;
  }

  /** One more, with the settings of a node and the name of another one. */
  async startNamesake(index: number, name: string): Promise<ServerProcess> {
    return this.#start(index, 'none', name, 0);
  }

  #start(index: number, data: string, name: string, port: number): Promise<ServerProcess> {
    const ways = (this.#ways[index] ?? []).filter((_, to) => to !== index);
    return startServer({
      data,
      env: {
        ROLLCALL_DNS_THREADS: '1',
        ROLLCALL_CLUSTER_NAME: 'test',
        ROLLCALL_CLUSTER_MODE: 'peers',
        ROLLCALL_CLUSTER_NODE: name,
        ROLLCALL_CLUSTER_LISTEN: `127.0.0.1:${port}`,
        ROLLCALL_CLUSTER_PEERS: ways.map(({ port }) => `http://127.0.0.1:${port}`).join(),
        ROLLCALL_CLUSTER_START_WAIT_SECONDS: '5',
        ROLLCALL_CLUSTER_SESSION_SECONDS: '5',
        ...this.#env,
      },
    });
  }

  async kill(index: number): Promise<void> {
    const node = this.nodes[index];
    this.nodes[index] = undefined;
    await node?.kill();
  }

  /** Before it starts again. */
  loseData(index: number): void {
    this.#folders[index] = scratch();
  }

  signal(index: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
    const node = this.nodes[index];
    if (node !== undefined) process.kill(node.pid, signal);
  }

  cut(a: number, b: number): void {
    for (const way of this.#between(a, b)) way.cut();
  }

  /** What one node sends to the other does not arrive; the other way it does. */
  cutOneWay(from: number, to: number): void {
    this.#ways[from]?.[to]?.cut();
  }

  mend(a: number, b: number): void {
    for (const way of this.#between(a, b)) way.mend();
  }

  isolate(index: number): void {
    for (const other of this.#others(index)) this.cut(index, other);
  }

  heal(index: number): void {
    for (const other of this.#others(index)) this.mend(index, other);
  }

  /** Returns what ends it. */
  async begin({ kind, index }: PeerFault): Promise<() => Promise<void>> {
    switch (kind) {
      case 'cut-peer': {
        const other = (index + 1) % this.#ports.length;
        this.cut(index, other);
        return async () => this.mend(index, other);
      }
      case 'isolate':
        this.isolate(index);
        return async () => this.heal(index);
      case 'stop-node':
        this.signal(index, 'SIGSTOP');
        return async () => this.signal(index, 'SIGCONT');
      case 'kill-node':
      case 'lose-data':
        await this.kill(index);
        if (kind === 'lose-data') this.loseData(index);
        return async () => void (await this.startNode(index));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.running.map((node) => node.kill()));
    await Promise.all(this.#ways.flat().map((proxy) => proxy[Symbol.asyncDispose]()));
  }

  #others(index: number): number[] {
    return this.#ports.map((_, other) => other).filter((other) => other !== index);
  }

  #between(a: number, b: number): TcpProxy[] {
    return [this.#ways[a]?.[b], this.#ways[b]?.[a]].flatMap((way) => way ?? []);
  }
}
