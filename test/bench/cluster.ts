// Three nodes over three members of etcd, beside one node without a cluster in the same run: how long a registration takes
// until it is in the DNS of all nodes, registrations a second, CPU of renewals, the start of a fresh node, memory.
// All processes share this machine's cores, so what counts is the column of the single node beside it.
//   node_modules/.bin/node test/bench/cluster.ts [INSTANCES] [REGISTRATIONS ONE BY ONE]

import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from '../kit/api-client.ts';
import { ClusterWorld } from '../kit/cluster-world.ts';
import { type DnsClient, udpClient } from '../kit/dns-client.ts';
import { startEtcd } from '../kit/etcd.ts';
import { type ServerProcess, startServer } from '../kit/server-process.ts';
import { cpuSeconds } from './cpu.ts';
import { residentBytes } from './resident.ts';
import { shown } from './rounds.ts';
import { printTable } from './table.ts';

const [instances = 10_000, single = 200] = process.argv.slice(2).map(Number);
const connections = 64;
const renewalRounds = 3;
/** Nothing ends while the bench runs. */
const leaseSeconds = 3600;

interface Side {
  readonly nodes: readonly ServerProcess[];
  readonly apis: readonly ApiClient[];
  readonly dns: readonly DnsClient[];
}

interface Run {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly registrationsPerSecond: number;
  readonly alikeMs: number;
  readonly renewalsPerSecond: number;
  readonly cpuMicrosPerRenewal: number;
  readonly residentMiB: number;
}

async function sideOf(nodes: readonly ServerProcess[]): Promise<Side> {
  const apis = nodes.map(({ http }) => new ApiClient(http, connections));
  return { nodes, apis, dns: await Promise.all(nodes.map(({ dnsPort }) => udpClient(dnsPort))) };
}

/** Milliseconds from the call to the last node that answers with it. */
async function propagation({ apis, dns }: Side): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < single; index++) {
    const startMs = performance.now();
    const seen = Promise.all(dns.map((client) => answered(client, `one-${index}.prod.svc`)));
    await pick(apis, index).register(`prod/one-${index}/i`, ['http://10.0.0.7:80'], { leaseSeconds });
    await seen;
    times.push(performance.now() - startMs);
    await sleep(10);
  }
  return times.sort((a, b) => a - b);
}

async function answered(client: DnsClient, name: string): Promise<void> {
  while ((await client.ask(name, 'A')).answer.length === 0) await new Promise((resolve) => setImmediate(resolve));
}

/** Calls `run` for each number, `connections` at once. */
async function forEach(count: number, run: (index: number) => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: connections }, one));
  return (performance.now() - startMs) / 1000;
}

function placeOf(index: number): string {
  return `prod/fleet-${index % 200}/i-${index}`;
}

function pick<T>(all: readonly T[], index: number): T {
  return all[index % all.length] as T;
}

async function instancesAt(api: ApiClient): Promise<number> {
  const { json } = await api.call('GET', '/api/v1/apps?limit=1000');
  const apps = json['apps'] as { instances: number; appid: string }[];
  return apps.filter(({ appid }) => appid.startsWith('fleet-')).reduce((sum, one) => sum + one.instances, 0);
}

async function measured(side: Side): Promise<Run> {
  const { apis, nodes } = side;
  const times = await propagation(side);
  const fillSeconds = await forEach(instances, (index) =>
    pick(apis, index).register(placeOf(index), [`http://10.1.${(index >> 8) & 255}.${index & 255}:80`], {
      leaseSeconds,
    }),
  );
  const filledMs = performance.now();
  for (const api of apis) while ((await instancesAt(api)) < instances) await sleep(20);
  const alikeMs = performance.now() - filledMs;
  const cpu = (): number => nodes.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0);
  const before = cpu();
  // At another node than the one that runs the lease: the common case behind a balancer.
  const renewals = renewalRounds * instances;
  const renewSeconds = await forEach(renewals, (index) => pick(apis, index + 1).renew(placeOf(index % instances)));
  // Includes the batches in which renewals are forwarded.
  await sleep(500);
  return {
    p50Ms: times[Math.floor(times.length / 2)] ?? 0,
    p99Ms: times[Math.floor(times.length * 0.99)] ?? 0,
    registrationsPerSecond: instances / fillSeconds,
    alikeMs,
    renewalsPerSecond: renewals / renewSeconds,
    cpuMicrosPerRenewal: ((cpu() - before) * 1e6) / renewals,
    residentMiB: Math.max(...nodes.map(({ pid }) => residentBytes(pid))) / 2 ** 20,
  };
}

function closeSide({ apis, dns }: Side): void {
  for (const one of [...apis, ...dns]) one.close();
}

async function aloneRun(): Promise<Run> {
  const server = await startServer({ env: { ROLLCALL_DNS_THREADS: '1' } });
  const side = await sideOf([server]);
  try {
    return await measured(side);
  } finally {
    closeSide(side);
    await server.kill();
  }
}

async function clusterRun(): Promise<Run & { readonly freshMs: number }> {
  await using etcd = await startEtcd({ members: 3 });
  await using world = new ClusterWorld(etcd.urls, 'bench');
  const side = await sideOf([await world.start('n1'), await world.start('n2'), await world.start('n3')]);
  try {
    const run = await measured(side);
    const startMs = performance.now();
    await world.start('n4');
    return { ...run, freshMs: performance.now() - startMs };
  } finally {
    closeSide(side);
  }
}

const alone = await aloneRun();
const cluster = await clusterRun();
const row = (what: string, of: (run: Run) => number, digits = 0): string[] => [
  what,
  shown(of(alone), digits),
  shown(of(cluster), digits),
];
printTable(
  [`${instances} instances`, 'one node', 'three nodes, three members'],
  [
    row('a registration in the DNS of all nodes, p50, ms', ({ p50Ms }) => p50Ms, 1),
    row('the same, p99, ms', ({ p99Ms }) => p99Ms, 1),
    row(`registrations a second, ${connections} at once`, (run) => run.registrationsPerSecond),
    row('all nodes alike after the last one, ms', ({ alikeMs }) => alikeMs),
    row('renewals a second, each at another node than its lease', (run) => run.renewalsPerSecond),
    row('CPU a renewal, all nodes together, µs', (run) => run.cpuMicrosPerRenewal),
    row('memory of a node at most, MiB', (run) => run.residentMiB),
    ['start of a fresh node until it answers, ms', '–', shown(cluster.freshMs)],
  ],
);
process.exit(0);
