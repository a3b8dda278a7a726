// A program that knows nothing of rollcall (Python's web server) under `rollcall run`: found by dig, nginx and HAProxy,
// and its death explained, however it comes. The last part is a container's: a process namespace of its own.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digShort } from '../kit/dns/dig.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { getThrough, startHaproxy, startNginx } from '../kit/http/proxies.ts';
import { pathOf, requireInCi } from '../kit/process/installed.ts';
import { cleanEnvironment, type Program, start } from '../kit/process/program.ts';
import { freePort, scratch } from '../kit/process/scratch.ts';
import { isAlive, main, type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const missing = requireInCi(['python3', 'dig'], 'python3 bind9-dnsutils');
const noProxies = requireInCi(['nginx', 'haproxy'], 'nginx-light haproxy');
const patience = { withinMs: 20_000 };

let server: ServerProcess;
let api: ApiClient;
const programs: Program[] = [];

beforeAll(async () => {
  server = await startServer();
  api = new ApiClient(server.http);
});

afterAll(async () => {
  await Promise.all(programs.map((program) => program.stop('SIGTERM', 10_000)));
  api.close();
  await server.stop();
});

interface Legacy {
  readonly program: Program;
  readonly port: number;
}

/** Python's web server at a free port of `host`, as `prod/APP/one`; found once this resolves. */
async function legacy(app: string, host: string, flags: readonly string[] = [], before: readonly string[] = []) {
  const port = await freePort(host);
  const directory = scratch({ 'index.html': `${host} answers` });
  const place = ['--as', `prod/${app}/one`, '--addr', `http://${host}:${port}`];
  const python = [pathOf('python3') ?? 'python3', '-m', 'http.server', String(port), '--bind', host];
  const [command = '', ...args] = [...before, process.execPath, main, 'run', ...place, ...flags, '--', ...python];
  const env = cleanEnvironment({ ROLLCALL_URL: server.http });
  const program = start(command, [...args, '--directory', directory], { env });
  programs.push(program);
  await until(`${app} in DNS`, async () => (await found(app)).includes(host), patience).catch((error: Error) => {
    throw new Error(`${error.message}: ${program.output()}`);
  });
  return { program, port } satisfies Legacy;
}

function found(app: string): Promise<string[]> {
  return digShort(server.dnsPort, `${app}.prod.svc A`);
}

interface Event {
  readonly why: string;
  readonly by?: { readonly reason?: string };
  readonly silentSeconds?: number;
}

async function lastEvent(app: string): Promise<Event> {
  const { json } = await api.call('GET', `/api/v1/events?app=prod/${app}`);
  return (json['events'] as Event[])[0] as Event;
}

/** The process that serves, not what runs it. */
function servingPid({ pid }: Program): number {
  const pids = childrenOf(pid).filter((child) =>
    readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('http.server'),
  );
  expect(pids.length).toBe(1);
  return pids[0] as number;
}

describe.skipIf(missing.length > 0).concurrent(`Python${missing.length > 0 ? ` (no ${missing.join()})` : ''}`, () => {
  test.skipIf(noProxies.length > 0)(
    'is found by dig, nginx and HAProxy',
    async () => {
      const { port } = await legacy('pages', '127.0.12.1', ['--dns-ttl', '1']);
      expect(await found('pages')).toEqual(['127.0.12.1']);
      expect(await digShort(server.dnsPort, '_http._tcp.pages.prod.svc SRV')).toEqual([
        `0 10 ${port} one.pages.prod.svc.`,
      ]);
      const proxied = { dnsPort: server.dnsPort, app: 'pages.prod.svc', appPort: port };
      for (const startIt of [startNginx, startHaproxy]) {
        const proxy = await startIt(proxied);
        expect(await getThrough(proxy.port)).toEqual({ status: 200, body: '127.0.12.1 answers' });
        await proxy.stop();
      }
    },
    120_000,
  );

  test('kill -9 of the program: gone at once, with the reason in the record', async () => {
    const { program } = await legacy('struck', '127.0.12.2', ['--lease-seconds', '300', '--dns-ttl', '60']);
    process.kill(servingPid(program), 'SIGKILL');
    expect((await program.ended).code).toBe(137);
    expect(await found('struck')).toEqual([]);
    expect(await lastEvent('struck')).toMatchObject({
      why: 'cancelled',
      by: { reason: 'the program was killed by SIGKILL' },
    });
  }, 120_000);

  test('kill -9 of rollcall run: the program is stopped, its address gone at the end of the lease, with the reason in the record', async () => {
    const { program } = await legacy('widowed', '127.0.12.3', ['--lease-seconds', '5']);
    const serving = servingPid(program);
    program.child.kill('SIGKILL');
    await until('the end of the program', () => !isAlive(serving), patience);
    await until('the end of the lease', async () => (await found('widowed')).length === 0, patience);
    const { why, silentSeconds } = await lastEvent('widowed');
    expect(why).toBe('evicted');
    expect(silentSeconds).toBeGreaterThanOrEqual(5);
  }, 120_000);
});

/** A namespace of processes needs rights that not every machine gives. */
const namespace = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
const noNamespace = pathOf('unshare') === undefined || !canUnshare();

function canUnshare(): boolean {
  const [, ...flags] = namespace;
  try {
    execFileSync(pathOf('unshare') ?? '', [...flags, 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(missing.length > 0 || noNamespace)(
  `the first process of a container${noNamespace ? ' (no process namespaces here)' : ''}`,
  () => {
    test('drains and passes the exit code on, and reaps what others have orphaned', async () => {
      const { program } = await legacy('contained', '127.0.12.4', ['--dns-ttl', '0'], namespace);
      const first = childrenOf(program.pid)[0] as number;
      expect(readFileSync(`/proc/${first}/status`, 'utf8')).toMatch(/^NSpid:\t\d+\t1$/m);
      // A shell that is gone before its child is.
      const inside = ['-t', String(first), '-p', '-m', 'sh', '-c', 'sleep 1000 >/dev/null 2>&1 &'];
      const [supervisor] = childrenOf(first);
      execFileSync(pathOf('nsenter') ?? 'nsenter', inside);
      const orphan = await until('the orphan', () => childrenOf(first).find((pid) => pid !== supervisor), patience);
      process.kill(orphan, 'SIGKILL');
      await until('the end of the orphan', () => !isAlive(orphan), patience);
      process.kill(first, 'SIGTERM');
      expect((await program.ended).code).toBe(143);
      expect(await lastEvent('contained')).toMatchObject({ why: 'cancelled' });
    }, 120_000);
  },
);

function childrenOf(pid: number): number[] {
  const path = `/proc/${pid}/task/${pid}/children`;
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split(' ').map(Number) : [];
}
