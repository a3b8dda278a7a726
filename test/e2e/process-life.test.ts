// The life of the process as an operator sees it: how it stops, why it does not start, and who gets in. Refusals to
// start that need no server are in test/cli.

import { createSocket } from 'node:dgram';
import { readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { connected, type DnsClient, tcpClient, udpClient } from '../kit/dns/dns-client.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { cleanEnvironment, run } from '../kit/process/program.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import {
  isAlive,
  main,
  root,
  type ServerOptions,
  type ServerProcess,
  startServer,
} from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

/** What tests of this file, which run at the same time, have to leave behind. */
const leftovers: (() => unknown)[] = [];

afterAll(async () => {
  for (const leave of leftovers.reverse()) await leave();
});

async function serverFor(options: ServerOptions = {}): Promise<{ server: ServerProcess; api: ApiClient }> {
  const server = await startServer(options);
  const api = new ApiClient(server.http);
  leftovers.push(() => server.kill());
  leftovers.push(() => api.close());
  return { server, api };
}

/** Runs `serve` until it ends by itself. */
function serveToItsEnd(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}) {
  return run(process.execPath, [main, 'serve', ...args], { cwd, env: cleanEnvironment(env) });
}

describe('SIGTERM', () => {
  test('answers waiting calls, ends readiness, keeps DNS until the API is closed, and exits with 0 within 5 s', async () => {
    const { server, api } = await serverFor({ args: ['--log-level', 'debug'] });
    const { index } = (await api.call('GET', '/api/v1/apps/prod/orders')).json;
    await api.register('prod/orders/orders-1', ['http://10.0.0.7:80'], { leaseSeconds: 60 });
    const known = (await api.call('GET', '/api/v1/apps/prod/orders')).json['index'];
    expect(known).toBeGreaterThan(index as number);
    const waiting = Array.from({ length: 20 }, () =>
      api.call('GET', `/api/v1/apps/prod/orders?index=${String(known)}&wait=60s`),
    );
    await until('twenty waiting', async () => {
      return (await api.call('GET', '/metrics')).text.includes('rollcall_http_long_polls 20');
    });
    const dns = await udpClient(server.dnsPort);
    const answered = askForever(dns, 'orders.prod.svc');

    const ended = server.stop();
    for (const { status, json } of await Promise.all(waiting)) {
      expect(status).toBe(200);
      expect(json).toMatchObject({ index: known, instances: [{ instance: 'orders-1' }] });
    }
    // Not 0 where it had to be cut off after `stopSeconds`.
    expect((await ended).code).toBe(0);
    dns.close();
    const { right, wrong } = answered();
    expect(right).toBeGreaterThan(0);
    expect(wrong).toEqual([]);
    expect(isAlive(server.pid)).toBe(false);
    expect(server.logs().at(-1)?.msg).toBe('rollcall has stopped');
  });

  test('lets a request that is under way finish, and turns new ones away', async () => {
    const { server, api } = await serverFor();
    const slow = await halfRegistration(server);
    expect((await api.call('GET', '/readyz')).status).toBe(200);
    const ended = server.stop();
    await until('the stop under way', () => server.output().includes('SIGTERM: stopping'));
    // Over the connection that is open already: new ones may meet a closed door.
    const { status, headers } = await api.call('GET', '/readyz');
    expect({ status, retryAfter: headers['retry-after'] }).toEqual({ status: 503, retryAfter: '1' });
    const dns = await udpClient(server.dnsPort);
    expect((await dns.ask('svc', 'SOA')).rcode).toBe('NOERROR');
    dns.close();
    slow.finish();
    expect(await slow.reply()).toMatch(/^HTTP\/1\.1 201 /);
    expect((await ended).code).toBe(0);
  });

  test('answers the queries that have arrived over TCP before it closes', async () => {
    const { server, api } = await serverFor();
    await api.register('prod/orders/orders-1', ['http://10.0.0.7:80']);
    const dns = await tcpClient(server.dnsPort);
    const asked = Array.from({ length: 200 }, () => dns.ask('orders.prod.svc'));
    const first = await asked[0];
    expect(first?.rcode).toBe('NOERROR');
    const ended = server.stop();
    for (const { rcode } of await Promise.all(asked)) expect(rcode).toBe('NOERROR');
    dns.close();
    expect((await ended).code).toBe(0);
  });

  test('is not held up by clients that do nothing', async () => {
    const { server } = await serverFor();
    const idle = await Promise.all(
      [...Array(20)].map((_, i) => connected(i % 2 === 0 ? server.dnsPort : server.httpPort)),
    );
    for (const [i, socket] of idle.entries()) {
      socket.on('error', () => {});
      if (i % 4 === 1) socket.write('GET /healthz HTTP/1.1\r\nhost: ');
      if (i % 4 === 2) socket.write(Buffer.of(0, 50, 1, 2));
    }
    // Not 0 where it had to be cut off after `stopSeconds`.
    expect((await server.stop()).code).toBe(0);
    for (const socket of idle) socket.destroy();
  });

  test('twice leaves at once', async () => {
    const { server, api } = await serverFor();
    await halfRegistration(server);
    await api.call('GET', '/readyz');
    process.kill(server.pid, 'SIGTERM');
    await until('the stop under way', () => server.output().includes('SIGTERM: stopping'));
    process.kill(server.pid, 'SIGTERM');
    expect((await server.ended).code).toBe(1);
    expect(server.output()).toContain('SIGTERM again');
  });
});

interface HalfRequest {
  /** Sends the rest. */
  finish(): void;
  reply(): Promise<string>;
}

/** A registration whose body is still on its way. */
async function halfRegistration(server: ServerProcess): Promise<HalfRequest> {
  const socket = await connected(server.httpPort);
  const body = JSON.stringify({ addrs: ['http://10.0.0.1:80'] });
  const path = '/api/v1/apps/prod/slow/one';
  const headers = `host: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
  let heard = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    heard += chunk;
  });
  socket.on('error', () => {});
  leftovers.push(() => socket.destroy());
  await new Promise((resolve) =>
    socket.write(`PUT ${path} HTTP/1.1\r\n${headers}\r\n\r\n${body.slice(0, 5)}`, resolve),
  );
  return {
    finish: () => void socket.write(body.slice(5)),
    reply: () => until('the reply', () => /\r\n\r\n/.test(heard) && heard),
  };
}

/** Asks until the client is closed; resolves with what came back. */
function askForever(dns: DnsClient, name: string): () => { right: number; wrong: string[] } {
  let right = 0;
  const wrong: string[] = [];
  const ask = async (): Promise<void> => {
    for (;;) {
      const { rcode, answer } = await dns.ask(name);
      if (rcode === 'NOERROR' && answer.length === 1) right++;
      else wrong.push(rcode);
    }
  };
  // The last question meets a closed socket.
  ask().catch(() => {});
  return () => ({ right, wrong });
}

describe.concurrent('a start that cannot be', () => {
  const directory = scratch({
    'zones/.keep': '',
    'broken/svc.zone': '@ IN SOA ns hostmaster 1 2 3 4 5\n@ IN NS ns\nns IN A 127.0.0.256\n',
  });
  afterAll(() => removeScratch(directory));
  // A pause of a busy machine is a warning, and none of these tests' business.
  const anywhere = ['--data', 'none', '--zones', 'zones', '--log-level', 'error'];

  test.each(['http', 'dns'] as const)('a taken TCP port for %s is one sentence and exit code 1', async (which) => {
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    leftovers.push(() => server.close());
    const { port } = server.address() as { port: number };
    const other = which === 'http' ? 'dns' : 'http';
    const flags = [`--${which}`, `127.0.0.1:${port}`, `--${other}`, '127.0.0.1:0'];
    const { code, out, err } = await serveToItsEnd([...anywhere, ...flags], directory);
    expect({ code, err, out }).toEqual({
      code: 1,
      err: `Cannot listen for ${which.toUpperCase()} on 127.0.0.1:${port}: another program uses this port\n`,
      out: '',
    });
  });

  test('a DNS port that is taken for UDP alone is noticed as well', async () => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => {
      socket.bind(0, '127.0.0.1', resolve);
    });
    leftovers.push(() => socket.close());
    const { port } = socket.address();
    const { code, err } = await serveToItsEnd(
      [...anywhere, '--http', '127.0.0.1:0', '--dns', `127.0.0.1:${port}`],
      directory,
    );
    expect({ code, err }).toEqual({
      code: 1,
      err: `Cannot listen for DNS on 127.0.0.1:${port}: another program uses this port\n`,
    });
  });

  test('a broken zone file is named with line and column', async () => {
    const args = [
      '--data',
      'none',
      '--zones',
      'broken',
      '--log-level',
      'error',
      '--http',
      '127.0.0.1:0',
      '--dns',
      '127.0.0.1:0',
    ];
    const { code, out, err } = await serveToItsEnd(args, directory);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^broken\/svc\.zone:3:9: \S.*127\.0\.0\.256/m);
  });

  test.each(['0.0.0.0:0', '[::]:0', '192.0.2.1:0'])('an open API on %s without a token is refused', async (listen) => {
    const { code, out, err } = await serveToItsEnd([...anywhere, '--http', listen, '--dns', '127.0.0.1:0'], directory);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/--insecure\n.*--plain-http/s);
  });
});

describe.concurrent('with a token', () => {
  const secret = 'S3cret-and-never-to-be-logged';
  const otherSecret = 'another-secret-0123456789';

  test('only its owner reads and writes; health and description are open; no log line has it', async () => {
    const { server, api } = await serverFor({
      http: '0.0.0.0:0',
      env: { ROLLCALL_TOKENS: `deploy=${secret}`, ROLLCALL_LOG_LEVEL: 'trace' },
      args: ['--token-file', 'tokens', '--plain-http'],
      files: { tokens: `# readers\nreader ${otherSecret}\n` },
    });
    const path = '/api/v1/apps/prod/orders/orders-1';
    const body = { addrs: ['http://10.0.0.7:80'] };
    const wrong = ['', 'Bearer', `Bearer ${secret}x`, `Bearer ${secret.slice(0, -1)}`, `Basic ${secret}`, secret];
    for (const authorization of [undefined, ...wrong]) {
      const headers = authorization === undefined ? {} : { authorization };
      const reply = await api.call('PUT', path, { body, headers });
      expect({ authorization, status: reply.status }).toEqual({ authorization, status: 401 });
      expect(reply.headers['www-authenticate']).toMatch(/^Bearer realm="rollcall"/);
      expect(reply.headers['content-type']).toMatch(/^application\/problem\+json/);
      for (const read of ['/metrics', '/api/v1/apps', '/api/v1/resolve?name=svc', '/nothing']) {
        expect({ read, status: (await api.call('GET', read, { headers })).status }).toEqual({ read, status: 401 });
      }
    }
    const dns = await udpClient(server.dnsPort);
    expect((await dns.ask('orders.prod.svc')).rcode).toBe('NXDOMAIN');
    for (const open of ['/healthz', '/readyz', '/openapi.json', '/docs/']) {
      expect({ open, status: (await api.call('GET', open)).status }).toEqual({ open, status: 200 });
    }
    for (const authorization of [`Bearer ${secret}`, `bearer ${otherSecret}`]) {
      const reply = await api.call('PUT', path, { body, headers: { authorization } });
      expect([200, 201]).toContain(reply.status);
      expect(String(reply.json['renewWith'])).toContain('$ROLLCALL_TOKEN');
      expect(reply.text).not.toContain(secret);
    }
    expect((await dns.ask('orders.prod.svc')).answer).toMatchObject([{ data: '10.0.0.7' }]);
    dns.close();
    expect((await server.stop()).code).toBe(0);
    expect(server.output()).toContain('"deploy"');
    expect(server.output()).not.toContain(secret);
    expect(server.output()).not.toContain(otherSecret);
  });

  test('the printed configuration hides it', async () => {
    const env = cleanEnvironment({ ROLLCALL_TOKENS: `deploy=${secret}` });
    const { code, out, err } = await run(process.execPath, [main, 'config'], { cwd: root, env });
    expect(code).toBe(0);
    expect(out).toContain('deploy');
    expect(out + err).not.toContain(secret);
  });
});

test('its files are for its own user, under any umask', async () => {
  const server = await startServer({
    data: 'data',
    command: ['sh', '-c', 'umask 0; exec "$0" "$@"', process.execPath, main, 'serve'],
  });
  const folder = join(server.directory, 'data');
  const modes = [folder, ...readdirSync(folder).map((file) => join(folder, file))].map((path) => [
    path.slice(folder.length),
    statSync(path).mode & 0o077,
  ]);
  expect(modes.length).toBeGreaterThan(3);
  expect(modes.filter(([, open]) => open !== 0)).toEqual([]);
  await server.stop();
});
