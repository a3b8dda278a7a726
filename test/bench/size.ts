// What a large registry costs: memory for each instance, DNS throughput beside that of a small one, the time of a restart,
// and how late evictions are when a whole fleet falls silent at once.
//   node_modules/.bin/node test/bench/size.ts [INSTANCES] [INSTANCES PER APP]

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quantile } from '../kit/storm.ts';
import { fullLoad } from './dnsperf.ts';
import { namesIn } from './names.ts';
import { registerNames, startOwn, variants } from './own.ts';
import { nextPort } from './started.ts';
import { printTable } from './table.ts';

const [instances = 100_000, perApp = 10] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), 'rollcall-size-'));
const [variant = { name: 'rollcall' }] = variants;
const leaseSeconds = 5;

try {
  await memoryAndRestart();
  await lateness(Math.min(instances, 100_000));
} finally {
  rmSync(folder, { recursive: true });
}

async function memoryAndRestart(): Promise<void> {
  const data = join(folder, 'data');
  const server = await startOwn(variant, folder, nextPort(), data);
  const empty = residentBytes(server.pid);
  const small = namesIn(folder, 1000);
  const registeredMs = await timed(() => registerNames(server.httpPort, instances, perApp));
  const full = residentBytes(server.pid);
  const few = fullLoad(server, small.queries.A, 4);
  const many = fullLoad(server, namesIn(folder, Math.ceil(instances / perApp)).queries.A, 4);
  await server.stop();
  let again = server;
  const restartMs = await timed(async () => {
    again = await startOwn(variant, folder, nextPort(), data);
  });
  await again.stop();
  printTable(
    [`${instances} instances in ${Math.ceil(instances / perApp)} apps`, ''],
    [
      ['resident memory, for each', `${Math.round((full - empty) / instances)} octets`],
      ['registered, on the disk', `${Math.round((1000 * instances) / registeredMs)} a second`],
      ['A of a thousand apps', `${Math.round(few.perCpuSecond)} per CPU second`],
      ['A of all apps', `${Math.round(many.perCpuSecond)} per CPU second`],
      ['from start to the right answer', `${(restartMs / 1000).toFixed(1)} s`],
    ],
  );
}

/** Leases of five seconds that all end within a short time, and no guard that would keep them. */
async function lateness(count: number): Promise<void> {
  const env = { ROLLCALL_GUARD_PERCENT: '0', ROLLCALL_EVICTION_PERCENT_PER_MINUTE: '100' };
  const server = await startOwn({ ...variant, env }, folder, nextPort());
  await registerNames(server.httpPort, count, perApp, leaseSeconds);
  while ((await json(server.httpPort, '/api/v1/guard'))['members'] !== 0) {
    await new Promise((next) => setTimeout(next, 200));
  }
  const lateMs: number[] = [];
  for (let before = ''; before !== undefined; ) {
    const page = (await json(server.httpPort, `/api/v1/events?why=evicted&limit=1000${before}`)) as unknown as Page;
    for (const { silentSeconds } of page.events) lateMs.push(1000 * (silentSeconds - leaseSeconds));
    if (page.next === undefined) break;
    before = `&before=${page.next}`;
  }
  await server.stop();
  lateMs.sort((a, b) => a - b);
  const ms = (share: number) => `${quantile(lateMs, share).toFixed(0)} ms`;
  const rows = [
    ['late by, median', ms(0.5)],
    ['p99', ms(0.99)],
    ['at most', ms(1)],
  ];
  printTable([`${lateMs.length} evictions`, ''], rows);
}

interface Page {
  readonly events: readonly { readonly silentSeconds: number }[];
  readonly next?: string;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

/** proc(5), status: in kB. */
function residentBytes(pid: number): number {
  return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

async function json(httpPort: number, path: string): Promise<Readonly<Record<string, unknown>>> {
  const reply = await fetch(`http://127.0.0.1:${httpPort}${path}`);
  return (await reply.json()) as Record<string, unknown>;
}
