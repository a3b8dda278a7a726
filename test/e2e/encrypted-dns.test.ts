// DNS over TLS and HTTPS of the whole program: a forwarder that has nothing else, a certificate that is replaced while it
// runs, and DoH behind a proxy.

import { once } from 'node:events';
import { copyFileSync, readFileSync, renameSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { udpClient } from '../kit/dns/dns-client.ts';
import { packet } from '../kit/dns/packet.ts';
import { readReply } from '../kit/dns/reply.ts';
import { tlsClient } from '../kit/dns/tls-client.ts';
import { patientFetch } from '../kit/http/api-client.ts';
import { Authority } from '../kit/http/certificates.ts';
import { startUnboundOverTls } from '../kit/process/forwarders.ts';
import { requireInCi } from '../kit/process/installed.ts';
import { output, run } from '../kit/process/program.ts';
import { scratch } from '../kit/process/scratch.ts';
import { main, type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const missing = requireInCi(['kdig', 'unbound', 'curl'], 'knot-dnsutils unbound curl');
const leftovers: (() => unknown)[] = [];
let authority: Authority;
let server: ServerProcess;
let tlsPort: number;
let cert: string;
let key: string;

beforeAll(async () => {
  authority = await Authority.create();
  const first = await authority.sign('first');
  const folder = scratch();
  [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  copyFileSync(first.cert, cert);
  copyFileSync(first.key, key);
  server = await startServer({
    env: {
      ROLLCALL_DNS_TLS: '127.0.0.1:0',
      ROLLCALL_TLS_CERT: cert,
      ROLLCALL_TLS_KEY: key,
    },
  });
  tlsPort = server.dnsTlsListens[0]?.port ?? 0;
  const dns = await udpClient(server.dnsPort);
  leftovers.push(() => dns.close());
});

afterAll(async () => {
  for (const leave of leftovers.splice(0).reverse()) await leave();
  await server.stop();
});

test.skipIf(missing.length > 0)('kdig with its strict profile, and Unbound as a forwarder over TLS alone', async () => {
  const strict = [`+tls-ca=${authority.ca}`, '+tls-hostname=localhost', '+padding'];
  const { out } = await run('kdig', ['@127.0.0.1', '-p', String(tlsPort), ...strict, 'svc.', 'SOA']);
  expect(out).toMatch(/status: NOERROR/);
  const unbound = await startUnboundOverTls(tlsPort, authority.ca);
  leftovers.push(() => unbound.stop());
  const client = await udpClient(unbound.port);
  leftovers.push(() => client.close());
  expect(await client.ask('svc', 'SOA', { flags: 0x0100 })).toMatchObject({ rcode: 'NOERROR', answer: { length: 1 } });
  expect(await client.ask('nope.prod.svc', 'A', { flags: 0x0100 })).toMatchObject({ rcode: 'NXDOMAIN' });
});

test('a certificate that is replaced is shown without a restart', async () => {
  const next = await authority.sign('next');
  for (const [from, to] of [
    [next.cert, cert],
    [next.key, key],
  ] as const) {
    copyFileSync(from, `${to}.new`);
    renameSync(`${to}.new`, to);
  }
  const shown = async () => {
    const { socket } = await tlsClient(tlsPort, { ca: readFileSync(authority.ca) }, leftovers);
    return socket.getPeerCertificate().subject.CN === 'next';
  };
  await until('the new certificate', shown, { withinMs: 30_000 });
});

describe.skipIf(missing.length > 0)('DNS over HTTPS', () => {
  const kdig = (...args: string[]) =>
    run('kdig', [
      '@127.0.0.1',
      '-p',
      String(server.httpPort),
      `+tls-ca=${authority.ca}`,
      '+tls-hostname=localhost',
      ...args,
    ]);

  test.each([['+https'], ['+https', '+https-get'], ['+https', '+padding']])('kdig %s %s', async (...options) => {
    const { out, err } = await kdig(...options, 'svc.', 'SOA');
    expect(out + err).toMatch(/status: NOERROR/);
    expect(out).toMatch(/HTTP session \(HTTP\/2-(GET|POST)\)/);
    if (options.includes('+padding')) expect(out).toMatch(/Received 468 B/);
  });

  test('curl finds a service with it, and the reply may be kept as long as its TTL', async () => {
    const web = createServer((_request, response) => response.end('found'));
    web.listen(0, '127.0.0.1');
    await once(web, 'listening');
    leftovers.push(() => web.close());
    const { port } = web.address() as AddressInfo;
    const url = `https://127.0.0.1:${server.httpPort}`;
    const curl = (...args: string[]) => output('curl', ['-sS', '--cacert', authority.ca, ...args]);
    const body = JSON.stringify({ addrs: [`http://127.0.0.1:${port}`] });
    const json = ['-H', 'content-type: application/json', '-d', body];
    await curl('-X', 'PUT', ...json, `${url}/api/v1/apps/prod/web/web-1`);
    expect(await curl('--doh-url', `${url}/dns-query`, `http://web.prod.svc:${port}/`)).toBe('found');
    const dns = packet({ id: 0, name: 'web.prod.svc.' }).toString('base64url');
    const head = await curl('-I', '-X', 'GET', `${url}/dns-query?dns=${dns}`);
    expect(head).toMatch(/^HTTP\/2 200/);
    expect(head).toMatch(/^cache-control: max-age=[0-5]\r?$/im);
    expect(head).toMatch(/^content-type: application\/dns-message\r?$/im);
  });
});

test('over plain HTTP only a trusted proxy is answered', async () => {
  const question = new Uint8Array(packet({ name: 'svc.', type: 6, edns: true }));
  const headers = { 'content-type': 'application/dns-message' };
  for (const [proxies, status] of [
    ['127.0.0.0/8', 200],
    ['192.0.2.0/24', 403],
  ] as const) {
    const plain = await startServer({ env: { ROLLCALL_TRUSTED_PROXIES: proxies } });
    const reply = await patientFetch(`${plain.http}/dns-query`, { method: 'POST', headers, body: question });
    expect(reply.status).toBe(status);
    const octets = new Uint8Array(await reply.arrayBuffer());
    if (status === 200) expect(readReply(octets)).toMatchObject({ rcode: 'NOERROR', aa: true });
    await plain.stop();
  }
});

test.each([
  ['a key of another certificate', async () => ({ cert, key: (await authority.sign('other')).key })],
  ['a file that is not there', async () => ({ cert: `${cert}.none`, key })],
])('%s ends the start with a sentence', async (_, pair) => {
  const files = await pair();
  const flags = ['--http', '127.0.0.1:0', '--dns', '127.0.0.1:0', '--data', 'none'];
  const env = {
    ...process.env,
    ROLLCALL_TLS_CERT: files.cert,
    ROLLCALL_TLS_KEY: files.key,
    ROLLCALL_DNS_TLS: '127.0.0.1:0',
  };
  const { code, err } = await run(process.execPath, [main, 'serve', ...flags], {
    cwd: scratch(),
    env,
    withinMs: 30_000,
  });
  expect(code).not.toBe(0);
  expect(err).toContain(files.cert);
  expect(err).not.toMatch(/ at .*\.ts:\d/);
});
