// What three members of etcd do by themselves on this machine, by the client that rollcall has: the control of every
// number of the cluster. A swap is as a registration's: a record of 500 octets, if neither it nor its label is there.

import { type Engine, isFault, type Swap } from '../../src/cluster/engine.ts';
import { parseEndpoint } from '../../src/cluster/etcd/endpoint.ts';
import { EtcdEngine } from '../../src/cluster/etcd/etcd-engine.ts';
import type { Etcd } from '../kit/cluster/etcd.ts';
import { cpuSeconds } from './cpu.ts';

const prefix = '/rollcall/alone/';
const record = new Uint8Array(500).fill(0x61);
const serial = new Uint8Array(12).fill(0x61);
const withinMs = 30_000;

interface Alone {
  readonly swapsPerSecond: number;
  /** Of all members together. */
  readonly etcdMicros: number;
  readonly clientMicros: number;
}

export function engineAt(url: string): EtcdEngine {
  const endpoint = parseEndpoint(url, 'endpoint');
  if ('field' in endpoint) throw new Error(endpoint.message);
  const clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
  return new EtcdEngine({ endpoints: [endpoint], clock });
}

/** Followed by as many watches as there are members, each member asked by a connection of its own. */
export async function etcdAlone(etcd: Etcd, groupSize: number, swaps: number): Promise<Alone> {
  const engines = etcd.urls.map(engineAt);
  const pids = etcd.members.map(({ program }) => program.child.pid ?? 0);
  const cpu = () => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  try {
    await Promise.all(engines.map(follow));
    const [etcdBefore, clientBefore, startMs] = [cpu(), process.cpuUsage(), performance.now()];
    let left = swaps;
    const oneByOne = async (engine: Engine): Promise<void> => {
      while (left > 0) {
        left -= groupSize;
        await put(engine, groupSize);
      }
    };
    // Groups one after the other at each member, as a node sends them; single ones as many at once as nodes have callers.
    const atOnce = groupSize === 1 ? 20 : 1;
    await Promise.all(engines.flatMap((engine) => Array.from({ length: atOnce }, () => oneByOne(engine))));
    const seconds = (performance.now() - startMs) / 1000;
    const { user, system } = process.cpuUsage(clientBefore);
    return {
      swapsPerSecond: swaps / seconds,
      etcdMicros: ((cpu() - etcdBefore) * 1e6) / swaps,
      clientMicros: (user + system) / swaps,
    };
  } finally {
    for (const engine of engines) engine.close();
  }
}

async function follow(engine: Engine): Promise<void> {
  const listed = await engine.list(`${prefix}none`);
  if (isFault(listed)) throw new Error(listed.detail);
  engine.follow(prefix, { revision: listed.revision + 1, clusterId: listed.clusterId }, () => {});
}

async function put(engine: Engine, groupSize: number): Promise<void> {
  const puts = [{ key: `${prefix}s`, value: serial }];
  const reply = await engine.swap({ swaps: Array.from({ length: groupSize }, swapOf), puts }, withinMs);
  if (isFault(reply)) throw new Error(reply.detail);
}

let made = 0;

function swapOf(): Swap {
  const [key, labelKey] = [`${prefix}i/prod/fleet/i-${++made}`, `${prefix}l/prod/fleet/i-${made}`];
  return {
    conditions: [key, labelKey].map((one) => ({ key: one, is: 'absent' })),
    writes: [{ key, value: record }],
    reads: [key],
    isOwn: () => false,
  };
}
