// A flood of questions in the name of others, over both ways in which datagrams come and go: what goes out to them, what
// is counted, and who goes on meanwhile. Sources are addresses of loopback, so that nothing has to be forged.

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { tcpClient } from '../kit/dns/dns-client.ts';
import { packet, typeNumbers } from '../kit/dns/packet.ts';
import { readReply } from '../kit/dns/reply.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const leftovers: (() => unknown)[] = [];
afterEach(async () => {
  for (const leave of leftovers.splice(0).reverse()) await leave();
});

async function open(transport: string, more: Record<string, string> = {}) {
  const env = {
    ROLLCALL_DNS_TRANSPORT: transport,
    ROLLCALL_DNS_THREADS: '2',
    ROLLCALL_DNS_COOKIES: 'on',
    ROLLCALL_RRL_PER_SECOND: '10',
    ROLLCALL_RRL_EXEMPT: 'none',
    ...more,
  };
  const server = await startServer({ env });
  leftovers.push(() => server.stop());
  const api = new ApiClient(server.http);
  leftovers.push(() => api.close());
  for (let i = 0; i < 10; i++) await api.register(`prod/orders/orders-${i}`, [`http://10.0.0.${i}:80`]);
  return { server, api };
}

/** A client at an address of loopback that keeps all that it gets. */
async function clientAt(address: string): Promise<{ socket: Socket; received: Buffer[] }> {
  const socket = createSocket('udp4');
  const received: Buffer[] = [];
  socket.on('message', (bytes) => received.push(bytes));
  socket.bind(0, address);
  await once(socket, 'listening');
  leftovers.push(() => socket.close());
  return { socket, received };
}

async function judgedBy(api: ApiClient): Promise<number> {
  const { text } = await api.call('GET', '/metrics');
  return Array.from(text.matchAll(/^rollcall_dns_rate_limited_total\{.*\} (\d+)$/gm), ([, count]) =>
    Number(count),
  ).reduce((sum, count) => sum + count, 0);
}

describe.each(['batched', 'dgram'])('%s', (transport) => {
  test('gets no more octets out than came in, and honest clients go on', async () => {
    const { server, api } = await open(transport);
    const flooders = await Promise.all([1, 2, 3, 4].map((host) => clientAt(`127.66.0.${host}`)));
    const honest = await clientAt('127.77.0.1');
    let sent = 0;
    for (let round = 0; round < 50; round++) {
      for (const { socket } of flooders) {
        for (const type of [typeNumbers.A, typeNumbers.SRV, typeNumbers.ANY]) {
          const request = packet({ id: round, type, edns: true });
          sent += request.length;
          socket.send(request, server.dnsPort, '127.0.0.1');
        }
      }
      // Within its rate, in the middle of it.
      if (round % 10 === 0) honest.socket.send(packet({ id: round, edns: true }), server.dnsPort, '127.0.0.1');
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until('the flood is judged', async () => (await judgedBy(api)) > 500);
    await until('the honest client has its answers', () => honest.received.length === 5);
    for (const reply of honest.received) expect(readReply(reply)).toMatchObject({ tc: false, answer: { length: 10 } });
    const out = flooders.flatMap(({ received }) => received).reduce((sum, { length }) => sum + length, 0);
    expect(out).toBeLessThan(sent);
    // Even the flooded one is served over TCP.
    const tcp = await tcpClient(server.dnsPort);
    leftovers.push(() => tcp.close());
    expect(await tcp.ask('orders.prod.svc')).toMatchObject({ answer: { length: 10 } });
  });

  test('a client that shows a cookie goes on at any rate', async () => {
    const { server, api } = await open(transport, { ROLLCALL_RRL_SLIP: '1' });
    const { socket, received } = await clientAt('127.66.0.9');
    const ask = (data: Buffer, id: number) =>
      socket.send(packet({ id, edns: { options: [{ code: 10, data }] } }), server.dnsPort, '127.0.0.1');
    ask(Buffer.alloc(8, 1), 1);
    await until('a cookie', () => received.length === 1);
    const cookie = readReply(received[0] as Buffer).opt?.data.get(10) as Buffer;
    expect(cookie).toHaveLength(24);
    for (let id = 0; id < 60; id++) ask(cookie, id);
    await until('all are answered', () => received.length === 61);
    expect(received.every((reply) => !readReply(reply).tc)).toBe(true);
    expect(await judgedBy(api)).toBe(0);
  });
});
