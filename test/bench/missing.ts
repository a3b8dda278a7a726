// rollcall's slower side, beside Knot: names that are not there, 100 000 in turn, so that no answer is kept; names that are
// asked for the first time; and TCP with a connection for each query. Queries per CPU second of the server.
//   node_modules/.bin/node test/bench/missing.ts [NAMES] [SECONDS] [ROUNDS]

import { removeScratch, scratch } from '../kit/scratch.ts';
import { absentNames, absentQuestions } from './absent-names.ts';
import { eachOnce, fullLoad, type Load, requireDnsperf } from './dnsperf.ts';
import { questionsIn } from './names.ts';
import { batched, registerNames, startOwn } from './own.ts';
import { startKnot } from './rivals.ts';
import { inTurn, middleOf, ratio, shown } from './rounds.ts';
import { eachItsConnection } from './single-queries.ts';
import type { Server } from './started.ts';
import { printTable } from './table.ts';

const [count = 100_000, seconds = 2, rounds = 3] = process.argv.slice(2, 5).map(Number);
requireDnsperf();
const folder = scratch();
const own = await startOwn(batched, folder);
await registerNames(own.httpPort, { to: count });
const knot = await startKnot(folder, count);
const servers: readonly Server[] = knot === undefined ? [own] : [own, knot];

// First, while nothing has been asked for.
const first = new Map<Server, Load>();
for (const server of servers) first.set(server, await eachOnce(server, questionsIn(folder, count, 'A')));
const rows = [row('A, for the first time (one run)', first)];
for (const [title, nameOf] of Object.entries(absentNames)) {
  const path = absentQuestions(folder, title, nameOf, count);
  for (const server of servers) await fullLoad(server, path, 1);
  rows.push(row(title, await middles((server) => fullLoad(server, path, seconds))));
}
rows.push(row('A over TCP, a connection for each', await middles((server) => eachItsConnection(server, seconds))));
printTable([`${count} names in turn, queries per CPU second`, 'rollcall', 'Knot', 'Knot = 1'], rows);

for (const server of servers) await server.stop();
removeScratch(folder);

async function middles<Run extends object>(measure: (server: Server) => Promise<Run>): Promise<Map<Server, Run>> {
  const runs = await inTurn(servers, rounds, measure);
  return new Map([...runs].map(([server, its]) => [server, middleOf<Run>(its)]));
}

function row(title: string, loads: ReadonlyMap<Server, Pick<Load, 'perCpuSecond'>>): string[] {
  const [mine = Number.NaN, its = Number.NaN] = servers.map((server) => loads.get(server)?.perCpuSecond);
  return [title, shown(Math.round(mine / 100) * 100), shown(Math.round(its / 100) * 100), ratio(mine, its)];
}
