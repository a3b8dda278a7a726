// DNS over TLS on the wire: who gets in, what is padded, how a connection and a session are used again, and what happens to
// handshakes that never end. Certificates come from openssl; kdig and openssl are the foreign clients.

import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type DnsTlsDeps, listenTls, type TlsServer } from '../../../src/dns/transport/tls.ts';
import { Authority, type Certificate } from '../../kit/certificates.ts';
import { connected } from '../../kit/dns-client.ts';
import { Harness, type HarnessOptions } from '../../kit/harness.ts';
import { requireInCi } from '../../kit/installed.ts';
import { frame, packet } from '../../kit/packet.ts';
import { run } from '../../kit/program.ts';
import { readReply } from '../../kit/reply.ts';
import { tlsClient } from '../../kit/tls-client.ts';
import { until } from '../../kit/until.ts';

let authority: Authority;
let first: Certificate;
let second: Certificate;
let ca: Buffer;

beforeAll(async () => {
  authority = await Authority.create();
  first = await authority.sign('first');
  second = await authority.sign('second');
  ca = readFileSync(authority.ca);
});

const leftovers: (() => unknown)[] = [];
afterEach(async () => {
  for (const leave of leftovers.splice(0).reverse()) await leave();
});

const pairOf = ({ cert, key }: Certificate) => ({ cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') });

interface World {
  readonly harness: Harness;
  readonly server: TlsServer;
  readonly port: number;
}

async function open(options: HarnessOptions = {}, more: Partial<DnsTlsDeps> = {}): Promise<World> {
  const harness = new Harness(options);
  for (let i = 0; i < 30; i++) harness.register(`orders.prod/a${i}`, { addrs: [`http://10.0.0.${i}:80`] });
  const server = await listenTls([{ host: '127.0.0.1', port: 0 }], {
    handler: harness.handler,
    counters: harness.counters,
    tcp: { idleMs: 60_000, connectionsMax: 10, connectionsPerClientMax: 10 },
    pair: pairOf(first),
    ...more,
  });
  if ('failed' in server) throw server.error;
  leftovers.push(() => server.close());
  return { harness, server, port: server.listens[0]?.port ?? 0 };
}

const client = (port: number, options: ConnectionOptions = {}) => tlsClient(port, { ca, ...options }, leftovers);

describe('a connection', () => {
  test('is used for any number of questions, with ALPN dot and whole answers', async () => {
    const { harness, port } = await open();
    const { socket, ask } = await client(port);
    expect(socket.alpnProtocol).toBe('dot');
    for (let i = 0; i < 20; i++) {
      expect(await ask({ id: i })).toMatchObject({ id: i, tc: false, rcode: 'NOERROR', answer: { length: 30 } });
    }
    expect(harness.counters).toMatchObject({ tlsHandshakes: 1, tlsFailed: 0, tcpConnections: 1 });
    expect([...harness.counters.queries()]).toEqual([{ transport: 'tls', type: 'A', rcode: 'NOERROR', count: 20 }]);
  });

  test('answers what was pipelined before the client closed its side', async () => {
    const { port } = await open();
    const { socket, replies } = await client(port, { allowHalfOpen: true } as ConnectionOptions);
    socket.end(Buffer.concat([1, 2, 3].map((id) => frame(packet({ id })))));
    await until('three replies', () => replies.length === 3, { everyMs: 2 });
    expect(replies.map(({ id }) => id).sort()).toEqual([1, 2, 3]);
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('speaks %s, and resumes a session of it', async (version) => {
    const { harness, port } = await open();
    const versions = { minVersion: version, maxVersion: version } as const;
    const before = await client(port, versions);
    let session: Buffer | undefined;
    before.socket.on('session', (one: Buffer) => {
      session = one;
    });
    await before.ask();
    session ??= before.socket.getSession();
    await until('a session', () => session !== undefined);
    before.socket.destroy();
    const after = await client(port, { ...versions, session: session as Buffer });
    expect(after.socket.isSessionReused()).toBe(true);
    await after.ask();
    expect(harness.counters).toMatchObject({ tlsHandshakes: 2, tlsResumed: 1 });
  });

  test('the longest idle one of a client makes room, as over TCP', async () => {
    const tcp = { idleMs: 60_000, connectionsMax: 10, connectionsPerClientMax: 2 };
    const { harness, port } = await open({}, { tcp });
    const clients = [await client(port), await client(port)];
    // The server may see what one has sent before the handshake of another is done.
    await clients[1]?.ask();
    await clients[0]?.ask();
    const third = await client(port);
    await third.ask();
    await until('the second is closed', () => clients[1]?.socket.destroyed === true);
    expect(await clients[0]?.ask()).toMatchObject({ rcode: 'NOERROR' });
    expect(harness.counters.tcpRefused).toBe(1);
  });

  test('without a whole message ends after the idle time', async () => {
    const { port } = await open({}, { tcp: { idleMs: 20, connectionsMax: 10, connectionsPerClientMax: 10 } });
    const { socket } = await client(port);
    await until('the end', () => socket.destroyed);
  });
});

describe('who does not get in', () => {
  test.each<[string, ConnectionOptions]>([
    ['another ALPN alone', { ALPNProtocols: ['h2'] }],
    ['TLS 1.1', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }],
  ])('%s', async (_, options) => {
    const { harness, port } = await open();
    await expect(client(port, options)).rejects.toThrow();
    await until('it is counted', () => harness.counters.tlsFailed === 1);
    expect((await client(port)).socket.authorized).toBe(true);
  });

  test('plain TCP', async () => {
    const { harness, port } = await open();
    const socket = await connected(port);
    leftovers.push(() => socket.destroy());
    socket.on('error', () => {});
    socket.resume();
    socket.write(frame(packet()));
    await until('the end', () => socket.readableEnded || socket.destroyed);
    expect(harness.counters.tlsFailed).toBe(1);
  });

  test('a network that may not ask, before any handshake', async () => {
    const { harness, port } = await open({ access: { allow: ['10.0.0.0/8'], denied: 'drop' } });
    await expect(client(port)).rejects.toThrow();
    expect(harness.counters).toMatchObject({ tlsHandshakes: 0, tcpConnections: 0 });
  });

  test('many that never begin: the oldest makes room, and an honest client is answered', async () => {
    const { harness, port } = await open();
    const idle: Socket[] = [];
    for (let i = 0; i < 300; i++) {
      const socket = await connected(port);
      socket.on('error', () => {});
      idle.push(socket);
    }
    leftovers.push(() => {
      for (const socket of idle) socket.destroy();
    });
    expect(await (await client(port)).ask()).toMatchObject({ rcode: 'NOERROR' });
    await until('45 were refused', () => harness.counters.tcpRefused === 45);
  });
});

describe('padding', () => {
  const padding = { code: 12, data: Buffer.alloc(3) };

  test.each([
    ['orders.prod.svc.', 'an answer'],
    ['nope.svc.', 'a missing name'],
    ['example.com.', 'a refusal'],
  ])('%s: %s is a multiple of 468 octets for who asks for it, alone', async (name) => {
    const { port } = await open();
    const { ask } = await client(port);
    for (const options of [[padding], [padding, { code: 10, data: Buffer.alloc(8) }], [{ code: 12 }]]) {
      const reply = await ask({ name, edns: { options } });
      expect(reply.octets % 468).toBe(0);
      expect(reply.opt?.data.get(12)?.every((octet) => octet === 0)).toBe(true);
    }
    for (const edns of [true, false]) expect((await ask({ name, edns })).opt?.options ?? []).not.toContain(12);
  });

  test('is not given where others read along', async () => {
    const { harness } = await open();
    for (const tcp of [true, false])
      expect(harness.query('orders.prod.svc.', 'A', { tcp, edns: { options: [padding] } }).opt?.options).not.toContain(
        12,
      );
  });

  test('ends where a message does', async () => {
    const { harness } = await open();
    for (let i = 0; i < 100; i++)
      harness.register(`big.prod/i${i}`, {
        metadata: Object.fromEntries(Array.from({ length: 4 }, (_, k) => [`k${k}`, 'x'.repeat(200)])),
      });
    const peer = { transport: 'tls', address: '127.0.0.1' } as const;
    const bytes = harness.handler(packet({ name: 'big.prod.svc.', type: 16, edns: { options: [padding] } }), peer);
    const reply = readReply(bytes as Buffer);
    expect(reply.octets).toBeGreaterThan(60_000);
    expect(reply.octets).toBeLessThanOrEqual(65_535);
  });
});

test('a new certificate counts from the next handshake on; connections go on, and old tickets are of no use', async () => {
  const { server, port } = await open();
  const before = await client(port, { maxVersion: 'TLSv1.2' });
  expect(before.socket.getPeerCertificate().subject.CN).toBe('first');
  await before.ask();
  const session = before.socket.getSession() as Buffer;
  server.renew(pairOf(second));
  const after = await client(port);
  expect(after.socket.getPeerCertificate().subject.CN).toBe('second');
  expect(await before.ask()).toMatchObject({ rcode: 'NOERROR' });
  expect(await after.ask()).toMatchObject({ rcode: 'NOERROR' });
  const old = await client(port, { maxVersion: 'TLSv1.2', session });
  expect(old.socket.isSessionReused()).toBe(false);
  expect(old.socket.getPeerCertificate().subject.CN).toBe('second');
});

test('a port that is taken is a failure, and nothing stays open', async () => {
  const { harness, port } = await open();
  const deps = { handler: harness.handler, counters: harness.counters, pair: pairOf(first) };
  const tcp = { idleMs: 1000, connectionsMax: 1, connectionsPerClientMax: 1 };
  const wanted = [
    { host: '127.0.0.1', port: 0 },
    { host: '127.0.0.1', port },
  ];
  const failure = await listenTls(wanted, { ...deps, tcp });
  expect(failure).toMatchObject({ failed: { host: '127.0.0.1', port }, error: { code: 'EADDRINUSE' } });
});

const missing = requireInCi(['kdig'], 'knot-dnsutils');

describe.skipIf(missing.length > 0)('kdig', () => {
  const kdig = (port: number, ...args: string[]) =>
    run('kdig', ['@127.0.0.1', '-p', String(port), '+retry=0', '+timeout=5', ...args, 'orders.prod.svc.', 'A']);

  test('its strict profile accepts the server, with the name of the certificate', async () => {
    const { port } = await open();
    const { out, code } = await kdig(port, `+tls-ca=${authority.ca}`, '+tls-hostname=localhost', '+padding');
    expect(code).toBe(0);
    expect(out).toMatch(/TLS session \(TLS1\.3\)/);
    expect(out).toMatch(/status: NOERROR/);
    expect(out).toMatch(/PADDING: \d+ B/);
    expect(out).toMatch(/Received (468|936|1404) B/);
  });

  test('its strict profile refuses another name', async () => {
    const { port } = await open();
    const { out, err } = await kdig(port, `+tls-ca=${authority.ca}`, '+tls-hostname=other.example');
    expect(out).not.toMatch(/status: NOERROR/);
    expect(out + err).toMatch(/TLS, handshake failed|invalid name|certificate/i);
  });

  test('several questions over one connection', async () => {
    const { harness, port } = await open();
    const more = ['+tls', '+keepopen', 'orders.prod.svc.', 'SRV', 'orders.prod.svc.', 'TXT'];
    const { out } = await kdig(port, ...more);
    expect(out.match(/status: NOERROR/g)?.length).toBe(3);
    expect(harness.counters.tlsHandshakes).toBe(1);
  });
});

describe('openssl s_client', () => {
  const sClient = (port: number, ...args: string[]) =>
    run('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-CAfile', authority.ca, ...args], { input: 'Q\n' });

  test('verifies the chain and sees ALPN dot', async () => {
    const { port } = await open();
    const { out } = await sClient(port, '-alpn', 'dot', '-verify_return_error');
    expect(out).toMatch(/Verify return code: 0 \(ok\)/);
    expect(out).toMatch(/ALPN protocol: dot/);
  });

  test.each([
    ['TLS 1.1', ['-tls1_1', '-cipher', 'DEFAULT:@SECLEVEL=0']],
    ['CBC', ['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES128-SHA256']],
    ['no forward secrecy', ['-tls1_2', '-cipher', 'AES128-GCM-SHA256:AES256-GCM-SHA384']],
    ['a cipher without authentication', ['-tls1_2', '-cipher', 'aNULL:@SECLEVEL=0']],
    ['RC4 and 3DES', ['-tls1_2', '-cipher', '3DES:RC4:@SECLEVEL=0']],
  ])('%s is refused', async (_, args) => {
    const { harness, port } = await open();
    const { out } = await sClient(port, ...args);
    expect(out).not.toMatch(/^Verify return code: 0 \(ok\)$[\s\S]*Cipher\s*:\s*(?!0000|\(NONE\))/m);
    expect(harness.counters.tlsHandshakes).toBe(0);
  });

  test('a thousand handshakes that are broken off leave it as it was', async () => {
    const { harness, port } = await open();
    for (let i = 0; i < 1000; i++) {
      const socket = await connected(port);
      socket.on('error', () => {});
      socket.write(Buffer.from([0x16, 0x03, 0x01]));
      socket.destroy();
    }
    expect(await (await client(port)).ask()).toMatchObject({ rcode: 'NOERROR' });
    expect(harness.faults).toEqual([]);
  });
});
