// APIs of other registries under a fleet: what a `pass` of Consul's TTL checks and a heartbeat of Eureka cost, and how long a change
// takes to reach those who wait for it: ten thousand blocking queries of Consul, a hundred a service, and two hundred polls of
// discovery. The callers are in processes of their own.
// `node_modules/.bin/node test/bench/fronts.ts [services] [queries a service] [changes]`

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile, storm } from '../kit/http/storm.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { cpuSeconds } from './cpu.ts';
import { printTable } from './table.ts';

const [services = 100, perService = 100, changes = 300] = process.argv.slice(2).map(Number);
const calls = 60_000;
const pollers = 200;
const pollChanges = 50;
/** As a person would not notice. */
const barMs = 50;
/** Between two changes, each of which answers a hundred callers. */
const betweenMs = 50;
const rounds = 3;

const env = {
  ROLLCALL_ADAPTERS: 'consul,eureka,discovery',
  ROLLCALL_HTTP_CONNECTIONS_PER_CLIENT_MAX: '1000000',
  ROLLCALL_LONG_POLLS_MAX: '20000',
};
const server = await startServer({ env });
try {
  await measureRenewals();
  await measureChanges();
  await measurePolls();
} finally {
  await server.stop();
}

async function measureRenewals(): Promise<void> {
  const fleet = { port: server.httpPort, instances: 10_000, withinMs: 60_000 };
  const rows: string[][] = [];
  for (const [first, then] of [
    ['consul-register', 'consul-pass'],
    ['eureka-register', 'eureka-heartbeat'],
  ] as const) {
    const registered = await storm({ ...fleet, what: first, connections: 10 });
    if (registered.failed > 0) throw new Error(`${registered.failed} registrations failed`);
    for (let round = 0; round < rounds; round++) {
      const before = cpuSeconds(server.pid);
      const result = await storm({ ...fleet, what: then, connections: 8, calls });
      if (result.failed > 0) throw new Error(`${result.failed} calls failed`);
      rows.push([then, String(Math.round(calls / (cpuSeconds(server.pid) - before))), result.p99Ms.toFixed(1)]);
    }
  }
  printTable(['call', 'per CPU second', 'p99 ms'], rows);
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
      await sleep(betweenMs);
    }
    await sleep(1000);
    child.send('report');
    const [arrivals] = (await once(child, 'message')) as [readonly (readonly number[][])[]];
    const took = arrivals.flatMap((ofService, at) =>
      ofService.flatMap((times) => times.map((ms, change) => ms - (began[at]?.[change] ?? Number.NaN))),
    );
    const sorted = took.toSorted((a, b) => a - b);
    const cells = [held, took.length, ...quantilesOf(sorted)];
    printTable(['blocking queries held', 'answers to changes', 'p50 ms', 'p99', 'longest', 'bar'], [cells.map(String)]);
  } finally {
    child.disconnect();
  }
}

function quantilesOf(sorted: readonly number[]): readonly string[] {
  return [...[0.5, 0.99, 1].map((share) => quantile(sorted, share).toFixed(1)), `${barMs} ms`];
}

/** Clients of discovery that poll one app, each again as soon as it is answered. */
async function measurePolls(): Promise<void> {
  const call = async (path: string, fields: Readonly<Record<string, string>>) => {
    const reply = await fetch(`${server.http}/discovery/${path}`, {
      method: 'POST',
      body: new URLSearchParams(fields),
    });
    const { code } = (await reply.json()) as { code: number };
    if (code !== 0) throw new Error(`${path}: ${code}`);
  };
  const asked = { zone: 'z', env: 'prod', appid: 'polled', hostname: 'h' };
  await call('register', { ...asked, status: '1', addrs: 'http://10.9.1.1:80' });
  const child = fork(join(import.meta.dirname, 'discovery-polls.ts'));
  try {
    child.send({ port: server.httpPort, pollers, appid: asked.appid });
    await once(child, 'message');
    await sleep(1000);
    const began: number[] = [];
    for (let change = 0; change < pollChanges; change++) {
      began.push(nowMs());
      await call('set', { ...asked, status: '1', metadata: JSON.stringify({ change: String(change) }) });
      await sleep(250);
    }
    child.send('report');
    const [arrivals] = (await once(child, 'message')) as [readonly number[]];
    // The last change that had begun when it came.
    const took = arrivals.map((ms) => ms - (began.findLast((at) => at <= ms) ?? Number.NaN));
    const sorted = took.toSorted((a, b) => a - b);
    printTable(
      ['polls of discovery', 'answers to changes', 'p50 ms', 'p99', 'longest', 'bar'],
      [[pollers, took.length, ...quantilesOf(sorted)].map(String)],
    );
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
