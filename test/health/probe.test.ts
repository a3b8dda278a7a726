// Each kind of check against a real server on loopback, good and bad, and the reported output.

import { createSocket, type Socket } from 'node:dgram';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttp2, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer as createTcp, type Server, type Socket as TcpSocket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { prober } from '../../src/health/probe.ts';
import { probeDns } from '../../src/health/probes/dns.ts';
import type { ProbeResult } from '../../src/health/probes/result.ts';
import { locateWithin } from '../../src/health/targets.ts';
import { parseRegistration } from '../../src/model/instance.ts';
import { freePort } from '../kit/process/scratch.ts';

const probe = prober(locateWithin([]));

/** Runs the check as a registration with this address and this check would. */
function checked(addr: string, check: Record<string, unknown>): Promise<ProbeResult> {
  const registration = parseRegistration({ addrs: [addr], checks: [check] }, { leaseSeconds: 90, dnsTtl: 5 });
  if (Array.isArray(registration)) throw new Error(JSON.stringify(registration));
  const [only] = registration.checks;
  if (only === undefined) throw new Error('no check');
  return probe(only, registration.addrs);
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const open = new Set<TcpSocket>();
  server.on('connection', (socket: TcpSocket) => open.add(socket));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function web(listener: RequestListener): Promise<number> {
  return listening(createHttp(listener));
}

test('tcp: a listening port, and a closed one', async () => {
  const port = await listening(createTcp());
  expect(await checked(`x://127.0.0.1:${port}`, { type: 'tcp' })).toEqual({ kind: 'passed', detail: 'connected' });
  const free = await freePort();
  expect(await checked(`x://127.0.0.1:${free}`, { type: 'tcp' })).toEqual({
    kind: 'failed',
    detail: 'connection refused',
  });
});

test.each<[check: Record<string, unknown>, result: ProbeResult]>([
  [{ path: '/up' }, { kind: 'passed', detail: 'status 200' }],
  [{ path: '/down' }, { kind: 'failed', detail: 'status 503, not 200-299' }],
  [
    { path: '/down', status: '200,500-599' },
    { kind: 'passed', detail: 'status 503' },
  ],
  [{ path: '/elsewhere' }, { kind: 'failed', detail: 'status 302, not 200-299' }],
  [
    { path: '/up', body: 'ready' },
    { kind: 'passed', detail: 'status 200' },
  ],
  [
    { path: '/up', body: 'asleep' },
    { kind: 'failed', detail: 'status 200, without "asleep" in its body' },
  ],
  [
    { path: '/host', host: 'shop.example:81', body: 'shop.example:81' },
    { kind: 'passed', detail: 'status 200' },
  ],
  [
    { path: '/endless', body: 'never', timeoutSeconds: 5 },
    { kind: 'failed', detail: 'status 200, without "never" in its body' },
  ],
  [
    { path: '/silent', timeoutSeconds: 0.2 },
    { kind: 'failed', detail: 'no answer within 0.2 s' },
  ],
])('http: %j', async (check, result) => {
  const asked: string[] = [];
  const port = await web((request, response) => {
    asked.push(request.url ?? '');
    if (request.url === '/up') response.end('we are ready');
    else if (request.url === '/down') response.writeHead(503).end();
    else if (request.url === '/elsewhere') response.writeHead(302, { location: '/up' }).end();
    else if (request.url === '/host') response.end(request.headers.host);
    else if (request.url === '/endless') {
      const more = (): void =>
        void (response.destroyed || response.write('x'.repeat(32_768), () => setImmediate(more)));
      more();
    }
  });
  expect(await checked(`http://127.0.0.1:${port}`, { type: 'http', ...check })).toEqual(result);
  // Not followed anywhere.
  expect(asked).toEqual([check['path']]);
});

test('http: a method, headers and a body; a status that warns', async () => {
  const asked: unknown[] = [];
  const port = await web((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      asked.push([request.method, request.headers['x-key'], request.headers['accept'], body]);
      response.writeHead(429).end();
    });
  });
  const sent = { method: 'POST', headers: { 'X-Key': 'a', Accept: 'text/plain' }, requestBody: 'ping' };
  const check = { type: 'http', ...sent, warning: '429' };
  expect(await checked(`http://127.0.0.1:${port}`, check)).toEqual({
    kind: 'passed',
    detail: 'status 429',
    isWarning: true,
  });
  expect(asked).toEqual([['POST', 'a', 'text/plain', 'ping']]);
});

test('http: what is no HTTP, and what hangs up', async () => {
  const odd = await listening(createTcp((socket) => socket.end('220 mail.example ESMTP\r\n')));
  expect(await checked(`http://127.0.0.1:${odd}`, { type: 'http' })).toMatchObject({
    kind: 'failed',
    detail: expect.stringContaining('HPE_'),
  });
  const rude = await listening(createTcp((socket) => socket.destroy()));
  expect((await checked(`http://127.0.0.1:${rude}`, { type: 'http' })).kind).toBe('failed');
});

/** A health service that answers each service by name with `[status]` or a gRPC status. */
async function health(answers: Readonly<Record<string, number | string>>): Promise<number> {
  const server = createHttp2();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const asked = Buffer.concat(chunks);
      const service = asked.subarray(7).toString();
      expect(asked.readUInt32BE(1)).toBe(asked.length - 5);
      const answer = headers[':path'] === '/grpc.health.v1.Health/Check' ? answers[service] : '12';
      if (typeof answer !== 'number') {
        stream.respond(
          { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': answer ?? '5' },
          { endStream: true },
        );
        return;
      }
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from(answer === 0 ? [0, 0, 0, 0, 0] : [0, 0, 0, 0, 2, 0x08, answer]));
    });
  });
  return listening(server);
}

test.each<[service: string, result: ProbeResult]>([
  ['', { kind: 'passed', detail: 'SERVING' }],
  ['pay', { kind: 'failed', detail: 'NOT_SERVING' }],
  ['new', { kind: 'failed', detail: 'UNKNOWN' }],
  ['bare', { kind: 'failed', detail: 'gRPC status UNIMPLEMENTED: it has no health service' }],
  ['other', { kind: 'failed', detail: 'gRPC status NOT_FOUND: it does not know this service' }],
  ['x'.repeat(150), { kind: 'failed', detail: 'gRPC status NOT_FOUND: it does not know this service' }],
])('grpc: %j', async (service, result) => {
  const port = await health({ '': 1, pay: 2, new: 0, bare: '12' });
  expect(await checked(`grpc://127.0.0.1:${port}`, { type: 'grpc', service })).toEqual(result);
});

test('grpc: a web server, a closed port, and a server that never answers', async () => {
  const port = await web((_request, response) => response.end());
  expect((await checked(`grpc://127.0.0.1:${port}`, { type: 'grpc' })).kind).toBe('failed');
  const free = await freePort();
  expect((await checked(`grpc://127.0.0.1:${free}`, { type: 'grpc' })).detail).toBe('connection refused');
  const silent = await listening(createTcp());
  expect(await checked(`grpc://127.0.0.1:${silent}`, { type: 'grpc', timeoutSeconds: 0.2 })).toEqual({
    kind: 'failed',
    detail: 'no answer within 0.2 s',
  });
});

/** The reply to a question: its octets with QR set and this rcode. */
function replied(question: Buffer, rcode: number): Buffer {
  const reply = Buffer.from(question);
  reply[2] = (reply[2] ?? 0) | 0x80;
  reply[3] = rcode;
  return reply;
}

async function nameServer(answer: (question: Buffer) => readonly Buffer[]): Promise<number> {
  const socket: Socket = createSocket('udp4');
  socket.on('message', (question, { port, address }) => {
    for (const reply of answer(question)) socket.send(reply, port, address);
  });
  await new Promise<void>((resolve) => {
    socket.bind(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => void socket.close());
  return socket.address().port;
}

test.each<[name: string, answer: (question: Buffer) => readonly Buffer[], result: ProbeResult]>([
  ['a.example', (question) => [replied(question, 0)], { kind: 'passed', detail: 'NOERROR' }],
  ['.', (question) => [replied(question, 0)], { kind: 'passed', detail: 'NOERROR' }],
  ['a.example', (question) => [replied(question, 2)], { kind: 'failed', detail: 'SERVFAIL' }],
  // Not ours, then ours.
  [
    'a.example',
    (question) => {
      const other = replied(question, 0);
      other[0] = ~(other[0] ?? 0) & 0xff;
      return [Buffer.from('x'), other, question, replied(question, 5)];
    },
    { kind: 'failed', detail: 'REFUSED' },
  ],
  ['a..example', () => [], { kind: 'failed', detail: 'a..example is not a domain name' }],
])('dns over UDP: %s', async (name, answer, result) => {
  const port = await nameServer(answer);
  expect(await checked(`dns+udp://127.0.0.1:${port}`, { type: 'dns', name, timeoutSeconds: 5 })).toEqual(result);
});

test('dns over UDP: a closed port, and a server that never answers', async () => {
  const port = await nameServer(() => []);
  expect(await checked(`dns+udp://127.0.0.1:${port}`, { type: 'dns', name: 'a', timeoutSeconds: 0.2 })).toEqual({
    kind: 'failed',
    detail: 'no answer within 0.2 s',
  });
  const free = await freePort();
  const result = await checked(`dns+udp://127.0.0.1:${free}`, { type: 'dns', name: 'a', timeoutSeconds: 5 });
  expect(result).toEqual({ kind: 'failed', detail: 'connection refused' });
});

test('dns over UDP: a host that there is no way to', async () => {
  // To connect to the broadcast address is not allowed: like a missing route, the error comes from the call and not as an event.
  const address = { portName: 'dns', protocol: 'udp', host: '255.255.255.255', port: 53, family: 4 } as const;
  const check = { type: 'dns', name: 'a', port: '' } as never;
  const asked = probeDns(check, { ip: address.host, port: 53, address }, AbortSignal.timeout(20_000));
  await expect(asked).rejects.toThrow(/EACCES|ENETUNREACH|EHOSTUNREACH/);
});

test('dns over TCP, in two pieces; and a connection that is closed', async () => {
  const port = await listening(
    createTcp((socket) => {
      socket.on('error', () => {});
      socket.on('data', (heard: Buffer) => {
        const reply = replied(heard.subarray(2), 0);
        const framed = Buffer.concat([Buffer.from([reply.length >> 8, reply.length & 0xff]), reply]);
        socket.write(framed.subarray(0, 5), () => setImmediate(() => socket.write(framed.subarray(5))));
      });
    }),
  );
  const check = { type: 'dns', name: 'a.example', timeoutSeconds: 5 };
  expect(await checked(`dns://127.0.0.1:${port}`, check)).toEqual({ kind: 'passed', detail: 'NOERROR' });
  const rude = await listening(createTcp((socket) => socket.end()));
  expect((await checked(`dns://127.0.0.1:${rude}`, check)).detail).toMatch(/closed without an answer|reset/);
});

test('all addresses of the port have to pass', async () => {
  const port = await listening(createTcp());
  const free = await freePort();
  const addrs = [`x://127.0.0.1:${port}`, `x://127.0.0.1:${free}`];
  const registration = parseRegistration({ addrs, checks: [{ type: 'tcp' }] }, { leaseSeconds: 90, dnsTtl: 5 });
  if (Array.isArray(registration)) throw new Error('wrong');
  expect((await probe(registration.checks[0] as never, registration.addrs)).kind).toBe('failed');
});

test('an address that checks do not go to is not asked', async () => {
  const result = await checked('http://168.63.129.16:80', { type: 'http' });
  expect(result).toEqual({ kind: 'refused', detail: expect.stringContaining("a cloud's metadata service") });
});
