// What every datagram transport does, over any sockets: the same scenarios on real sockets of the loopback.

import { spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DnsCounters } from '../../../src/dns/server/counters.ts';
import type { Handler } from '../../../src/dns/server/handler.ts';
import type { UdpListener, UdpTransport } from '../../../src/dns/transport/udp.ts';
import type { Listen } from '../../../src/model/listen.ts';
import { mutatedPackets } from '../../kit/dns/mutated-packets.ts';
import { packet } from '../../kit/dns/packet.ts';
import { readReply } from '../../kit/dns/reply.ts';
import { requireInCi } from '../../kit/process/installed.ts';
import { Harness } from '../../kit/registry/harness.ts';

/** A connected socket, and the replies that it has received. */
export interface Client {
  readonly socket: Socket;
  readonly heard: Buffer[];
  /** Resolves when `count` replies are there. */
  replies(count: number): Promise<Buffer[]>;
}

export async function clientOf(host: string, port: number): Promise<Client> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  await new Promise<void>((resolve) => socket.connect(port, host, resolve));
  onTestFinished(() => {
    socket.close();
  });
  const heard: Buffer[] = [];
  socket.on('message', (bytes) => heard.push(bytes));
  const replies = async (count: number) => {
    // Not by asking now and then: the transport under test makes timers of its thread late.
    while (heard.length < count) await once(socket, 'message', { signal: AbortSignal.timeout(30_000) });
    return heard;
  };
  return { socket, heard, replies };
}

/** Listening until the test ends. */
export async function listening(
  transport: UdpTransport,
  handler: Handler,
  counters = new DnsCounters(),
  listen: Listen = { host: '127.0.0.1', port: 0 },
  reusePort = false,
): Promise<UdpListener> {
  const listener = await transport.listen(listen, handler, counters, reusePort);
  if ('failed' in listener) throw listener.error;
  onTestFinished(() => listener.close().catch(() => {}));
  return listener;
}

const echo: Handler = (bytes) => Buffer.from(bytes);
const withoutPython = requireInCi(['python3'], 'python3');

export function describeUdp(transport: UdpTransport): void {
  describe('a datagram is answered', () => {
    test.each(['127.0.0.1', '127.0.0.2', '::1'])('at %s, from the address that was asked', async (host) => {
      const harness = new Harness();
      harness.register('orders.prod/a');
      const { listen } = await listening(transport, harness.handler, harness.counters, { host, port: 0 });
      expect(listen).toMatchObject({ host, port: expect.any(Number) });
      const { socket, replies } = await clientOf(host, listen.port);
      socket.send(packet({ id: 77 }));
      const [bytes] = await replies(1);
      expect(readReply(bytes as Buffer)).toMatchObject({ id: 77, rcode: 'NOERROR', answer: [{ data: '10.0.0.1' }] });
    });

    test.each(['127.0.0.1', '::1'])('with its own octets, and %s as who asked', async (host) => {
      const seen: unknown[] = [];
      const handler: Handler = (bytes, { transport: how, address }) => {
        seen.push([bytes.toString(), how, address]);
        return Buffer.from(`${bytes.toString()}!`);
      };
      const { listen } = await listening(transport, handler, new DnsCounters(), { host, port: 0 });
      const { socket, replies } = await clientOf(host, listen.port);
      for (const text of ['a', 'much longer than the others', 'b', '']) socket.send(text);
      expect((await replies(4)).map(String)).toEqual(['a!', 'much longer than the others!', 'b!', '!']);
      expect(seen.slice(0, 2)).toEqual([
        ['a', 'udp', host],
        ['much longer than the others', 'udp', host],
      ]);
    });

    const linkLocal = Object.entries(networkInterfaces()).flatMap(([name, bound]) =>
      (bound ?? []).flatMap(({ address, scopeid }) => (scopeid ? [`${address}%${name}`] : [])),
    )[0];

    test.skipIf(linkLocal === undefined)('at a link-local address of an interface', async () => {
      const host = linkLocal as string;
      const { listen } = await listening(transport, echo, new DnsCounters(), { host, port: 0 });
      const { socket, replies } = await clientOf(host, listen.port);
      socket.send('here');
      expect(String(await replies(1))).toBe('here');
    });
  });

  test('what deserves silence gets it, and what comes next an answer', async () => {
    const harness = new Harness();
    const { listen } = await listening(transport, harness.handler, harness.counters);
    const { socket, replies } = await clientOf('127.0.0.1', listen.port);
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(11), Buffer.alloc(500, 0xff), packet({ flags: 0x8000 })])
      socket.send(bytes);
    for (const bytes of [Buffer.alloc(9000), Buffer.alloc(65_507), packet({ id: 9, name: 'nope.svc.' })])
      socket.send(bytes);
    const seen = await replies(3);
    expect(seen.map((bytes) => readReply(bytes).rcode)).toEqual(['FORMERR', 'FORMERR', 'NXDOMAIN']);
    expect(harness.counters.dropped).toBe(4);
  });

  test('bursts from several clients are answered, each to whom it belongs', async () => {
    const { listen } = await listening(transport, echo);
    const clients = await Promise.all(Array.from({ length: 5 }, () => clientOf('127.0.0.1', listen.port)));
    // As many as a client's own queue takes by default.
    const burst = 150;
    for (let round = 1; round <= 5; round++) {
      for (let i = 0; i < burst; i++)
        for (const [who, { socket }] of clients.entries()) socket.send(`${who} ${round} ${i}`);
      for (const { replies } of clients) await replies(round * burst);
    }
    for (const [who, { heard }] of clients.entries()) {
      const wanted = Array.from({ length: 5 * burst }, (_, at) => `${who} ${1 + Math.floor(at / burst)} ${at % burst}`);
      expect(heard.map(String)).toEqual(wanted);
    }
  });

  test('damaged queries among good ones get the reply that the handler has for each', async () => {
    const harness = new Harness();
    harness.register('orders.prod/a');
    const { listen } = await listening(transport, harness.handler, harness.counters);
    const { socket, heard, replies } = await clientOf('127.0.0.1', listen.port);
    const damaged = mutatedPackets(5);
    for (let round = 0; round < 300; round++) {
      const bytes = damaged.next().value;
      const before = heard.length;
      const expected = harness.send(bytes);
      socket.send(bytes);
      socket.send(packet({ id: 1, name: 'nope.svc.' }));
      const wanted = before + (expected === undefined ? 1 : 2);
      await replies(wanted);
      if (expected !== undefined) expect(heard[before]?.length).toBe(expected.length);
      expect(readReply(heard.at(-1) as Buffer).rcode).toBe('NXDOMAIN');
    }
    expect(harness.faults).toEqual([]);
  });

  test('a reply to a client that is gone disturbs no other', async () => {
    const { listen } = await listening(transport, echo);
    const gone = createSocket('udp4');
    await new Promise<void>((resolve) => gone.connect(listen.port, '127.0.0.1', resolve));
    await new Promise<void>((resolve) => {
      gone.send('gone', () => gone.close(resolve));
    });
    const { socket, replies } = await clientOf('127.0.0.1', listen.port);
    socket.send('here');
    expect(String(await replies(1))).toBe('here');
  });

  const cannotForge = withoutPython.length > 0 || process.getuid?.() !== 0;
  test.skipIf(cannotForge)('a datagram from port 0 gets no reply, since none could arrive', async () => {
    const counters = new DnsCounters();
    const seen: string[] = [];
    const handler: Handler = (bytes) => {
      seen.push(bytes.toString());
      return bytes;
    };
    const { listen } = await listening(transport, handler, counters);
    const forged = [
      'import socket, struct, sys',
      's = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)',
      'd = b"forged"',
      's.sendto(struct.pack(">HHHH", 0, int(sys.argv[1]), 8 + len(d), 0) + d, ("127.0.0.1", 0))',
    ];
    expect(spawnSync('python3', ['-c', forged.join('\n'), String(listen.port)]).status).toBe(0);
    const { socket, replies } = await clientOf('127.0.0.1', listen.port);
    socket.send('honest');
    expect(String(await replies(1))).toBe('honest');
    expect(seen).toEqual(['honest']);
    expect(counters.sendErrors).toBe(0);
  });

  describe('a port', () => {
    test('is free again after close; a taken one is a result, not an exception', async () => {
      const first = await listening(transport, echo);
      const second = await transport.listen(first.listen, echo, new DnsCounters());
      expect(second).toMatchObject({ failed: first.listen, error: { code: 'EADDRINUSE' } });
      await first.close();
      await listening(transport, echo, new DnsCounters(), first.listen);
    });

    test('can be shared by those who agree, and every client has one of them', async () => {
      const first = await listening(transport, () => Buffer.from('1'), new DnsCounters(), undefined, true);
      await listening(transport, () => Buffer.from('2'), new DnsCounters(), first.listen, true);
      const clients = await Promise.all(Array.from({ length: 64 }, () => clientOf('127.0.0.1', first.listen.port)));
      for (const { socket } of clients) socket.send('who');
      const received = await Promise.all(clients.map(async ({ replies }) => String(await replies(1))));
      // The kernel spreads clients by a hash: 64 on one side happen once in 2^63.
      expect(new Set(received)).toEqual(new Set(['1', '2']));
      const alone = await transport.listen(first.listen, echo, new DnsCounters());
      expect(alone).toMatchObject({ error: { code: 'EADDRINUSE' } });
    });

    test('at an address that the machine does not have is a result', async () => {
      const failure = await transport.listen({ host: '192.0.2.1', port: 0 }, echo, new DnsCounters());
      expect(failure).toMatchObject({ failed: { host: '192.0.2.1' }, error: { code: 'EADDRNOTAVAIL' } });
    });
  });

  test('what has arrived when it is closed is answered', async () => {
    const listener = await listening(transport, echo);
    const { socket, replies } = await clientOf('127.0.0.1', listener.listen.port);
    // No turn of the event loop lies between, so nothing has been read.
    for (let i = 0; i < 150; i++) socket.send(String(i));
    const isClosed = listener.close();
    expect((await replies(150)).map(String)).toContain('149');
    await isClosed;
  });

  test('a closed one answers no more, and the others go on', async () => {
    const closed = await listening(transport, echo);
    const open = await listening(transport, echo);
    await closed.close();
    const [late, honest] = [
      await clientOf('127.0.0.1', closed.listen.port),
      await clientOf('127.0.0.1', open.listen.port),
    ];
    const refused = once(late.socket, 'error');
    late.socket.send('late');
    honest.socket.send('honest');
    await honest.replies(1);
    expect((await refused)[0]).toMatchObject({ code: 'ECONNREFUSED' });
  });
}
