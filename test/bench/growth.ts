// How cost grows: with the number of instances, and with the instances of one app. Prints a table, and draws it as
// docs/growth-light.svg and growth-dark.svg, a panel for each quantity, from zero: what is flat costs the same in a large one.
//   node_modules/.bin/node test/bench/growth.ts [LARGEST]

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiClient } from '../kit/api-client.ts';
import { removeScratch, scratch } from '../kit/scratch.ts';
import { cpuSeconds } from './cpu.ts';
import { fullLoad, requireDnsperf } from './dnsperf.ts';
import { questionsIn } from './names.ts';
import { batched, type OwnServer, placeOf, registerNames, startOwn } from './own.ts';
import { type Panel, pages, panelsAsSvg } from './panels.ts';
import { residentBytes } from './resident.ts';
import { shown } from './rounds.ts';
import { printTable } from './table.ts';

const largest = Number(process.argv[2] ?? 1_000_000);
const sizes = [1000, 10_000, 100_000, 1_000_000].filter((size) => size <= largest);
const appSizes = [1, 10, 100, 1000, 10_000];
const perApp = 10;
const perBatch = 1000;
const renewalsLeast = 200_000;
const seconds = 1;
const rounds = 3;

interface Grown {
  readonly size: number;
  readonly registrations: number;
  readonly renewals: number;
  readonly queries: number;
  readonly octets: number;
  readonly startMs: number;
}

requireDnsperf();
const grown: Grown[] = [];
for (const size of sizes) grown.push(await ofRegistry(size));
const ofApps: { readonly size: number; readonly A: number; readonly SRV: number }[] = [];
for (const size of appSizes) ofApps.push({ size, ...(await ofApp(size)) });

printTable(
  ['instances, ten an app', 'new, per CPU second', 'renewals in batches', 'A', 'resident octets each', 'start, s'],
  grown.map(({ size, registrations, renewals, queries, octets, startMs }) => [
    ...[shown(size), shown(registrations), shown(renewals), shown(queries), shown(octets), shown(startMs / 1000, 2)],
  ]),
);
const ofThreads: { readonly threads: number; readonly A: number }[] = [];
for (const threads of [1, 2, 4]) ofThreads.push({ threads, A: await withThreads(threads) });

printTable(
  ['instances of the app', 'A, per CPU second', 'SRV'],
  ofApps.map(({ size, A, SRV }) => [shown(size), shown(A), shown(SRV)]),
);
printTable(
  ['DNS threads', 'A, per CPU second of all of them'],
  ofThreads.map(({ threads, A }) => [shown(threads), shown(A)]),
);
const panelOf = (title: string, unit: string, value: (one: Grown) => number): Panel => ({
  title,
  unit,
  points: grown.map((one) => ({ at: one.size, value: value(one) })),
});
const panels: Panel[] = [
  panelOf('A, by instances', 'thousand per CPU second', ({ queries }) => queries / 1000),
  panelOf('New instances, on the disk', 'thousand per CPU second', ({ registrations }) => registrations / 1000),
  panelOf('Renewals, in batches', 'thousand per CPU second', ({ renewals }) => renewals / 1000),
  panelOf('Resident memory', 'octets an instance', ({ octets }) => octets),
  panelOf('Start until it answers', 'ms', ({ startMs }) => startMs),
  {
    title: 'A, by instances of the app',
    unit: 'thousand per CPU second',
    points: ofApps.map(({ size, A }) => ({ at: size, value: A / 1000 })),
  },
];
for (const [page, colours] of Object.entries(pages)) {
  writeFileSync(join(import.meta.dirname, `../../docs/growth-${page}.svg`), panelsAsSvg(panels, colours));
}
console.log('drawn: docs/growth-light.svg, docs/growth-dark.svg\n');

async function ofRegistry(size: number): Promise<Grown> {
  const folder = scratch();
  const data = join(folder, 'data');
  const server = await startOwn(batched, folder, data);
  const { pid, httpPort } = server;
  // Compiled by then, as in the larger ones.
  await registerNames(httpPort, { from: 2 * size, to: 2 * size + 20_000, perApp });
  const emptyOctets = residentBytes(pid);
  const registering = cpuSeconds(pid);
  await registerNames(httpPort, { to: size, perApp });
  const registrations = size / (cpuSeconds(pid) - registering);
  const octets = (residentBytes(pid) - emptyOctets) / size;
  const renewals = await renewed(server, size);
  const queries = await answered(server, questionsIn(folder, size / perApp, 'A'));
  await server.stop();
  const startedMs = performance.now();
  const again = await startOwn(batched, folder, data);
  const startMs = performance.now() - startedMs;
  await again.stop();
  removeScratch(folder);
  return { size, registrations, renewals, queries, octets, startMs };
}

/** Renewals per CPU second, in batches. */
async function renewed({ pid, httpPort }: OwnServer, size: number): Promise<number> {
  const api = new ApiClient(`http://127.0.0.1:${httpPort}`);
  const count = Math.max(size, renewalsLeast);
  const before = cpuSeconds(pid);
  for (let start = 0; start < count; start += perBatch) {
    const instances = Array.from({ length: perBatch }, (_, i) => ({
      env: 'prod',
      ...placeOf((start + i) % size, perApp),
    }));
    const { status } = await api.call('POST', '/api/v1/renew', { body: { instances } });
    if (status !== 200) throw new Error(`a batch was answered ${status}`);
  }
  api.close();
  return count / (cpuSeconds(pid) - before);
}

/** The middle of some rounds, after one for nothing. */
async function answered(server: OwnServer, questions: string): Promise<number> {
  const runs: number[] = [];
  for (let round = 0; round <= rounds; round++) runs.push((await fullLoad(server, questions, seconds)).perCpuSecond);
  return runs.slice(1).sort((a, b) => a - b)[rounds >> 1] as number;
}

async function ofApp(size: number): Promise<{ readonly A: number; readonly SRV: number }> {
  const folder = scratch();
  const server = await startOwn(batched, folder);
  await registerNames(server.httpPort, { to: size, perApp: size });
  // One app, asked for over and over.
  const asked = async (line: string) => {
    const questions = join(folder, `app-${line.replaceAll(' ', '-')}`);
    writeFileSync(questions, `${line}\n`);
    return answered(server, questions);
  };
  const found = { A: await asked('app0.prod.svc A'), SRV: await asked('_http._tcp.app0.prod.svc SRV') };
  await server.stop();
  removeScratch(folder);
  return found;
}

async function withThreads(threads: number): Promise<number> {
  const folder = scratch();
  const variant = { ...batched, env: { ROLLCALL_DNS_THREADS: `${threads}` } };
  const server = await startOwn(variant, folder);
  await registerNames(server.httpPort, { to: 1000 });
  const found = await answered(server, questionsIn(folder, 1000, 'A'));
  await server.stop();
  removeScratch(folder);
  return found;
}
