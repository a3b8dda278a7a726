// Three nodes over three members of etcd, beside one node without a cluster and three that know nothing of each other, in
// the same run: how long a registration takes until it is in the DNS of all nodes, registrations a second, CPU of
// renewals, the start of a fresh node, memory; and what etcd does alone. All processes and the callers share this machine's
// cores, so what counts is CPU and the columns beside it.
//   node_modules/.bin/node test/bench/cluster.ts [INSTANCES] [REGISTRATIONS ONE BY ONE] [INSTANCES OF A FRESH NODE]

import { setTimeout as sleep } from 'node:timers/promises';
import { isFault } from '../../src/cluster/engine.ts';
import { ClusterWorld } from '../kit/cluster/cluster-world.ts';
import { type Etcd, startEtcd } from '../kit/cluster/etcd.ts';
import { type DnsClient, udpClient } from '../kit/dns/dns-client.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { type StormKnobs, storm } from '../kit/http/storm.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { cpuSeconds } from './cpu.ts';
import { engineAt, etcdAlone } from './etcd-alone.ts';
import { residentBytes } from './resident.ts';
import { middleOf, shown } from './rounds.ts';
import { printTable } from './table.ts';

const [instances = 9000, single = 200, fresh = 100_000] = process.argv.slice(2).map(Number);
const rounds = 3;
const warmRounds = 2;
const connections = 192;
const renewalsPerSecond = 3000;
const renewalSeconds = 4;
const withinMs = 120_000;

interface Side {
  readonly name: string;
  readonly nodes: readonly ServerProcess[];
  /** Empty: there are none. */
  readonly etcdPids: readonly number[];
}

interface Filled {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly nodeMicros: number;
  readonly etcdMicros: number;
  readonly clientMicros: number;
}

function sum(pids: readonly number[]): number {
  return pids.reduce((total, pid) => total + cpuSeconds(pid), 0);
}

function nodePids({ nodes }: Side): number[] {
  return nodes.map(({ pid }) => pid);
}

/** A part of the instances at each node; `shift`: at the one after that. */
async function spread(
  { nodes }: Side,
  knobs: Omit<StormKnobs, 'port' | 'withinMs' | 'from'> & { readonly from: number },
  shift = 0,
) {
  const share = Math.floor(knobs.instances / nodes.length);
  const calls = Math.floor((knobs.calls ?? knobs.instances) / nodes.length);
  const pace = knobs.perSecond === undefined ? {} : { perSecond: knobs.perSecond / nodes.length };
  const results = await Promise.all(
    nodes.map((_, index) => {
      const port = (nodes[(index + shift) % nodes.length] as ServerProcess).httpPort;
      const own = { instances: share, from: knobs.from + index * share, connections: connections / nodes.length };
      return storm({ ...knobs, ...own, ...pace, calls, port, withinMs });
    }),
  );
  const failed = results.reduce((total, one) => total + one.failed, 0);
  if (failed > 0) throw new Error(`${failed} calls failed: ${JSON.stringify(results.map((one) => one.statuses))}`);
  const worst = (of: 'tookMs' | 'medianMs' | 'p99Ms') => Math.max(...results.map((one) => one[of]));
  return { tookMs: worst('tookMs'), p50Ms: worst('medianMs'), p99Ms: worst('p99Ms') };
}

async function registered(side: Side, from: number): Promise<Filled> {
  const cpu = () => [
    sum(nodePids(side)),
    sum(side.etcdPids),
    cpuSeconds(process.pid) - sum(nodePids(side)) - sum(side.etcdPids),
  ];
  const before = cpu();
  const { tookMs, p50Ms, p99Ms } = await spread(side, { what: 'register', instances, from, connections });
  const [nodeMicros = 0, etcdMicros = 0, clientMicros = 0] = cpu().map(
    (seconds, index) => ((seconds - (before[index] ?? 0)) * 1e6) / instances,
  );
  return { perSecond: (instances / tookMs) * 1000, p50Ms, p99Ms, nodeMicros, etcdMicros, clientMicros };
}

/** At so many a second, at any node: a node that is idle between two calls works differently. CPU of a renewal, µs. */
async function renewed(side: Side, shift: number, isFirst: boolean, perSecond = renewalsPerSecond): Promise<number> {
  const knobs = { what: 'renew', instances, from: 0, connections } as const;
  if (isFirst) await spread(side, { ...knobs, calls: 2 * instances }, shift);
  const before = sum(nodePids(side));
  const calls = perSecond * renewalSeconds;
  await spread(side, { ...knobs, calls, perSecond }, shift);
  // Includes the batches in which renewals are forwarded.
  await sleep(500);
  return ((sum(nodePids(side)) - before) * 1e6) / calls;
}

/** Milliseconds from the call to the last node that answers with it. */
async function propagation({ nodes }: Side): Promise<number[]> {
  const apis = nodes.map(({ http }) => new ApiClient(http, 1));
  const dns = await Promise.all(nodes.map(({ dnsPort }) => udpClient(dnsPort)));
  const times: number[] = [];
  for (let index = 0; index < single; index++) {
    const startMs = performance.now();
    const seen = Promise.all(dns.map((client) => answered(client, `one-${index}.prod.svc`)));
    await (apis[index % apis.length] as ApiClient).register(`prod/one-${index}/i`, ['http://10.0.0.7:80']);
    await seen;
    times.push(performance.now() - startMs);
    await sleep(10);
  }
  for (const one of [...apis, ...dns]) one.close();
  return times.sort((a, b) => a - b);
}

/** Asked every millisecond, and not as fast as can be: the nodes need the core. */
async function answered(client: DnsClient, name: string): Promise<void> {
  while ((await client.ask(name, 'A')).answer.length === 0) await sleep(1);
}

async function idle(side: Side): Promise<number> {
  const before = sum(nodePids(side));
  await sleep(4000);
  return ((sum(nodePids(side)) - before) / 4 / side.nodes.length) * 1000;
}

interface Run extends Filled {
  readonly propagation50Ms: number;
  readonly propagation99Ms: number;
  readonly idleMs: number;
  readonly renewalMicros: number;
  readonly renewalElsewhereMicros: number;
  readonly residentMiB: number;
}

/** The first rounds are for nothing: code that has not run yet is slow. */
async function measured(side: Side): Promise<Run> {
  const times = await propagation(side);
  console.error(`${side.name}: propagation ${(performance.now() / 1000).toFixed(0)} s`);
  const filled: Filled[] = [];
  for (let round = 0; round < warmRounds + rounds; round++) filled.push(await registered(side, round * instances));
  console.error(`${side.name}: ${JSON.stringify(filled)} ${(performance.now() / 1000).toFixed(0)} s`);
  const idleMs = await idle(side);
  const renewals = [];
  for (let round = 0; round < rounds; round++)
    renewals.push({
      renewalMicros: await renewed(side, 0, round === 0),
      renewalElsewhereMicros: await renewed(side, 1, round === 0),
    });
  console.error(`${side.name}: ${JSON.stringify(renewals)} ${(performance.now() / 1000).toFixed(0)} s`);
  return {
    ...middleOf(filled.slice(warmRounds)),
    propagation50Ms: times[Math.floor(times.length / 2)] ?? 0,
    propagation99Ms: times[Math.floor(times.length * 0.99)] ?? 0,
    ...middleOf(renewals),
    idleMs,
    residentMiB: Math.max(...nodePids(side).map(residentBytes)) / 2 ** 20,
  };
}

/** Also with a third of the renewals, as each of three nodes has: a process that is woken for each of them pays for that. */
async function oneRun(): Promise<Run & { readonly thirdMicros: number }> {
  const server = await startServer({ env: { ROLLCALL_DNS_THREADS: '1' } });
  try {
    const side = { name: 'one node', nodes: [server], etcdPids: [] };
    const run = await measured(side);
    const thirds = [];
    for (let round = 0; round < rounds; round++)
      thirds.push({ micros: await renewed(side, 0, false, renewalsPerSecond / 3) });
    return { ...run, thirdMicros: middleOf(thirds).micros };
  } finally {
    await server.kill();
  }
}

/** What three processes cost in place of one, without any cluster. Each has all instances, since renewals go to any. */
async function apartRun(): Promise<number> {
  const nodes = await Promise.all([1, 2, 3].map(() => startServer({ env: { ROLLCALL_DNS_THREADS: '1' } })));
  try {
    const side = { name: 'three apart', nodes, etcdPids: [] };
    for (const shift of [0, 1, 2]) await spread(side, { what: 'register', instances, from: 0, connections }, shift);
    const runs = [];
    for (let round = 0; round < rounds; round++) runs.push({ micros: await renewed(side, 0, round === 0) });
    return middleOf(runs).micros;
  } finally {
    await Promise.all(nodes.map((node) => node.kill()));
  }
}

/** So many instances in etcd, as a node has written one of them. */
async function fill(etcd: Etcd, count: number): Promise<void> {
  const engine = engineAt(etcd.urls[0] as string);
  const prefix = '/rollcall/bench/';
  const sample = await engine.read(`${prefix}i/prod/one-0/i`);
  if (isFault(sample) || sample.entry === undefined) throw new Error('there is no record to copy');
  const record = JSON.parse(new TextDecoder().decode(sample.entry.value)) as { readonly r: object };
  const encoder = new TextEncoder();
  for (let from = 0; from < count; from += 100) {
    const swaps = Array.from({ length: Math.min(100, count - from) }, (_, place) => {
      const number = from + place;
      const id = `f-${number}`;
      const path = `prod/fresh-${Math.floor(from / 1000)}/${id}`;
      const addrs = [`http://10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}:8080`];
      const registration = { ...record.r, addrs };
      const value = encoder.encode(JSON.stringify({ ...record, r: registration, n: id, l: id, u: id, x: place }));
      const writes = [{ key: `${prefix}i/${path}`, value }];
      return { conditions: [], writes, reads: [], isOwn: () => false };
    });
    const serial = { key: `${prefix}s`, value: encoder.encode(JSON.stringify({ o: 'n1', x: swaps.length - 1 })) };
    const reply = await engine.swap({ swaps, puts: [serial] }, withinMs);
    if (isFault(reply)) throw new Error(reply.detail);
  }
  engine.close();
}

interface ClusterRun extends Run {
  readonly swapsInGroup: number;
  readonly freshMs: number;
  readonly freshMiB: number;
}

async function clusterRun(): Promise<ClusterRun> {
  await using etcd = await startEtcd({ members: 3 });
  await using world = new ClusterWorld(etcd.urls, 'bench');
  const nodes = [await world.start('n1'), await world.start('n2'), await world.start('n3')];
  const etcdPids = etcd.members.map(({ program }) => program.child.pid ?? 0);
  const run = await measured({ name: 'cluster', nodes, etcdPids });
  const revisions = (await etcd.revision()) - single;
  const swapsInGroup = ((warmRounds + rounds) * instances) / revisions;
  for (const node of nodes.slice(1)) await node.stop();
  await fill(etcd, fresh);
  const startMs = performance.now();
  const n4 = await world.start('n4');
  const freshMs = performance.now() - startMs;
  return { ...run, swapsInGroup, freshMs, freshMiB: residentBytes(n4.pid) / 2 ** 20 };
}

async function printEtcdAlone(): Promise<void> {
  await using etcd = await startEtcd({ members: 3 });
  const rows: string[][] = [];
  for (const [size, swaps] of [
    [1, 3000],
    [15, 15_000],
    [100, 30_000],
  ] as const) {
    const runs = [];
    for (let round = 0; round < rounds; round++) runs.push(await etcdAlone(etcd, size, swaps));
    const { swapsPerSecond, etcdMicros, clientMicros } = middleOf(runs);
    rows.push([`groups of ${size}`, shown(swapsPerSecond), shown(etcdMicros), shown(clientMicros)]);
  }
  printTable(
    ['etcd alone, three members, three watches', 'swaps a second', 'CPU of all members, µs', 'client, µs'],
    rows,
  );
}

await printEtcdAlone();
const one = await oneRun();
const apart = await apartRun();
const cluster = await clusterRun();
const row = (what: string, of: (run: Run) => number, digits = 0): string[] => [
  what,
  shown(of(one), digits),
  '',
  shown(of(cluster), digits),
];
printTable(
  [`${instances} instances a round`, 'one node', 'three that know nothing of each other', 'three nodes, three members'],
  [
    row('a registration in the DNS of all nodes, p50, ms', (run) => run.propagation50Ms, 1),
    row('the same, p99, ms', (run) => run.propagation99Ms, 1),
    row(`registrations a second, ${connections} at once`, (run) => run.perSecond),
    row('a call of them, p50, ms', (run) => run.p50Ms),
    row('the same, p99, ms', (run) => run.p99Ms),
    row('CPU a registration: all nodes, µs', (run) => run.nodeMicros),
    row('… all members of etcd, µs', (run) => run.etcdMicros),
    row('… callers, µs', (run) => run.clientMicros),
    ['registrations a transaction', '', '', shown(cluster.swapsInGroup)],
    row('CPU of an idle node, ms a second', (run) => run.idleMs),
    [
      `CPU a renewal, ${renewalsPerSecond} a second, µs`,
      shown(one.renewalMicros),
      shown(apart),
      shown(cluster.renewalMicros),
    ],
    [`the same, ${renewalsPerSecond / 3} a second, µs`, shown(one.thirdMicros), '', ''],
    ['… each at another node than its lease, µs', '', '', shown(cluster.renewalElsewhereMicros)],
    row('memory of a node at most, MiB', (run) => run.residentMiB),
    [`start of a fresh node with ${fresh} instances more until it answers, ms`, '', '', shown(cluster.freshMs)],
    ['its memory, MiB', '', '', shown(cluster.freshMiB)],
  ],
);
process.exit(0);
