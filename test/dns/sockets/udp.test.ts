// The datagram transport on real sockets of the loopback.

import { createSocket, type Socket } from 'node:dgram';
import { EventEmitter, once } from 'node:events';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { DnsCounters } from '../../../src/dns/counters.ts';
import { listenUdp } from '../../../src/dns/sockets/udp.ts';
import { Harness } from '../../kit/harness.ts';
import { packet } from '../../kit/packet.ts';
import { readReply } from '../../kit/reply.ts';

async function listening(harness: Harness, host = '127.0.0.1') {
  const listener = await listenUdp({ host, port: 0 }, harness.handler, harness.counters);
  if ('failed' in listener) throw listener.error;
  onTestFinished(() => listener.close().catch(() => {}));
  return listener;
}

async function client(host: string, port: number): Promise<Socket> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  await new Promise<void>((resolve) => socket.connect(port, host, resolve));
  onTestFinished(() => {
    socket.close();
  });
  return socket;
}

describe('a datagram is answered', () => {
  test.each(['127.0.0.1', '::1'])('at %s, from the address that was asked', async (host) => {
    const harness = new Harness();
    harness.register('orders.prod/a');
    const { listen } = await listening(harness, host);
    const socket = await client(host, listen.port);
    socket.send(packet({ id: 77 }));
    // A connected socket hears nobody but whom it asked.
    const [bytes] = (await once(socket, 'message')) as [Buffer];
    expect(readReply(bytes)).toMatchObject({ id: 77, rcode: 'NOERROR', answer: [{ data: '10.0.0.1' }] });
  });
});

test('what deserves silence gets it, and what comes next an answer', async () => {
  const harness = new Harness();
  const { listen } = await listening(harness);
  const socket = await client('127.0.0.1', listen.port);
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(11), Buffer.alloc(500, 0xff), packet({ flags: 0x8000 })])
    socket.send(bytes);
  socket.send(Buffer.alloc(9000));
  socket.send(packet({ id: 9, name: 'nope.svc.' }));
  const seen: Buffer[] = [];
  socket.on('message', (bytes) => seen.push(bytes));
  await vi.waitFor(() => expect(seen).toHaveLength(2), { interval: 5, timeout: 5000 });
  expect(seen.map((bytes) => readReply(bytes).rcode)).toEqual(['FORMERR', 'NXDOMAIN']);
  expect(harness.counters.dropped).toBe(4);
});

test('a reply to a client that is gone hurts nobody', async () => {
  const harness = new Harness();
  const { listen } = await listening(harness);
  const gone = createSocket('udp4');
  await new Promise<void>((resolve) => gone.connect(listen.port, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => {
    gone.send(packet({}), () => gone.close(resolve));
  });
  const socket = await client('127.0.0.1', listen.port);
  socket.send(packet({ id: 3 }));
  const [bytes] = (await once(socket, 'message')) as [Buffer];
  expect(readReply(bytes).id).toBe(3);
});

test('close frees the port; a taken one is a result, not an exception', async () => {
  const harness = new Harness();
  const first = await listening(harness);
  const counters = new DnsCounters();
  const second = await listenUdp(first.listen, harness.handler, counters);
  expect(second).toMatchObject({ failed: first.listen, error: { code: 'EADDRINUSE' } });
  await first.close();
  const third = await listenUdp(first.listen, harness.handler, counters);
  if ('failed' in third) throw third.error;
  await third.close();
});

test('an address that the machine does not have is a result', async () => {
  const harness = new Harness();
  const failure = await listenUdp({ host: '192.0.2.1', port: 0 }, harness.handler, harness.counters);
  expect(failure).toMatchObject({ error: { code: 'EADDRNOTAVAIL' } });
});

/** What a socket of Node's would do, without a network: source port 0 cannot be sent from a program. */
class FakeSocket extends EventEmitter {
  readonly sent: unknown[][] = [];
  readonly send = (...args: unknown[]) => this.sent.push(args);
  readonly close = (done?: () => void) => done?.();
  readonly address = () => ({ port: 5353 });
  readonly setRecvBufferSize = () => {
    throw new Error('ENOBUFS');
  };
  readonly bind = (_: unknown, done: () => void) => done();
}

describe('on a socket that misbehaves', () => {
  async function fake(): Promise<{ socket: FakeSocket; harness: Harness }> {
    const socket = new FakeSocket();
    vi.doMock('node:dgram', () => ({ createSocket: () => socket }));
    vi.resetModules();
    onTestFinished(() => {
      vi.doUnmock('node:dgram');
      vi.resetModules();
    });
    const module = await import('../../../src/dns/sockets/udp.ts');
    const harness = new Harness();
    await module.listenUdp({ host: '127.0.0.1', port: 0 }, harness.handler, harness.counters);
    return { socket, harness };
  }

  test('a datagram from port 0 gets no reply, since none could arrive', async () => {
    const { socket } = await fake();
    socket.emit('message', packet({}), { address: '127.0.0.1', port: 0 });
    expect(socket.sent).toEqual([]);
    socket.emit('message', packet({}), { address: '127.0.0.1', port: 53 });
    expect(socket.sent).toHaveLength(1);
    expect(socket.sent[0]?.slice(3, 5)).toEqual([53, '127.0.0.1']);
  });

  test('errors of sending are counted and nothing more', async () => {
    const { socket, harness } = await fake();
    socket.emit('error', new Error('ECONNREFUSED'));
    socket.emit('error', new Error('EPERM'));
    expect(harness.counters.sendErrors).toBe(2);
  });
});
