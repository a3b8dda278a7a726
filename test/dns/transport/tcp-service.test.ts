// Streams that another server accepted, and replies that come later: between others, no faster than they are read, and
// never to a connection that has ended.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { DnsCounters } from '../../../src/dns/server/counters.ts';
import type { Handler } from '../../../src/dns/server/handler.ts';
import { LaterReply } from '../../../src/dns/server/peer.ts';
import { TcpService } from '../../../src/dns/transport/tcp-service.ts';
import { frame } from '../../kit/dns/packet.ts';
import { until } from '../../kit/process/until.ts';

const limits = { idleMs: 60_000, connectionsMax: 10, connectionsPerClientMax: 10 };

/** A server of our own that hands its sockets in, as one of TLS would. */
async function served(handler: Handler): Promise<{ client: Socket; counters: DnsCounters; octets: () => Buffer }> {
  const counters = new DnsCounters();
  const service = new TcpService(handler, counters, limits);
  const server = createServer({ allowHalfOpen: true }, (socket) => service.serve(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  await once(client, 'connect');
  client.on('error', () => {});
  const chunks: Buffer[] = [];
  client.on('data', (chunk: Buffer) => chunks.push(chunk));
  onTestFinished(async () => {
    client.destroy();
    await service.close();
    server.close();
  });
  return { client, counters, octets: () => Buffer.concat(chunks) };
}

/** The texts of the frames. */
function frames(octets: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at + 2 <= octets.length; at += 2 + octets.readUInt16BE(at))
    texts.push(octets.toString('latin1', at + 2, at + 2 + octets.readUInt16BE(at)));
  return texts;
}

const ask = (client: Socket, ...texts: string[]) =>
  client.write(Buffer.concat(texts.map((text) => frame(Buffer.from(text)))));

/** The other side has ended it: with a FIN or a reset. */
async function over(client: Socket): Promise<void> {
  await until('the end of the connection', () => client.readableEnded || client.destroyed);
}

test('a later reply comes after those that were at hand, and the half-closed client gets it before the end', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  async function* slowly() {
    await promise;
    yield Buffer.from('later');
  }
  const { client, octets } = await served((bytes) =>
    String(bytes) === 'slow' ? new LaterReply(slowly()) : Buffer.from(bytes),
  );
  ask(client, 'slow', 'one', 'two');
  client.end();
  await until('both are answered', () => frames(octets()).length === 2);
  resolve();
  await once(client, 'end');
  expect(frames(octets())).toEqual(['one', 'two', 'later']);
});

test('a stream of messages is made no faster than the client reads', async () => {
  let made = 0;
  async function* transfer() {
    for (; made < 2000; made++) yield Buffer.alloc(16_000, made);
  }
  const { client, octets } = await served(() => new LaterReply(transfer()));
  client.pause();
  ask(client, 'all');
  let before = -1;
  await until('the stream stands still', async () => {
    const isStill = before === made && made > 0;
    before = made;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return isStill && before === made;
  });
  expect(made).toBeLessThan(2000);
  client.resume();
  await until('all is there', () => octets().length === 2000 * 16_002);
});

test('a client that leaves ends the stream', async () => {
  const ended = Promise.withResolvers<void>();
  async function* endless() {
    try {
      for (;;) yield Buffer.alloc(16_000);
    } finally {
      ended.resolve();
    }
  }
  const { client } = await served(() => new LaterReply(endless()));
  ask(client, 'all');
  await once(client, 'data');
  client.destroy();
  await ended.promise;
});

test('a stream that breaks off closes the connection, since what was sent is not whole', async () => {
  async function* broken() {
    yield Buffer.from('part');
    throw new Error('broken');
  }
  const { client } = await served(() => new LaterReply(broken()));
  ask(client, 'all');
  await over(client);
});

test('so many replies of one connection are worked on, and no more is asked of it', async () => {
  let asked = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  async function* held() {
    await promise;
    yield Buffer.from('x');
  }
  const { client, octets } = await served(() => {
    asked++;
    return new LaterReply(held());
  });
  ask(client, ...Array.from({ length: 50 }, () => 'q'));
  await until('it stands still', () => asked === 16);
  await new Promise((done) => setImmediate(done));
  expect(asked).toBe(16);
  resolve();
  await until('all are answered', () => frames(octets()).length === 50);
});

test('a client that the gate drops takes no place', async () => {
  const handler: Handler = Object.assign(() => undefined, { gate: { verdict: () => 'drop' as const } });
  const { client, counters } = await served(handler);
  await over(client);
  expect(counters.tcpConnections).toBe(0);
});
