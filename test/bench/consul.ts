// Consul's API under a fleet: what a `pass` of a TTL check costs, and how long a change takes to reach those who wait for it
// while ten thousand blocking queries are held, a hundred a service. The callers are in processes of their own.
// `node_modules/.bin/node test/bench/consul.ts [services] [queries a service] [changes]`

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServerProcess, startServer } from '../kit/server-process.ts';
import { quantile, storm } from '../kit/storm.ts';
import { cpuSeconds } from './cpu.ts';
import { printTable } from './table.ts';

const [services = 100, perService = 100, changes = 300] = process.argv.slice(2).map(Number);
const passes = 60_000;
const rounds = 3;

const env = {
  ROLLCALL_ADAPTERS: 'consul',
  ROLLCALL_HTTP_CONNECTIONS_PER_CLIENT_MAX: '1000000',
  ROLLCALL_LONG_POLLS_MAX: '20000',
};
const server = await startServer({ env });
try {
  await measurePasses();
  await measureChanges();
} finally {
  await server.stop();
}

async function measurePasses(): Promise<void> {
  const fleet = { port: server.httpPort, instances: 10_000, withinMs: 60_000 };
  const registered = await storm({ ...fleet, what: 'consul-register', connections: 10 });
  if (registered.failed > 0) throw new Error(`${registered.failed} registrations failed`);
  const rows: string[][] = [];
  for (let round = 0; round < rounds; round++) {
    const before = cpuSeconds(server.pid);
    const result = await storm({ ...fleet, what: 'consul-pass', connections: 8, calls: passes });
    if (result.failed > 0) throw new Error(`${result.failed} passes failed`);
    rows.push([String(Math.round(passes / (cpuSeconds(server.pid) - before))), result.p99Ms.toFixed(1)]);
  }
  printTable(['pass per CPU second', 'p99 ms'], rows);
}

async function measureChanges(): Promise<void> {
  await Promise.all(Array.from({ length: services }, (_, at) => register(at)));
  const child = fork(join(import.meta.dirname, 'consul-waiters.ts'));
  try {
    child.send({ port: server.httpPort, services, perService });
    await once(child, 'message');
    await sleep(1000);
    const held = await heldBy(server);
    const began: number[][] = Array.from({ length: services }, () => []);
    for (let change = 0; change < changes; change++) {
      const at = change % services;
      began[at]?.push(nowMs());
      const isOdd = Math.floor(change / services) % 2 === 1;
      await put(`/agent/check/${isOdd ? 'pass' : 'fail'}/service:waited-${at}-1`);
      await sleep(10);
    }
    await sleep(1000);
    child.send('report');
    const [arrivals] = (await once(child, 'message')) as [readonly (readonly number[][])[]];
    const took = arrivals.flatMap((ofService, at) =>
      ofService.flatMap((times) => times.map((ms, change) => ms - (began[at]?.[change] ?? Number.NaN))),
    );
    const sorted = took.toSorted((a, b) => a - b);
    const cells = [held, took.length, ...[0.5, 0.99, 1].map((share) => quantile(sorted, share).toFixed(1))];
    printTable(['blocking queries held', 'answers to changes', 'p50 ms', 'p99', 'longest'], [cells.map(String)]);
  } finally {
    child.disconnect();
  }
}

async function register(at: number): Promise<void> {
  const check = { TTL: '300s', Status: 'passing' };
  await put('/agent/service/register', {
    ID: `waited-${at}-1`,
    Name: `waited-${at}`,
    Address: '10.9.0.1',
    Port: 8080,
    Check: check,
  });
}

async function put(path: string, body?: object): Promise<void> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const reply = await fetch(`${server.http}/v1${path}`, { method: 'PUT', ...sent });
  await reply.arrayBuffer();
  if (reply.status !== 200) throw new Error(`${path}: ${reply.status}`);
}

async function heldBy({ http }: ServerProcess): Promise<number> {
  const text = await (await fetch(`${http}/metrics`)).text();
  return Number(/^rollcall_http_long_polls (\d+)/m.exec(text)?.[1]);
}

function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
