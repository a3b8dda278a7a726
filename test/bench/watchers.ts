// Ten thousand watchers of one app, and as many long polls as the descriptors allow, on one rollcall process: how long a
// change takes to reach all of them, and how long the event loop was held. The clients are in processes of their own.
// `node_modules/.bin/node test/bench/watchers.ts [watches] [polls] [changes]`

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from '../kit/http/api-client.ts';
import { startServer } from '../kit/process/server-process.ts';

const [watches = 10_000, polls = 5000, changes = 20] = process.argv.slice(2).map(Number);
const clientProcesses = 2;

interface Heard {
  readonly revision: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

const server = await startServer({ env: { ROLLCALL_HTTP_CONNECTIONS_PER_CLIENT_MAX: '1000000' } });
const api = new ApiClient(server.http);
const children: ChildProcess[] = [];
const heard = new Map<number, Heard[]>();
const times: { ackMs: number; allMs: number }[] = [];
try {
  const openedMs = performance.now();
  await Promise.all(Array.from({ length: clientProcesses }, openClients));
  const openMs = performance.now() - openedMs;
  await sleep(2000);
  const atRest = await facts();
  console.log(`${watches} watches and ${polls} long polls open after ${openMs.toFixed(0)} ms: ${show(atRest)}`);

  await measure('one change at a time', async () => {
    for (let i = 0; i < changes; i++) {
      const atMs = nowMs();
      const { revision } = await api.register('prod/orders/a1', ['http://10.0.0.7:80'], { weight: i });
      const ackMs = nowMs() - atMs;
      const lastMs = await allHeard(revision as number);
      times.push({ ackMs, allMs: lastMs - atMs });
      await sleep(100);
    }
  });
  await measure('changes of ten instances a hundred times a second', async () => {
    const all: Promise<void>[] = [];
    for (let i = 0; i < 5 * changes; i++) {
      const atMs = nowMs();
      const write = api.register(`prod/orders/a${i % 10}`, ['http://10.0.0.7:80'], { weight: 100 + i });
      all.push(
        write.then(async ({ revision }) => {
          const ackMs = nowMs() - atMs;
          times.push({ ackMs, allMs: (await allHeard(revision as number)) - atMs });
        }),
      );
      await sleep(10);
    }
    await Promise.all(all);
  });
} finally {
  for (const child of children) child.disconnect();
  api.close();
  await server.stop();
}

async function measure(what: string, work: () => Promise<void>): Promise<void> {
  times.length = 0;
  const before = await facts();
  await work();
  const after = await facts();
  const cpuMs = (after.cpuSeconds - before.cpuSeconds) * 1000;
  const all = times.map(({ allMs }) => allMs).sort((a, b) => a - b);
  const acks = times.map(({ ackMs }) => ackMs).sort((a, b) => a - b);
  console.log(
    `${what}: ${times.length} changes; acknowledged after ${middle(acks)} ms (longest ${acks.at(-1)?.toFixed(0)}), heard by all after ` +
      `${middle(all)} ms (longest ${all.at(-1)?.toFixed(0)}); ${(cpuMs / times.length).toFixed(0)} ms of CPU a change; ${show(after)}`,
  );
}

function middle(sorted: readonly number[]): string {
  return (sorted[Math.floor(sorted.length / 2)] ?? Number.NaN).toFixed(0);
}

function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

async function facts() {
  const { text } = await api.call('GET', '/metrics');
  const value = (name: string) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')[1],
    );
  return {
    watchers: value('rollcall_watchers'),
    polls: value('rollcall_http_long_polls'),
    cut: value('rollcall_watchers_cut_total'),
    longestBlockMs: 1000 * value('rollcall_event_loop_delay_seconds{quantile="1"}'),
    cpuSeconds: value('process_cpu_seconds_total'),
    rssMiB: value('process_resident_memory_bytes') / 2 ** 20,
    descriptors: server.descriptors(),
  };
}

function show(of: Awaited<ReturnType<typeof facts>>): string {
  return (
    `${of.watchers} watchers, ${of.polls} long polls, ${of.cut} cut, event loop held for ${of.longestBlockMs.toFixed(0)} ms at most, ` +
    `${of.rssMiB.toFixed(0)} MiB, ${of.descriptors} descriptors`
  );
}

async function openClients(): Promise<void> {
  const child = fork(join(import.meta.dirname, 'watch-clients.ts'));
  children.push(child);
  const { promise, resolve } = Promise.withResolvers<void>();
  child.on('message', (message: Heard | { open: number }) => {
    if ('open' in message) resolve();
    else heard.set(message.revision, [...(heard.get(message.revision) ?? []), message]);
  });
  child.send({ port: server.httpPort, watches: watches / clientProcesses, polls: polls / clientProcesses });
  await promise;
}

/** When the last client had heard of it. */
async function allHeard(revision: number): Promise<number> {
  for (let waited = 0; waited < 3000; waited++) {
    const reports = heard.get(revision) ?? [];
    if (reports.length === clientProcesses) return Math.max(...reports.map(({ lastMs }) => lastMs));
    await sleep(10);
  }
  throw new Error(`not all heard of ${revision}`);
}
