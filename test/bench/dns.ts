// rollcall beside other servers on the same names, with dnsperf, in turn and repeated: queries per CPU second and per second
// at full load, and how long answers take at a load that all bear easily. What counts are the ratios: to Knot, and over UDP to
// an echo in C, which no server can pass.
//   node_modules/.bin/node test/bench/dns.ts [NAMES] [SECONDS] [ROUNDS] [batched | batched,dgram]

import { setTimeout as sleep } from 'node:timers/promises';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { askedDuring, eachOnce, fullLoad, type Latency, type Load, type Mode, requireDnsperf } from './dnsperf.ts';
import { type Kind, questionsIn } from './names.ts';
import { registerNames, startOwn, variants } from './own.ts';
import { startEcho } from './rivals/echo.ts';
import { startRivals } from './rivals.ts';
import { inTurn, middleOf, ratio, shown } from './rounds.ts';
import type { Server } from './started.ts';
import { printTable } from './table.ts';

const [count = 1000, seconds = 1, rounds = 3] = process.argv.slice(2, 5).map(Number);
const transports = (process.argv[5] ?? 'batched,dgram').split(',');
const warmUpSeconds = 1;
/** Enough names to measure the cost of one that was never asked for. */
const isLarge = count >= 10_000;
/** Far below what the slowest can. */
const calmPerSecond = 2000;

const cases: readonly (readonly [title: string, kind: Kind, mode: Mode])[] = [
  ['A', 'A', 'udp'],
  ["SRV with its target's address", 'SRV', 'udp'],
  ['NXDOMAIN', 'NXDOMAIN', 'udp'],
  ['A over TCP', 'A', 'tcp'],
];

requireDnsperf();
const folder = scratch();
const servers: Server[] = [];
for (const variant of variants.filter(({ transport }) => transports.includes(transport))) {
  const server = await startOwn(variant, folder);
  servers.push(server);
  await registerNames(server.httpPort, { to: count });
}
servers.push(...(await startRivals(folder, count)));
const knot = servers.find(({ name }) => name === 'Knot');
const echo = await startEcho(folder);

for (const [title, kind, mode] of cases) await loads(`${title}, ${count} names`, kind, mode);
for (const [title, kind, mode] of cases) {
  await latencies(`${title}, ${count} names, ${calmPerSecond} a second`, kind, mode);
}

for (const server of servers) await server.stop();
await echo?.stop();
removeScratch(folder);

async function loads(title: string, kind: Kind, mode: Mode): Promise<void> {
  const questions = (server: Server) => questionsIn(folder, count, kind, server.spelling);
  // Caches and compilers begin cold.
  const firsts = new Map<Server, Load>();
  for (const server of askedOver(mode)) {
    const first = isLarge
      ? await eachOnce(server, questions(server), mode)
      : await fullLoad(server, questions(server), warmUpSeconds, mode);
    firsts.set(server, first);
  }
  const middles = await middlesOf(askedOver(mode), (server) => fullLoad(server, questions(server), seconds, mode));
  const base = knot && middles.get(knot);
  const ceiling = echo && middles.get(echo);
  const rows = [...middles].map(([server, { perCpuSecond, perSecond, lost }]) => [
    ...[server.name, hundreds(perCpuSecond), hundreds(perSecond), shown(lost)],
    ...[ratio(perCpuSecond, base?.perCpuSecond), ratio(perSecond, base?.perSecond)],
    ...(ceiling === undefined ? [] : [ratio(perCpuSecond, ceiling.perCpuSecond)]),
    ...(isLarge ? [hundreds(firsts.get(server)?.perCpuSecond ?? Number.NaN)] : []),
  ]);
  const absolute = ['queries per CPU second', 'queries per second', 'lost'];
  const ratios = ['per CPU second, Knot = 1', 'per second, Knot = 1'];
  if (ceiling !== undefined) ratios.push('per CPU second, C echo = 1');
  printTable(
    [title, ...absolute, ...ratios, ...(isLarge ? ['per CPU second, each name for the first time'] : [])],
    rows,
  );
}

async function latencies(title: string, kind: Kind, mode: Mode): Promise<void> {
  const measure = async (server: Server): Promise<Latency> => {
    const questions = questionsIn(folder, count, kind, server.spelling);
    const [latency] = await askedDuring([server], questions, calmPerSecond, () => sleep(1000 * seconds), mode);
    return latency as Latency;
  };
  const middles = await middlesOf(servers, measure);
  const base = knot && middles.get(knot);
  const rows = [...middles].map(([{ name }, { p50Ms, p99Ms, p999Ms, lost }]) => [
    ...[name, shown(p50Ms, 2), shown(p99Ms, 2), shown(p999Ms, 2), shown(lost)],
    ...[ratio(p50Ms, base?.p50Ms), ratio(p99Ms, base?.p99Ms), ratio(p999Ms, base?.p999Ms)],
  ]);
  printTable([title, 'p50 ms', 'p99 ms', 'p99.9 ms', 'lost', 'p50, Knot = 1', 'p99', 'p99.9'], rows);
}

/** The echo has nothing but datagrams. */
function askedOver(mode: Mode): readonly Server[] {
  return echo === undefined || mode === 'tcp' ? servers : [...servers, echo];
}

async function middlesOf<Run extends Load | Latency>(
  among: readonly Server[],
  measure: (server: Server) => Promise<Run>,
) {
  const runs = await inTurn(among, rounds, measure);
  return new Map([...runs].map(([server, its]) => [server, middleOf<Run>(its)]));
}

function hundreds(value: number): string {
  return shown(Math.round(value / 100) * 100);
}
