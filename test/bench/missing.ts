// rollcall's slower side, beside Knot: names that are not there, 100 000 in turn, so that no answer is kept; names that are
// asked for the first time; and TCP with a connection for each query. Queries per CPU second of the server.
//   node_modules/.bin/node test/bench/missing.ts [NAMES] [SECONDS] [ROUNDS]

import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { packet } from '../kit/packet.ts';
import { removeScratch, scratch } from '../kit/scratch.ts';
import { cpuSeconds } from './cpu.ts';
import { eachOnce, fullLoad, type Load, requireDnsperf } from './dnsperf.ts';
import { appOf, questionsIn } from './names.ts';
import { batched, registerNames, startOwn } from './own.ts';
import { startKnot } from './rivals.ts';
import { inTurn, middleOf, ratio, shown } from './rounds.ts';
import type { Server } from './started.ts';
import { printTable } from './table.ts';

const [count = 100_000, seconds = 2, rounds = 3] = process.argv.slice(2, 5).map(Number);
const connectionsAtOnce = 32;

const kinds: readonly (readonly [title: string, nameOf: (index: number) => string])[] = [
  ['absent app', (index) => `absent-${index}.prod.svc`],
  ['absent env', (index) => `one.absent-${index}.svc`],
  ['below an app', (index) => `absent-${index}.${appOf(7)}.prod.svc`],
  ['REFUSED', (index) => `host-${index}.example.com`],
];

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
for (const [title, nameOf] of kinds) {
  const path = join(folder, title.replaceAll(' ', '-'));
  writeFileSync(path, Array.from({ length: count }, (_, index) => `${nameOf(index)} A\n`).join(''));
  for (const server of servers) await fullLoad(server, path, 1);
  rows.push(row(title, await middles((server) => fullLoad(server, path, seconds))));
}
rows.push(row('A over TCP, a connection for each', await middles(eachItsConnection)));
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

async function eachItsConnection(server: Server): Promise<Pick<Load, 'perCpuSecond'>> {
  const before = cpuSeconds(server.pid);
  const endMs = performance.now() + 1000 * seconds;
  let answered = 0;
  const clients = Array.from({ length: connectionsAtOnce }, async (_, client) => {
    for (let index = client; performance.now() < endMs; index = (index + connectionsAtOnce) % 1000) {
      await askOver(server.port, `${appOf(index)}.prod.svc.`);
      answered++;
    }
  });
  await Promise.all(clients);
  return { perCpuSecond: answered / (cpuSeconds(server.pid) - before) };
}

/** A question over a connection of its own, which the client closes. */
function askOver(port: number, name: string): Promise<void> {
  const message = packet({ name });
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    socket.once('connect', () => socket.write(Buffer.concat([length, message])));
    socket.once('data', () => socket.end());
    socket.once('error', reject);
    socket.once('close', () => resolve());
  });
}
