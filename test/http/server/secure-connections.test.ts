// HTTPS as clients see it: curl and openssl talk to the HTTP plane with certificates that were made for the test.

import { copyFileSync, readFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Authority, type Certificate } from '../../kit/http/certificates.ts';
import { RawConnection } from '../../kit/http/raw-http.ts';
import { type Ran, ran, startTlsWorld, type TlsWorld } from '../../kit/http/tls-world.ts';
import { scratch } from '../../kit/process/scratch.ts';
import { until } from '../../kit/process/until.ts';

let authority: Authority;
let foreign: Authority;
let server: Certificate;
let client: Certificate;
let stranger: Certificate;
const open: TlsWorld[] = [];
const ends: (() => void)[] = [];

beforeAll(async () => {
  [authority, foreign] = await Promise.all([Authority.create(), Authority.create()]);
  server = await authority.sign('server');
  client = await authority.sign('deploy');
  stranger = await foreign.sign('deploy');
});

afterEach(async () => {
  for (const end of ends.splice(0)) end();
  for (const { app, certificate } of open.splice(0)) {
    certificate.close();
    await app.close();
  }
});

async function start(...args: Parameters<typeof startTlsWorld>): Promise<TlsWorld> {
  const world = await startTlsWorld(...args);
  open.push(world);
  return world;
}

function curl({ port }: TlsWorld, path: string, ...args: readonly string[]): Promise<Ran> {
  const format = '\n%{http_code} %{http_version}';
  return ran('curl', ['-sS', '--cacert', authority.ca, '-w', format, ...args, `https://127.0.0.1:${port}${path}`]);
}

/** What openssl has negotiated, or why not. */
async function negotiated({ port }: TlsWorld, ...args: readonly string[]): Promise<string> {
  const { out, err } = await ran('openssl', [
    's_client',
    '-connect',
    `127.0.0.1:${port}`,
    '-CAfile',
    authority.ca,
    ...args,
  ]);
  return /^\s*New, (\S+), Cipher is (\S+)/m.exec(out)?.slice(1).join(' ') ?? `${out}${err}`;
}

async function dial({ port }: TlsWorld, options: object = {}): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ca: readFileSync(authority.ca), ...options });
  socket.on('error', () => {});
  ends.push(() => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  return socket;
}

describe('versions and ciphers', () => {
  test.each([
    ['-tls1_3', 'TLSv1.3 TLS_AES_256_GCM_SHA384'],
    ['-tls1_2', 'TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256'],
  ])('%s is spoken', async (version, expected) => {
    expect(await negotiated(await start(server), version)).toBe(expected);
  });

  test.each([
    ['TLS 1.1', ['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0']],
    ['TLS 1.0', ['-tls1', '-cipher', 'ALL:@SECLEVEL=0']],
    ['CBC', ['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA384']],
    ['no forward secrecy', ['-tls1_2', '-cipher', 'AES128-GCM-SHA256:AES256-GCM-SHA384']],
    ['no authentication', ['-tls1_2', '-cipher', 'aNULL:@SECLEVEL=0']],
  ])('%s is refused, and counted', async (_what, args) => {
    const world = await start(server);
    expect(await negotiated(world, ...args)).toMatch(/^\(NONE\) \(NONE\)$|alert|no cipher/);
    await until('the count', () => world.handshakes.failed === 1);
    expect(world.handshakes.done).toBe(0);
  });

  test('HTTP/2 where the client offers it, HTTP/1.1 else', async () => {
    const world = await start(server);
    expect((await curl(world, '/api/v1/apps', '--http2')).out).toMatch(/\n200 2$/);
    expect((await curl(world, '/api/v1/apps', '--http1.1')).out).toMatch(/\n200 1\.1$/);
    expect((await curl(world, '/api/v1/apps', '--no-alpn')).out).toMatch(/\n200 1\.1$/);
  });

  test('plain HTTP on the port of HTTPS gets no answer of the API', async () => {
    const world = await start(server);
    const connection = await RawConnection.open(world.port);
    connection.write('GET /api/v1/apps HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
    await connection.closed;
    expect(connection.received).not.toContain('HTTP/1.1 200');
  });

  test('a certificate of another authority is refused by the client', async () => {
    const world = await start(await foreign.sign('server'));
    expect((await curl(world, '/healthz')).code).toBe(60);
  });
});

describe.each(['--http1.1', '--http2'])('the API by %s', (version) => {
  const put = ['-X', 'PUT', '-H', 'content-type: application/json', '-d', '{"addrs":["http://10.0.0.7:8080"]}'];

  test('registers, renews, lists and cancels; replies name https', async () => {
    const world = await start(server);
    const path = '/api/v1/apps/prod/orders/a1';
    const registered = await curl(world, path, version, ...put);
    expect(registered.out).toMatch(/\n201 /);
    const { renewWith } = JSON.parse(registered.out.split('\n')[0] as string) as { renewWith: string };
    expect(renewWith).toContain(`'https://127.0.0.1:${world.port}${path}/renew'`);
    expect((await curl(world, `${path}/renew`, version, '-X', 'PUT')).out).toMatch(/\n200 /);
    expect((await curl(world, '/api/v1/apps/prod/orders', version)).out).toContain('"a1"');
    expect((await curl(world, path, version, '-X', 'DELETE')).out).toMatch(/\n200 /);
    expect(world.registry.appCount).toBe(0);
  });

  test('a body that is too large, or of another type, is refused', async () => {
    const world = await start(server);
    const large = join(scratch({ x: `{"addrs":["${'x'.repeat(70_000)}"]}` }), 'x');
    const type = ['-X', 'PUT', '-H', 'content-type: application/json', '--data-binary', `@${large}`];
    expect((await curl(world, '/api/v1/apps/prod/orders/a1', version, ...type)).out).toMatch(
      /body-too-large[\s\S]*\n413 /,
    );
    const text = ['-X', 'PUT', '-H', 'content-type: text/plain', '-d', 'x'];
    expect((await curl(world, '/api/v1/apps/prod/orders/a1', version, ...text)).out).toMatch(/\n415 /);
  });

  test('a foreign page and a foreign host name are refused', async () => {
    const world = await start(server);
    expect((await curl(world, '/api/v1/apps', version, '-H', 'origin: https://evil.example')).out).toMatch(/\n403 /);
    expect((await curl(world, '/api/v1/apps', version, '-H', 'host: evil.example')).out).toMatch(/\n4\d\d /);
  });

  test('a watch gets its events, and ends with the server', async () => {
    const world = await start(server);
    await world.register('prod/orders/a1');
    const watching = curl(world, '/api/v1/watch?app=prod/orders', version, '-N');
    await until('the watch', () => world.watchers.count === 1);
    await world.register('prod/orders/a2');
    await until('the event', () => world.watchers.eventCount >= 2);
    await world.app.close();
    const { out } = await watching;
    expect(out).toContain('event: synced');
    expect(out).toContain('"a2"');
  });

  test('a long poll is answered by the change it waits for', async () => {
    const world = await start(server);
    await world.register('prod/orders/a1');
    const index = world.registry.revision;
    const polling = curl(world, `/api/v1/apps/prod/orders?index=${index}&wait=30s`, version);
    await until('the long poll', () => world.longPolls.waiting === 1);
    await world.register('prod/orders/a2');
    expect((await polling).out).toMatch(/"a2"[\s\S]*\n200 /);
  });
});

describe('client certificates', () => {
  const asClient = ({ cert, key }: Certificate): string[] => ['--cert', cert, '--key', key];

  test('required: without one, or with another authority’s, there is no connection', async () => {
    const world = await start({ ...server, clientCa: authority.ca }, 'required');
    expect((await curl(world, '/healthz')).code).not.toBe(0);
    expect((await curl(world, '/healthz', ...asClient(stranger))).code).not.toBe(0);
    const past = await authority.sign('past', { days: -1 });
    expect((await curl(world, '/healthz', ...asClient(past))).code).not.toBe(0);
    expect((await curl(world, '/healthz', ...asClient(client))).out).toMatch(/\n200 /);
    expect(world.handshakes).toMatchObject({ done: 1, failed: 3 });
  });

  test('optional: without one it goes on, with another authority’s it does not', async () => {
    const world = await start({ ...server, clientCa: authority.ca }, 'optional');
    expect((await curl(world, '/healthz')).out).toMatch(/\n200 /);
    expect((await curl(world, '/healthz', ...asClient(client))).out).toMatch(/\n200 /);
    expect((await curl(world, '/healthz', ...asClient(stranger))).code).not.toBe(0);
  });

  test.each(['--http1.1', '--http2'])('are a principal of their name, beside tokens (%s)', async (version) => {
    const tokens = [{ name: 'ci', token: '0123456789abcdef' }];
    const world = await start({ ...server, clientCa: authority.ca }, 'optional', { deps: { tokens } });
    const path = '/api/v1/apps/prod/orders/a1';
    const put = ['-X', 'PUT', '-H', 'content-type: application/json', '-d', '{"addrs":["http://10.0.0.7:8080"]}'];
    const bearer = (token: string): string[] => ['-H', `authorization: Bearer ${token}`];
    expect((await curl(world, path, version, ...put)).out).toMatch(/\n401 /);
    expect((await curl(world, path, version, ...put, ...asClient(client))).out).toMatch(/\n201 /);
    expect((await curl(world, `${path}/renew`, version, '-X', 'PUT', ...asClient(client))).out).toMatch(/\n200 /);
    // A token that is shown counts, a wrong one too.
    expect((await curl(world, path, version, ...asClient(client), ...bearer('wrong0123456789a'))).out).toMatch(
      /\n401 /,
    );
    const drained = await curl(
      world,
      `${path}/drain`,
      version,
      '-X',
      'POST',
      ...asClient(client),
      ...bearer('0123456789abcdef'),
    );
    expect(drained.out).toMatch(/\n200 /);
    const events = (await curl(world, '/api/v1/events', version, ...asClient(client))).out;
    expect(events).toContain('"deploy"');
    expect(events).toContain('"ci"');
  });

  test('none: one that is shown is not looked at', async () => {
    expect((await curl(await start(server), '/healthz', ...asClient(stranger))).out).toMatch(/\n200 /);
  });
});

describe('a new certificate', () => {
  test('is for new connections; one that is open goes on', async () => {
    const folder = scratch();
    const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
    copyFileSync(server.cert, files.cert);
    copyFileSync(server.key, files.key);
    const world = await start(files);
    const before = await dial(world, { ALPNProtocols: ['http/1.1'] });
    const next = await authority.sign('next');
    copyFileSync(next.cert, files.cert);
    copyFileSync(next.key, files.key);
    world.certificate.reload();
    const after = await dial(world);
    expect(after.getPeerCertificate().subject.CN).toBe('next');
    expect(before.getPeerCertificate().subject.CN).toBe('server');
    let received = '';
    before.on('data', (octets: Buffer) => {
      received += octets.toString();
    });
    before.write('GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
    await until('the reply', () => received.startsWith('HTTP/1.1 200'));
  });
});

describe('limits', () => {
  const limits = { connectionsMax: 3, connectionsPerClientMax: 2, bodyBytes: 65_536, jsonDepth: 32 };

  test('of connections are counted before the handshake', async () => {
    const world = await start(server, 'none', { deps: { limits } });
    const first = await RawConnection.open(world.port);
    ends.push(() => first.destroy());
    await dial(world);
    await until('two connections', () => world.counters.connections === 2);
    await expect(dial(world)).rejects.toThrow();
    expect(world.counters.counts.get('refused:client-connections')).toBe(1);
    first.destroy();
    await until('one connection', () => world.counters.connections === 1);
    await dial(world);
  });

  test('of requests in a pipeline hold: one large reply after the other', async () => {
    const world = await start(server);
    await world.register('prod/orders/a1');
    const socket = await dial(world, { ALPNProtocols: ['http/1.1'] });
    let received = '';
    socket.on('data', (octets: Buffer) => {
      received += octets.toString();
    });
    const request = 'GET /api/v1/apps/prod/orders HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n';
    socket.write(request.repeat(100));
    await until('all replies', () => received.split('HTTP/1.1 200').length === 101);
  });

  test('of streams: a connection of HTTP/2 has 32 at a time', async () => {
    const world = await start(server);
    const session = connectHttp2(`https://127.0.0.1:${world.port}`, { ca: readFileSync(authority.ca) });
    session.on('error', () => {});
    ends.push(() => session.destroy());
    await new Promise((resolve) => session.once('remoteSettings', resolve));
    expect(session.remoteSettings.maxConcurrentStreams).toBe(32);
    await world.register('prod/orders/a1');
    const index = world.registry.revision;
    for (let i = 0; i < 40; i++) {
      const stream = session.request({ ':path': `/api/v1/apps/prod/orders?index=${index}&wait=30s` });
      stream.on('error', () => {});
    }
    await until('the long polls', () => world.longPolls.waiting === 32);
  });

  test('of time: a body of HTTP/2 that does not come is given up', async () => {
    const timeouts = { requestMs: 100, headersMs: 1000, idleMs: 30_000, checkEveryMs: 20 };
    const world = await start(server, 'none', { deps: { timeouts } });
    const session = connectHttp2(`https://127.0.0.1:${world.port}`, { ca: readFileSync(authority.ca) });
    ends.push(() => session.destroy());
    const headers = { ':method': 'PUT', ':path': '/api/v1/apps/prod/orders/a1', 'content-type': 'application/json' };
    const stream = session.request(headers, { endStream: false });
    stream.on('error', () => {});
    await new Promise((resolve) => stream.once('close', resolve));
    expect(stream.rstCode).toBe(8);
    expect(world.registry.appCount).toBe(0);
  });

  test('of time: an idle connection of HTTP/2 is closed, one that waits for the server is not', async () => {
    const timeouts = { requestMs: 10_000, headersMs: 1000, idleMs: 100, checkEveryMs: 20 };
    const world = await start(server, 'none', { deps: { timeouts } });
    await world.register('prod/orders/a1');
    const ca = readFileSync(authority.ca);
    const [idle, waiting] = [0, 1].map(() => connectHttp2(`https://127.0.0.1:${world.port}`, { ca })) as [
      ReturnType<typeof connectHttp2>,
      ReturnType<typeof connectHttp2>,
    ];
    for (const session of [idle, waiting]) {
      session.on('error', () => {});
      ends.push(() => session.destroy());
    }
    const gone = new Promise((resolve) => idle.once('close', resolve));
    const poll = waiting.request({ ':path': `/api/v1/apps/prod/orders?index=${world.registry.revision}&wait=30s` });
    const answered = new Promise<number>((resolve) =>
      poll.once('response', (headers) => resolve(headers[':status'] as number)),
    );
    await until('the long poll', () => world.longPolls.waiting === 1);
    await gone;
    expect(world.longPolls.waiting).toBe(1);
    await world.register('prod/orders/a2');
    expect(await answered).toBe(200);
  });
});
