// Queries per CPU second of rollcall beside other servers on the same names, with dnsperf, in turn and repeated, because such
// machines are shared and drift. What counts are the ratios.
//   node_modules/.bin/node test/bench/dns.ts [NAMES] [SECONDS] [ROUNDS]

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fullLoad, type Latency, type Load, latency } from './dnsperf.ts';
import { namesIn } from './names.ts';
import { registerNames, startOwn, variants } from './own.ts';
import { installedRivals, startRival } from './rivals.ts';
import { isInstalled, nextPort, type Server } from './started.ts';
import { printTable } from './table.ts';

const [count = 1000, seconds = 4, rounds = 3] = process.argv.slice(2).map(Number);
/** Far below what the slowest can. */
const latencyPerSecond = 5000;

if (!isInstalled('dnsperf')) {
  console.log('dnsperf is not installed: nothing was measured');
  process.exit(0);
}

const folder = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));
const names = namesIn(folder, count);
const servers: Server[] = [];
try {
  await startAll();
  loads(`A, ${count} names`, (server) => fullLoad(server, names.queries.A, seconds));
  loads(`SRV with its target's address, ${count} names`, (server) => fullLoad(server, names.queries.SRV, seconds));
  loads(`NXDOMAIN, ${count} names`, (server) => fullLoad(server, names.queries.NXDOMAIN, seconds));
  loads(`A over TCP, ${count} names`, (server) => fullLoad(server, names.queries.A, seconds, 'tcp'));
  latencies(`A, ${count} names, ${latencyPerSecond} a second`);
} finally {
  for (const server of servers) await server.stop();
  rmSync(folder, { recursive: true });
}

async function startAll(): Promise<void> {
  const { present, missing } = installedRivals();
  for (const variant of variants) {
    const server = await startOwn(variant, folder, nextPort());
    await registerNames(server.httpPort, count);
    servers.push(server);
  }
  for (const rival of present) {
    if (rival.namesMax >= count) servers.push(await startRival(rival, folder, nextPort(), count));
  }
  if (missing.length > 0) console.log(`not installed, so not measured: ${missing.join(', ')}\n`);
}

/** In turn, so that a slow minute of the machine meets all of them. */
function inTurn<R>(measure: (server: Server) => R): Map<Server, R[]> {
  const runs = new Map<Server, R[]>(servers.map((server) => [server, []]));
  for (let round = 0; round < rounds; round++) for (const server of servers) runs.get(server)?.push(measure(server));
  return runs;
}

function loads(title: string, measure: (server: Server) => Load): void {
  for (const server of servers) measure(server);
  const medians = new Map(
    [...inTurn(measure)].map(([server, runs]) => [server, middle(runs, (run) => run.perCpuSecond)]),
  );
  const base = baseOf(medians)?.perCpuSecond;
  const rows = [...medians].map(([{ name }, { perCpuSecond, perSecond, lost }]) => {
    const ratio = base === undefined ? '' : (perCpuSecond / base).toFixed(2);
    return [name, hundreds(perCpuSecond), hundreds(perSecond), `${lost}`, ratio];
  });
  printTable([title, 'queries per CPU second', 'queries per second', 'lost', 'per CPU second, Knot = 1'], rows);
}

function latencies(title: string): void {
  const measure = (server: Server) => latency(server, names.queries.A, seconds, latencyPerSecond);
  const medians = new Map([...inTurn(measure)].map(([server, runs]) => [server, middle(runs, (run) => run.p99Ms)]));
  const base = baseOf<Latency>(medians)?.p99Ms;
  const rows = [...medians].map(([{ name }, { p50Ms, p99Ms, p999Ms, lost }]) => {
    const ratio = base === undefined ? '' : (p99Ms / base).toFixed(2);
    return [name, p50Ms.toFixed(2), p99Ms.toFixed(2), p999Ms.toFixed(2), `${lost}`, ratio];
  });
  printTable([title, 'p50 ms', 'p99 ms', 'p99.9 ms', 'lost', 'p99, Knot = 1'], rows);
}

function baseOf<R>(medians: ReadonlyMap<Server, R>): R | undefined {
  for (const [{ name }, run] of medians) if (name === 'Knot') return run;
  return undefined;
}

function middle<R>(runs: readonly R[], by: (run: R) => number): R {
  return [...runs].sort((a, b) => by(a) - by(b))[Math.floor(runs.length / 2)] as R;
}

function hundreds(value: number): string {
  return (Math.round(value / 100) * 100).toLocaleString('en');
}
