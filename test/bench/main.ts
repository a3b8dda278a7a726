// `npm run bench`: queries per CPU second of rollcall beside other servers on the same names, with dnsperf, in turn and
// repeated, because such machines are shared and drift. What counts are the ratios; the medians of the rounds are
// printed as a table for the README. Speed is measured here and asserted nowhere.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadLibC } from '../../src/dns/sockets/batched/libc.ts';
import { cpuSeconds } from './cpu.ts';
import { measureHandler } from './handler.ts';
import { appCount, nameOf } from './names.ts';
import { isInstalled, type Server, startBatched, startDns2, startKnot, startNsd, startRollcall } from './servers.ts';

const rounds = 3;
const secondsPerRun = 5;
const firstPort = 18_053;

interface Run {
  readonly perCpuSecond: number;
  readonly perSecond: number;
  readonly lost: number;
}

if (!isInstalled('dnsperf')) {
  console.log('dnsperf is not installed, nothing was measured');
  process.exit(0);
}

const folder = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));
const queries = join(folder, 'queries');
writeFileSync(queries, Array.from({ length: appCount }, (_, index) => `${nameOf(index)} A\n`).join(''));
const absent = join(folder, 'absent');
writeFileSync(absent, Array.from({ length: appCount }, (_, index) => `absent${nameOf(index)} A\n`).join(''));

const servers: Server[] = [
  await startRollcall(join(folder, 'rollcall'), firstPort),
  await startDns2(folder, firstPort + 10),
];
const batched = await loadLibC();
if ('unavailable' in batched) console.log(`${batched.unavailable}: measured without`);
else servers.splice(1, 0, await startBatched(firstPort + 40));
if (isInstalled('nsd')) servers.push((await startNsd(join(folder, 'nsd'), firstPort + 20)) as Server);
if (isInstalled('knotd')) servers.push((await startKnot(join(folder, 'knot'), firstPort + 30)) as Server);

try {
  console.log(
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}\n`,
  );
  measureHandler();
  table(`A, ${appCount} names`, queries);
  table(`NXDOMAIN, ${appCount} names`, absent);
} finally {
  for (const server of servers) await server.stop();
  rmSync(folder, { recursive: true });
}

function table(title: string, file: string): void {
  const runs = new Map<Server, Run[]>(servers.map((server) => [server, []]));
  for (const server of servers) measure(server, file, 1);
  for (let round = 0; round < rounds; round++) {
    for (const server of servers) runs.get(server)?.push(measure(server, file, secondsPerRun));
  }
  const reference = servers.find(({ name }) => name === 'Knot');
  const base = reference === undefined ? undefined : median(runs.get(reference) ?? []);
  console.log(
    `| ${title} | queries per CPU second | queries per second | lost | per CPU second, Knot = 1 |\n|---|---|---|---|---|`,
  );
  for (const server of servers) {
    const { perCpuSecond, perSecond, lost } = median(runs.get(server) ?? []);
    const ratio = base === undefined ? '' : (perCpuSecond / base.perCpuSecond).toFixed(2);
    console.log(`| ${server.name} | ${rounded(perCpuSecond)} | ${rounded(perSecond)} | ${lost} | ${ratio} |`);
  }
  console.log('');
}

function measure(server: Server, file: string, seconds: number): Run {
  const before = cpuSeconds(server.pid);
  const args = [
    '-s',
    '127.0.0.1',
    '-p',
    String(server.port),
    '-d',
    file,
    '-l',
    String(seconds),
    '-c',
    '4',
    '-q',
    '100',
    '-t',
    '2',
  ];
  const { stdout } = spawnSync('dnsperf', args, { encoding: 'utf8' });
  const used = cpuSeconds(server.pid) - before;
  const completed = Number(/Queries completed:\s+([0-9]+)/.exec(stdout)?.[1]);
  const lost = Number(/Queries lost:\s+([0-9]+)/.exec(stdout)?.[1]);
  const perSecond = Number(/Queries per second:\s+([0-9.]+)/.exec(stdout)?.[1]);
  return { perCpuSecond: completed / used, perSecond, lost };
}

function median(runs: readonly Run[]): Run {
  const sorted = [...runs].sort((a, b) => a.perCpuSecond - b.perCpuSecond);
  return sorted[Math.floor(sorted.length / 2)] as Run;
}

function rounded(value: number): string {
  return (Math.round(value / 100) * 100).toLocaleString('en');
}
