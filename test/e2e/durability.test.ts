// Nothing acknowledged is lost and nothing cancelled comes back: SIGKILL in the middle of writes, again and again on one
// folder; a disk that is full, and one that gives errors, while the server runs. ROLLCALL_EXPERIMENT=long kills fifty
// times.

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { udpClient } from '../kit/dns/dns-client.ts';
import { AcknowledgedWrites } from '../kit/history/acknowledged.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { installed, requireInCi } from '../kit/process/installed.ts';
import { run, start } from '../kit/process/program.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { main, type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const isLong = process.env['ROLLCALL_EXPERIMENT'] === 'long';
const directories: string[] = [];
const servers: ServerProcess[] = [];

afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()));
  for (const directory of directories) removeScratch(directory);
});

function newDirectory(): string {
  const directory = scratch();
  directories.push(directory);
  return directory;
}

async function startIn(
  directory: string,
  more: Partial<Parameters<typeof startServer>[0]> = {},
): Promise<ServerProcess> {
  const server = await startServer({ directory, data: 'data', ...more });
  servers.push(server);
  return server;
}

test(
  'SIGKILL again and again under 200 writes a second',
  async () => {
    const directory = newDirectory();
    const writes = new AcknowledgedWrites();
    const rounds = isLong ? 50 : 6;
    for (let round = 0; round < rounds; round++) {
      const server = await startIn(directory);
      expect(await writes.differences(server.http)).toEqual([]);
      const writing = writes.writeUntilGone(server.http, 8, 40);
      const before = writes.acknowledged;
      await until('writes', () => writes.acknowledged > before + 30 + ((round * 37) % 60));
      await server.kill();
      await writing;
    }
    const last = await startIn(directory);
    expect(await writes.differences(last.http)).toEqual([]);
    await last.stop();
    const files = ['life', 'revision', 'rollcall.asked.json', 'rollcall.db', 'rollcall.lock'];
    expect(readdirSync(join(directory, 'data')).sort()).toEqual(files);
  },
  isLong ? 600_000 : 60_000,
);

/** What holds while the disk fails, and after: returns when a write has been taken again. */
async function expectTrouble(server: ServerProcess, writes: AcknowledgedWrites, heal: () => unknown): Promise<void> {
  const api = new ApiClient(server.http);
  const dns = await udpClient(server.dnsPort);
  await until('a write that is refused', async () => {
    for (let i = 0; i < 20; i++) if (!(await writes.write(api, `prod/fill/one-${i}`, false))) return true;
    return false;
  });
  const refused = await api.call('PUT', '/api/v1/apps/prod/late/one', { body: { addrs: ['http://10.0.0.8:80'] } });
  expect([refused.status, refused.json['type'], refused.headers['retry-after']]).toEqual([
    503,
    'urn:rollcall:problem:store-failing',
    '2',
  ]);
  expect((await api.call('DELETE', '/api/v1/apps/prod/first/one')).status).toBe(503);
  expect((await api.call('PUT', '/api/v1/apps/prod/first/one/renew')).status).toBe(200);
  expect((await dns.ask('first.prod.svc')).answer).toHaveLength(1);
  expect(await dns.ask('late.prod.svc')).toMatchObject({ rcode: 'NXDOMAIN' });
  expect((await api.call('GET', '/metrics')).text).toContain('\nrollcall_store_failing 1\n');
  // It tries again each second, and logs it once.
  await sleep(1200);
  await heal();
  await until('a write that is taken', () => writes.write(api, 'prod/healed/one', false));
  expect((await api.call('GET', '/metrics')).text).toContain('\nrollcall_store_failing 0\n');
  expect((await api.call('DELETE', '/api/v1/apps/prod/first/one')).status).toBe(200);
  const linesOf = (text: string) => server.logs().filter(({ msg }) => msg.startsWith(text)).length;
  await until('the line that ends it', () => linesOf('the store writes again') > 0);
  expect([linesOf('cannot write to the disk'), linesOf('the store writes again')]).toEqual([1, 1]);
  expect(await writes.differences(server.http)).toEqual([]);
  dns.close();
  api.close();
}

async function first(server: ServerProcess): Promise<void> {
  const api = new ApiClient(server.http);
  await api.register('prod/first/one', ['http://10.0.0.7:80']);
  api.close();
}

const noLimit = requireInCi(['prlimit'], 'util-linux');

test.skipIf(noLimit.length > 0)(
  'a disk that takes no more of a file: refused, healed, and all of it there after SIGKILL',
  async () => {
    const directory = newDirectory();
    const server = await startIn(directory);
    await first(server);
    const writes = new AcknowledgedWrites();
    const limit = (octets: string) => run('prlimit', ['--pid', String(server.pid), `--fsize=${octets}:unlimited`]);
    await limit('4096');
    await expectTrouble(server, writes, () => limit('unlimited'));
    await server.kill();
    const next = await startIn(directory);
    expect(await writes.differences(next.http)).toEqual([]);
    const api = new ApiClient(next.http);
    expect((await api.call('GET', '/api/v1/apps/prod/first/one')).status).toBe(404);
    api.close();
    await next.stop();
  },
  120_000,
);

const inNamespace: readonly [string, ...string[]] = [
  'unshare',
  '-rm',
  'sh',
  '-c',
  'mkdir -p data && mount -t tmpfs -o size=2m tmpfs data && exec "$0" "$@"',
];

async function canMount(): Promise<boolean> {
  if (!installed('unshare')) return false;
  const directory = newDirectory();
  const { code } = await run('unshare', [...inNamespace.slice(1), 'true'], { cwd: directory });
  return code === 0;
}

const mayMount = await canMount();

test.skipIf(!mayMount)(
  `a full disk (a tmpfs of 2 MiB)${mayMount ? '' : ': mounting is not allowed here'}`,
  async () => {
    const directory = newDirectory();
    const [program, ...args] = inNamespace;
    const command = [program, ...args, process.execPath, main, 'serve'] as const;
    const server = await startIn(directory, { command });
    await first(server);
    const data = join('/proc', String(server.pid), 'root', directory, 'data');
    const filler = join(data, 'filler');
    const fill = () => {
      for (let octets = 1024 * 1024; octets >= 512; octets /= 2) {
        try {
          for (;;) writeFileSync(filler, Buffer.alloc(octets), { flag: 'a' });
        } catch {
          // Full for pieces of this size.
        }
      }
    };
    fill();
    await expectTrouble(server, new AcknowledgedWrites(), () => rmSync(filler));
    const names = readdirSync(data).sort();
    expect(names).toEqual(['life', 'revision', 'rollcall.db', 'rollcall.db-shm', 'rollcall.db-wal', 'rollcall.lock']);
    expect((await server.program.stop('SIGTERM')).code).toBe(0);
  },
  120_000,
);

const noStrace = requireInCi(['strace'], 'strace');

/** Lets every fsync of a process fail; undefined: this machine does not let us. */
async function failSyncs(pid: number): Promise<(() => Promise<unknown>) | undefined> {
  const calls = 'fsync,fdatasync';
  const log = join(newDirectory(), 'strace');
  const args = ['-f', '-qq', '-o', log, '-e', `trace=${calls}`, '-e', `inject=${calls}:error=EIO`, '-p', String(pid)];
  const strace = start('strace', args);
  const isAttached = () => existsSync(`/proc/${pid}/status`) && tracerOf(pid) === strace.pid;
  const attached = await until('strace', () => strace.child.exitCode !== null || isAttached());
  if (!attached || strace.child.exitCode !== null) return undefined;
  return () => strace.stop('SIGINT');
}

function tracerOf(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const tracers = tasks.map((task) => Number(/TracerPid:\s+(\d+)/.exec(statusOf(pid, task))?.[1] ?? 0));
  return tracers.every((tracer) => tracer === tracers[0]) ? (tracers[0] as number) : 0;
}

function statusOf(pid: number, task: string): string {
  try {
    return readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8');
  } catch {
    return '';
  }
}

describe.skipIf(noStrace.length > 0)(`a disk whose fsync fails${noStrace.length > 0 ? ' (no strace)' : ''}`, () => {
  test('refused, healed, and all of it there after SIGKILL', async (context) => {
    const directory = newDirectory();
    const server = await startIn(directory);
    await first(server);
    const heal = await failSyncs(server.pid);
    if (heal === undefined) return context.skip('strace may not attach to processes here');
    const writes = new AcknowledgedWrites();
    await expectTrouble(server, writes, heal);
    await server.kill();
    const next = await startIn(directory);
    expect(await writes.differences(next.http)).toEqual([]);
    await next.stop();
  }, 120_000);

  test('is not noticed without fsync: the experiment can fail', async (context) => {
    const server = await startIn(newDirectory(), { env: { ROLLCALL_FSYNC: 'false' } });
    const heal = await failSyncs(server.pid);
    if (heal === undefined) return context.skip('strace may not attach to processes here');
    const api = new ApiClient(server.http);
    for (let i = 0; i < 20; i++) await api.register(`prod/orders/one-${i}`, ['http://10.0.0.7:80']);
    api.close();
    await heal();
    await server.stop();
  }, 120_000);
});
