// Whether rollcall still answers as fast as docs/measurements.md says, as ratios to Knot in the same minutes: fails where one
// is lower than the table's by more than the noise. By hand, not in CI: machines are shared.
//   node_modules/.bin/node test/bench/check.ts [NAMES] [SECONDS] [ROUNDS]

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { absentNames, absentQuestions } from './absent-names.ts';
import { eachOnce, fullLoad, type Load, type Mode, requireDnsperf } from './dnsperf.ts';
import { type Kind, questionsIn } from './names.ts';
import { batched, type OwnServer, registerNames, startOwn } from './own.ts';
import { startKnot } from './rivals.ts';
import { shown } from './rounds.ts';
import { eachItsConnection } from './single-queries.ts';
import type { Server } from './started.ts';
import { printTable } from './table.ts';

const [count = 100_000, seconds = 1, rounds = 5] = process.argv.slice(2).map(Number);
/** Ratios of equal programs differ by so much from run to run; more, where the rounds of this run do. */
const noiseLeast = 0.1;
const few = 1000;

requireDnsperf();
const committed = committedRatios();
const folder = scratch();
const own = await startOwn(batched, folder);
await registerNames(own.httpPort, { to: count });
const knot = await startKnot(folder, count);
if (knot === undefined) {
  console.log('Knot is not installed: nothing was compared\n');
  await stop(own);
  process.exit(0);
}

const asked = (kind: Kind, mode: Mode = 'udp', names = few) => {
  return (server: Server) => fullLoad(server, questionsIn(folder, names, kind), seconds, mode);
};
const cases: Record<string, (server: Server) => Promise<Pick<Load, 'perCpuSecond'>>> = {
  A: asked('A'),
  'SRV with its address': asked('SRV'),
  NXDOMAIN: asked('NXDOMAIN'),
  'A over TCP': asked('A', 'tcp'),
  'A over TCP, a connection for each': (server) => eachItsConnection(server, seconds),
  'A, 100,000 names': asked('A', 'udp', count),
};
for (const [kind, nameOf] of Object.entries(absentNames)) {
  const path = absentQuestions(folder, kind, nameOf, count);
  cases[`${kind}, 100,000 names`] = (server) => fullLoad(server, path, seconds);
}

const found: Found[] = [];
// First, while nothing has been asked for.
const questions = questionsIn(folder, count, 'A');
const first = [await eachOnce(own, questions), await eachOnce(knot, questions)].map(({ perCpuSecond }) => perCpuSecond);
judge('A, 100,000 names, for the first time (one run)', [(first[0] as number) / (first[1] as number)]);
// The second time they are made to be kept: what is measured again below is the third and later.
await eachOnce(own, questions);
for (const [what, measure] of Object.entries(cases)) {
  // Caches and compilers begin cold.
  await measure(own);
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const mine = await measure(own);
    ratios.push(mine.perCpuSecond / (await measure(knot)).perCpuSecond);
  }
  judge(what, ratios);
}
await stop(own, knot);

const unknown = Object.keys(committed).filter((what) => !found.some((one) => one.what === what));
for (const what of unknown) console.log(`docs/measurements.md has "${what}", which is not measured here`);
const slower = found.filter(({ isSlower }) => isSlower);
printTable(
  ['queries per CPU second, Knot = 1', 'committed', 'now', 'noise', ''],
  found.map(({ what, now, noise, isSlower }) => [
    what,
    shown(committed[what] ?? Number.NaN, 2),
    shown(now, 2),
    shown(noise, 2),
    isSlower ? 'slower' : '',
  ]),
);
if (slower.length > 0 || unknown.length > 0) process.exit(1);

interface Found {
  readonly what: string;
  readonly now: number;
  readonly noise: number;
  readonly isSlower: boolean;
}

function judge(what: string, ratios: readonly number[]): void {
  const sorted = [...ratios].sort((a, b) => a - b);
  const now = sorted[sorted.length >> 1] as number;
  // Half of what lies between the rounds, the two at the ends left out.
  const spread = sorted.length < 4 ? 0 : ((sorted.at(-2) as number) - (sorted[1] as number)) / 2;
  const noise = Math.max(noiseLeast * now, spread);
  const before = committed[what];
  found.push({ what, now, noise, isSlower: before !== undefined && now < before - noise });
}

/** Of the table below the heading that this program has in docs/measurements.md: what, and rollcall's ratio. */
function committedRatios(): Record<string, number> {
  const text = readFileSync(join(import.meta.dirname, '../../docs/measurements.md'), 'utf8');
  const [, part = ''] = /^## Ratios to Knot\n(.*?)(?=^## )/ms.exec(text) ?? [];
  const rows = [...part.matchAll(/^\| ([^|]+?) \| (\d+\.\d+) \|/gm)].map(([, what = '', value]) => [
    what,
    Number(value),
  ]);
  if (rows.length === 0) throw new Error('docs/measurements.md has no table below "## Ratios to Knot"');
  return Object.fromEntries(rows) as Record<string, number>;
}

async function stop(...servers: readonly (Server | OwnServer)[]): Promise<void> {
  for (const server of servers) await server.stop();
  removeScratch(folder);
}
