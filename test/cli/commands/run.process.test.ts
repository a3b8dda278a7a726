// `rollcall run` as a process: what it refuses before anything starts, what the program gets, which exit code comes back,
// and that nothing is left behind.

import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { typed } from '../../kit/cli/cli-world.ts';
import { udpClient } from '../../kit/dns/dns-client.ts';
import { ApiClient } from '../../kit/http/api-client.ts';
import { cleanEnvironment, type Program, start } from '../../kit/process/program.ts';
import { freePort } from '../../kit/process/scratch.ts';
import { isAlive, main, type ServerProcess, startServer } from '../../kit/process/server-process.ts';
import { until } from '../../kit/process/until.ts';

let server: ServerProcess;
let api: ApiClient;
const programs: Program[] = [];

beforeAll(async () => {
  server = await startServer();
  api = new ApiClient(server.http);
});

afterAll(async () => {
  for (const program of programs) await program.stop('SIGKILL');
  api.close();
  await server.stop();
});

const patience = { withinMs: 20_000 };

/** `rollcall run FLAGS -- node -e SCRIPT` for `prod/APP/one` at a port that the script finds in PORT. */
async function running(app: string, script: string, flags: readonly string[] = []) {
  const port = await freePort();
  const place = ['--as', `prod/${app}/one`, '--addr', `http://127.0.0.1:${port}`];
  const program = start(
    process.execPath,
    [main, 'run', ...place, '--dns-ttl', '0', ...flags, '--', process.execPath, '-e', script],
    { env: cleanEnvironment({ ROLLCALL_URL: server.http, ROLLCALL_TOKEN: 'correct-horse-battery', GIVEN: 'on' }) },
  );
  programs.push(program);
  return { port, program, place: `/api/v1/apps/prod/${app}/one` };
}

const serving = `require('node:http').createServer((_, r) => r.end('ok')).listen(process.env.PORT, '127.0.0.1');`;

async function status(place: string): Promise<number> {
  return (await api.call('GET', place)).status;
}

async function isRegistered(place: string): Promise<void> {
  await until(`${place} being registered`, async () => (await status(place)) === 200, patience);
}

async function whyGone(app: string): Promise<readonly (string | undefined)[]> {
  const { json } = await api.call('GET', `/api/v1/events?app=prod/${app}`);
  const events = json['events'] as readonly { why: string; by?: { reason?: string } }[];
  return events.slice(0, 2).map(({ why, by }) => `${why}: ${by?.reason ?? ''}`);
}

async function printedPid(program: Program, name: string): Promise<number> {
  const found = await until(name, () => new RegExp(`^${name} (\\d+)$`, 'm').exec(program.output())?.[1], patience);
  return Number(found);
}

test.each([
  [['--as', 'pr_od/a.-b', '--addr', 'http://127.0.0.1:0', '--weight', 'x'], 'Cannot run this:'],
  [['--as', 'prod/a', '--addr', 'http://127.0.0.1:80', '--drain-seconds', '301'], '0-300 seconds'],
  [['--as', 'prod/a', '--addr', 'dns+udp://127.0.0.1:53'], 'give --ready-delay SECONDS'],
  [['--as', 'prod/a', '--addr', 'http://127.0.0.1:80', '--ready-http', 'healthz'], 'is not a path'],
  [['--as', 'prod/a', '--addr', 'http://127.0.0.1:80', '--ready-http', '/', '--ready-delay', '1'], 'not both'],
  [['--as', 'prod/a', '--addr', 'http://127.0.0.1:80', '--registry', 'here'], '--registry: "here"'],
  [['--as', 'prod/a', '--addr', 'http://127.0.0.1:80', '--metadata', 'x'], 'is not KEY=VALUE'],
  [['--addr', 'http://127.0.0.1:80'], "'--as <instance>' not specified"],
  [['--as', 'prod', '--addr', 'http://127.0.0.1:80'], '--as: "prod" is not ENV/APPID/INSTANCE'],
  [['--addr', 'http://127.0.0.1:80'], '"rollcall run --help" shows how to call it'],
])('%j is wrong usage', async (flags, expected) => {
  const { code, out, err } = await typed(['run', ...flags, '--', 'true']);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(expected);
});

test('all problems are reported at once', async () => {
  const flags = ['--as', 'pr_od/a.-b', '--addr', 'http://127.0.0.1:0', '--weight', 'x'];
  const { err } = await typed(['run', ...flags, '--stop-seconds', 'soon', '--', 'true']);
  const fields = err.split('\n').flatMap((line) => /^ {2}(\S+) /.exec(line)?.[1] ?? []);
  expect(fields).toEqual(['env', 'appid', 'addrs[0]', 'weight', '--stop-seconds']);
});

describe.concurrent('a program', () => {
  test('is registered once it is ready, knows its place and port but no token, and is gone after a stop', async () => {
    const script = `${serving} console.log('env', JSON.stringify([process.env.ROLLCALL_INSTANCE, process.env.PORT, process.env.GIVEN, process.env.ROLLCALL_TOKEN]))`;
    const { program, place, port } = await running('env', script, ['--version', '1.2', '--tag', 'a']);
    await isRegistered(place);
    expect(program.output()).toContain(`env ${JSON.stringify(['prod/env/one', String(port), 'on', null])}`);
    expect((await api.call('GET', place)).json).toMatchObject({ version: '1.2', tags: ['a'], status: 'up' });
    const { code } = await program.stop('SIGTERM', 20_000);
    expect(code).toBe(143);
    expect(await status(place)).toBe(404);
    expect(await whyGone('env')).toEqual([
      'cancelled: the program was killed by SIGTERM',
      'drained: SIGTERM to rollcall run',
    ]);
  });

  test('prints that it is found, that it drains and how it ended; with --quiet nothing of that', async () => {
    const { program } = await running('notices', serving);
    // Its line, not the registry: there it may be a moment before the reply.
    await until('its registration', () => program.output().includes('registered, found as'));
    const { err } = await program.stop('SIGTERM', 20_000);
    expect(err).toMatch(
      /registered, found as [\s\S]*SIGTERM: draining[\s\S]*out of DNS[\s\S]*the program was killed by SIGTERM/,
    );
    const quiet = await running('quiet', serving, ['--quiet']);
    await isRegistered(quiet.place);
    expect((await quiet.program.stop('SIGTERM', 20_000)).err).toBe('');
  });

  test.each([
    ['process.exit(7)', 7],
    ["process.kill(process.pid, 'SIGKILL')", 137],
  ])('that ends before it is ready (%s) is never registered', async (script, code) => {
    const { program } = await running('early', script);
    expect((await program.ended).code).toBe(code);
    expect(await whyGone('early')).toEqual([]);
  });

  test('that cannot be started exits 127', async () => {
    const port = await freePort();
    const flags = ['--as', 'prod/a', '--addr', `http://127.0.0.1:${port}`, '--url', server.http];
    const ended = await start(process.execPath, [main, 'run', ...flags.slice(0, 4), '--', '/no/such/program']).ended;
    expect(ended.code).toBe(127);
    expect(ended.err).toContain('/no/such/program');
  });

  test('that ends by itself is cancelled at once, with its reason', async () => {
    const { program, place } = await running('ending', `${serving} process.on('SIGUSR2', () => process.exit(5))`);
    await isRegistered(place);
    program.child.kill('SIGUSR2');
    expect((await program.ended).code).toBe(5);
    expect(await status(place)).toBe(404);
    expect(await whyGone('ending')).toEqual(['cancelled: the program exited with code 5', 'registered: ']);
  });

  test('is stopped where it is not ready in time', async () => {
    const script = 'setInterval(() => {}, 1000)';
    const { program } = await running('tardy', script, ['--ready-within', '0.3']);
    const { code, err } = await program.ended;
    expect(code).toBe(1);
    expect(err).toContain('not ready within 0.3 s');
  });

  test('is ready when its path answers 200, and not when the port is open', async () => {
    const script = `let isUp = false; process.on('SIGUSR2', () => { isUp = true; });
      require('node:http').createServer((q, r) => { r.statusCode = q.url === '/up' && isUp ? 204 : 503; r.end(); })
        .listen(process.env.PORT, '127.0.0.1', () => console.log('listens', process.pid))`;
    const { program, place } = await running('path', script, ['--ready-http', '/up']);
    await printedPid(program, 'listens');
    expect(await status(place)).toBe(404);
    program.child.kill('SIGUSR2');
    await isRegistered(place);
    await program.stop('SIGTERM', 20_000);
  });

  test('a delay is enough for one without a port', async () => {
    const { program, place } = await running('delayed', 'setInterval(() => {}, 1000)', ['--ready-delay', '0.2']);
    await isRegistered(place);
    expect((await program.stop('SIGINT', 20_000)).code).toBe(130);
  });

  test('deaf to SIGTERM is killed with all that it has started', async () => {
    const script = `${serving} process.on('SIGTERM', () => console.log('heard'));
      const { spawn } = require('node:child_process');
      const other = spawn('sleep', ['1000']); console.log('other', other.pid)`;
    const { program, place } = await running('deaf', script, ['--stop-seconds', '0.5']);
    await isRegistered(place);
    const other = await printedPid(program, 'other');
    const { code, out, err } = await program.stop('SIGTERM', 20_000);
    expect(code).toBe(137);
    expect(out).toContain('heard');
    expect(err).toContain('within 0.5 s');
    await until('the end of what it had started', () => !isAlive(other), patience);
  });

  test('what it leaves behind ends with it', async () => {
    const script = `${serving} const { spawn } = require('node:child_process');
      const other = spawn('sleep', ['1000'], { stdio: 'ignore' }); other.unref(); console.log('other', other.pid);
      process.on('SIGUSR2', () => process.exit(0))`;
    const { program, place } = await running('littering', script);
    await isRegistered(place);
    const other = await printedPid(program, 'other');
    program.child.kill('SIGUSR2');
    expect((await program.ended).code).toBe(0);
    await until('the end of what it had started', () => !isAlive(other), patience);
  });

  test('a second signal waits for no resolver', async () => {
    const { program, place } = await running('hasty', serving, [
      '--dns-ttl',
      '3600',
      '--drain-seconds',
      '300',
      '--verbose',
    ]);
    await isRegistered(place);
    // Now an answer is out that may be kept for the whole lease.
    const client = await udpClient(server.dnsPort);
    expect((await client.ask('hasty.prod.svc')).rcode).toBe('NOERROR');
    client.close();
    program.child.kill('SIGTERM');
    await until('the drain', () => program.output().includes('out of DNS'), patience);
    program.child.kill('SIGTERM');
    expect((await program.ended).code).toBe(143);
  });

  test('goes on without a registry, and is registered when one comes', async () => {
    const port = await freePort();
    const { program, place } = await running('alone', serving, ['--registry', `http://127.0.0.1:${port}`]);
    await until('the complaint', () => program.output().includes('cannot register, trying again'), patience);
    expect(program.output()).toContain('--registry and ROLLCALL_URL');
    const late = await startServer({ http: `127.0.0.1:${port}` });
    const other = new ApiClient(late.http);
    await until('registration', async () => (await other.call('GET', place)).status === 200, patience);
    other.close();
    expect((await program.stop('SIGTERM', 20_000)).code).toBe(143);
    await late.stop();
  });

  test('whose name a second one takes warns, and leaves the second one alone when it stops', async () => {
    const first = await running('twin', serving, ['--lease-seconds', '5']);
    await isRegistered(first.place);
    const second = await running('twin', serving, ['--lease-seconds', '5']);
    await until(
      'the loss',
      () => first.program.output().includes('another registration has taken this name'),
      patience,
    );
    expect((await first.program.stop('SIGTERM', 20_000)).code).toBe(143);
    expect((await api.call('GET', second.place)).json).toMatchObject({
      addrs: [`http://127.0.0.1:${second.port}`],
      status: 'up',
    });
    await second.program.stop('SIGTERM', 20_000);
  });

  test('has a name of its own by default', async () => {
    const port = await freePort();
    const program = start(
      process.execPath,
      [main, 'run', '--as', 'prod/named', '--addr', `http://127.0.0.1:${port}`, '--registry', server.http].concat([
        '--',
        process.execPath,
        '-e',
        serving,
      ]),
      { env: cleanEnvironment() },
    );
    const place = `/api/v1/apps/prod/named/${encodeURIComponent(`${hostname()}:${port}`)}`;
    await isRegistered(place);
    await program.stop('SIGTERM', 20_000);
  });
});
