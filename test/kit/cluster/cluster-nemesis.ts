// Three nodes and three members of etcd, and a nemesis that cuts, stops, kills, wipes and fills them, and sets clocks wrong:
// what it does follows from a seed alone. What lies between them: cluster-wiring.ts. Clocks are set by libfaketime, where it
// is installed; the monotonic clock is left as it is.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratch } from '../process/scratch.ts';
import type { ServerProcess } from '../process/server-process.ts';
import { type CutKind, openWiring, type Wiring } from './cluster-wiring.ts';
import { ClusterWorld } from './cluster-world.ts';
import { type Etcd, type EtcdMember, startEtcd } from './etcd.ts';

export const nodeNames = ['n1', 'n2', 'n3'] as const;
const clusterName = 'history';
const faketime = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';

/** Those of a history; a scenario has more. */
export const faultKinds = [
  'cut-etcd',
  'cut-peer',
  'cut-way',
  'isolate',
  'split',
  'kill-node',
  'stop-node',
  'kill-member',
  'stop-member',
  'outage',
  'compact',
  'full-disk',
  'skew',
] as const;

export type FaultKind =
  | (typeof faultKinds)[number]
  | 'end-node'
  | 'stop-leader'
  | 'stop-follower'
  | 'wipe'
  | 'restore'
  | 'none';

export interface ClusterFault {
  readonly kind: FaultKind;
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

export function faultOf(random: () => number): ClusterFault {
  const kind = faultKinds[Math.floor(random() * faultKinds.length)] ?? 'isolate';
  return { kind, index: Math.floor(random() * 3), forMs: 2000 + Math.floor(random() * 8000) };
}

const cuts: Partial<Record<FaultKind, CutKind>> = {
  'cut-etcd': 'etcd',
  'cut-peer': 'pair',
  'cut-way': 'way',
  isolate: 'isolate',
  split: 'split',
};

export interface NemesisOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Called before the nodes start, with a way to run one for a while. */
  readonly prepare?: (etcd: Etcd, prefix: string, start: () => Promise<ServerProcess>) => Promise<void>;
}

type End = () => Promise<void>;

export class NemesisWorld implements AsyncDisposable {
  readonly #etcd: Etcd;
  readonly #world: ClusterWorld;
  readonly #wiring: Wiring;
  readonly #env: Readonly<Record<string, string>>;
  readonly #folders: readonly string[];
  readonly nodes: (ServerProcess | undefined)[] = [];

  private constructor(etcd: Etcd, wiring: Wiring, env: Readonly<Record<string, string>>) {
    this.#etcd = etcd;
    this.#wiring = wiring;
    this.#env = env;
    this.#world = new ClusterWorld(etcd.urls, clusterName);
    this.#folders = nodeNames.map(() => scratch({ skew: '+0s\n' }));
  }

  static async start({ env = {}, prepare }: NemesisOptions = {}): Promise<NemesisWorld> {
    const token = join(scratch({ token: 'a token of the histories\n'.replaceAll(' ', '-') }), 'token');
    const wiring = await openWiring(token);
    const etcd = await startEtcd({ members: 3, places: wiring.places });
    await wiring.connect(etcd.urls);
    const world = new NemesisWorld(etcd, wiring, env);
    await prepare?.(etcd, `/rollcall/${clusterName}/`, async () => {
      await world.startNode(0);
      return world.nodes[0] as ServerProcess;
    });
    await Promise.all(nodeNames.map((_, index) => world.startNode(index)));
    return world;
  }

  /** Those that were killed too, in the order in which they were started. */
  get all(): readonly ServerProcess[] {
    return this.#world.nodes;
  }

  get wiring(): Wiring['kind'] {
    return this.#wiring.kind;
  }

  async startNode(index: number): Promise<void> {
    const { host, enter, etcd, env } = this.#wiring.node(index);
    const folder = this.#folders[index] ?? '';
    const clock = existsSync(faketime)
      ? {
          LD_PRELOAD: faketime,
          FAKETIME_TIMESTAMP_FILE: join(folder, 'skew'),
          FAKETIME_DONT_FAKE_MONOTONIC: '1',
          FAKETIME_CACHE_DURATION: '1',
          NO_FAKE_STAT: '1',
        }
      : {};
    this.nodes[index] = await this.#world.start(nodeNames[index] ?? '', {
      data: join(folder, 'data'),
      etcd,
      host,
      enter,
      env: { ROLLCALL_CLUSTER_START_WAIT_SECONDS: '2', ...env, ...this.#env, ...clock },
    });
  }

  /** Returns what ends it. */
  async begin({ kind, index }: ClusterFault): Promise<End> {
    const cut = cuts[kind];
    if (cut !== undefined) return this.#wiring.cut(cut, index);
    const member = this.#etcd.members[index];
    switch (kind) {
      case 'kill-node':
      case 'end-node':
        return this.#endNode(index, kind === 'kill-node');
      case 'stop-node':
        return stopped([this.nodes[index]?.pid]);
      case 'kill-member':
        await member?.kill();
        return () => this.#etcd.start(member === undefined ? [] : [member]);
      case 'stop-member':
        return stopped([member?.program.pid]);
      case 'stop-leader':
      case 'stop-follower':
        return stopped([(await this.#memberThat(kind === 'stop-leader'))?.program.pid]);
      case 'skew':
        return this.#skew(index);
      case 'none':
        return async () => {};
      default:
        return this.#ofAllEtcd(kind);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#world[Symbol.asyncDispose]();
    await this.#etcd[Symbol.asyncDispose]();
    await this.#wiring[Symbol.asyncDispose]();
  }

  async #ofAllEtcd(kind: FaultKind): Promise<End> {
    const { members } = this.#etcd;
    if (kind === 'compact') {
      const revision = await this.#etcd.revision();
      await this.#etcd.ask('kv/compaction', { revision: String(revision), physical: true });
      return async () => {};
    }
    if (kind === 'full-disk') {
      // What a member raises whose quota is used up.
      const alarm = (action: string) =>
        this.#etcd.ask('maintenance/alarm', { action, memberID: '1', alarm: 'NOSPACE' });
      await alarm('ACTIVATE');
      return async () => void (await alarm('DEACTIVATE'));
    }
    if (kind === 'restore' && !this.isSaved) throw new Error('nothing was saved');
    await Promise.all(members.map((one) => one.kill()));
    for (const one of members) {
      if (kind === 'wipe') one.wipe();
      if (kind === 'restore') one.restore();
    }
    return () => this.#etcd.start();
  }

  isSaved = false;

  /** A copy of etcd's data, for `restore`. */
  async save(): Promise<void> {
    const { members } = this.#etcd;
    await Promise.all(members.map((one) => one.kill()));
    for (const one of members) one.save();
    await this.#etcd.start();
    this.isSaved = true;
  }

  async #endNode(index: number, isKilled: boolean): Promise<End> {
    const node = this.nodes[index];
    this.nodes[index] = undefined;
    if (isKilled) await node?.kill();
    else await node?.stop();
    return () => this.startNode(index);
  }

  /** Its wall clock is wrong by half a minute; where libfaketime is not installed nothing happens. */
  #skew(index: number): End {
    const file = join(this.#folders[index] ?? '', 'skew');
    writeFileSync(file, index === 1 ? '-30s\n' : '+30s\n');
    return async () => {
      writeFileSync(file, '+0s\n');
      await Promise.resolve();
    };
  }

  async #memberThat(isLeader: boolean): Promise<EtcdMember | undefined> {
    const leader = await this.#etcd.leader();
    return isLeader ? leader : this.#etcd.members.find((one) => one !== leader);
  }
}

function stopped(pids: readonly (number | undefined)[]): End {
  const known = pids.filter((pid) => pid !== undefined);
  for (const pid of known) process.kill(pid, 'SIGSTOP');
  return async () => {
    for (const pid of known) process.kill(pid, 'SIGCONT');
    await Promise.resolve();
  };
}
