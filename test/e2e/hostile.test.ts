// From outside, with bad intentions: spoiled packets, slow and silent connections, garbage on both ports. While it
// lasts, an honest client loses nothing, and afterwards every descriptor is given back.

import { createSocket } from 'node:dgram';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connected, type DnsClient, tcpClient, udpClient } from '../kit/dns/dns-client.ts';
import { mutatedPackets, seededRandom } from '../kit/dns/mutated-packets.ts';
import { frame, packet, u16 } from '../kit/dns/packet.ts';
import { readReply } from '../kit/dns/reply.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const idleMs = 1000;
const perClientMax = 50;
const server = await startServer({
  env: {
    ROLLCALL_TCP_IDLE_SECONDS: String(idleMs / 1000),
    ROLLCALL_TCP_CONNECTIONS_PER_CLIENT_MAX: String(perClientMax),
  },
});
const api = new ApiClient(server.http, 2);
let honest: DnsClient;
let descriptorsBefore = 0;

beforeAll(async () => {
  await api.register('prod/orders/orders-1', ['http://10.0.0.7:80'], { leaseSeconds: 600 });
  honest = await udpClient(server.dnsPort);
  await honest.ask('orders.prod.svc');
  descriptorsBefore = server.descriptors();
});

afterAll(async () => {
  honest.close();
  api.close();
  await server.stop();
});

/** Asks one question after the other while `work` goes on; throws at the first that is not answered rightly. */
async function honestly<Result>(work: Promise<Result>): Promise<{ result: Result; asked: number }> {
  let isOver = false;
  const over = work.finally(() => {
    isOver = true;
  });
  over.catch(() => {});
  let asked = 0;
  while (!isOver) {
    const { rcode, answer } = await honest.ask('orders.prod.svc');
    expect({ rcode, data: answer.map(({ data }) => data) }).toEqual({ rcode: 'NOERROR', data: ['10.0.0.7'] });
    asked++;
    await sleep(2);
  }
  return { result: await over, asked };
}

function descriptorsReturn(): Promise<unknown> {
  return until(`${descriptorsBefore} descriptors again`, () => server.descriptors() <= descriptorsBefore);
}

/** What the client has received when the connection ends. */
function endOf(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {});
  return new Promise((resolve) => {
    const done = (): void => {
      socket.destroy();
      resolve(Buffer.concat(chunks));
    };
    socket.once('end', done);
    socket.once('close', done);
  });
}

describe('spoiled packets', () => {
  test('over UDP for three seconds: every reply is sound and no larger than allowed, an honest client loses nothing', async () => {
    const socket = createSocket('udp4');
    const bad: string[] = [];
    let replies = 0;
    socket.on('message', (bytes) => {
      replies++;
      try {
        const { octets } = readReply(bytes);
        if (octets > 1232) bad.push(`${octets} octets`);
      } catch (error) {
        bad.push(`${(error as Error).message}: ${bytes.toString('hex')}`);
      }
    });
    await new Promise<void>((resolve) => {
      socket.connect(server.dnsPort, '127.0.0.1', resolve);
    });
    const packets = mutatedPackets(20_261_121);
    const flood = async (): Promise<number> => {
      const endsAt = performance.now() + 3000;
      let sent = 0;
      while (performance.now() < endsAt) {
        for (let i = 0; i < 40; i++, sent++) socket.send(packets.next().value);
        await sleep(2);
      }
      return sent;
    };
    const { result: sent, asked } = await honestly(flood());
    await honest.ask('svc', 'SOA');
    socket.close();
    expect(bad).toEqual([]);
    expect(sent).toBeGreaterThan(1000);
    expect(replies).toBeGreaterThan(sent / 10);
    expect(asked).toBeGreaterThan(50);
    expect(server.logs().filter(({ level }) => level >= 50)).toEqual([]);
  });

  test('over TCP: each connection is answered soundly or closed', async () => {
    const packets = mutatedPackets(42);
    const attack = async (): Promise<void> => {
      for (let round = 0; round < 30; round++) {
        const sockets = await Promise.all(Array.from({ length: 10 }, () => connected(server.dnsPort)));
        const ends = sockets.map(async (socket) => {
          const end = endOf(socket);
          for (let i = 0; i < 5; i++) socket.write(frame(packets.next().value));
          socket.end();
          return await end;
        });
        for (let heard of await Promise.all(ends)) {
          while (heard.length > 0) {
            readReply(heard.subarray(2, 2 + heard.readUInt16BE(0)));
            heard = heard.subarray(2 + heard.readUInt16BE(0));
          }
        }
      }
    };
    await honestly(attack());
    await descriptorsReturn();
  });
});

describe.concurrent('single connections', () => {
  test('an octet now and then does not keep one open', async () => {
    const socket = await connected(server.dnsPort);
    const end = endOf(socket);
    const octets = [...frame(packet({ name: 'orders.prod.svc' }))];
    const drip = setInterval(() => socket.write(Buffer.of(octets.shift() ?? 0)), 250);
    const heard = await end;
    clearInterval(drip);
    expect(heard.length).toBe(0);
    // Ended before the message was whole.
    expect(octets.length).toBeGreaterThan(0);
  });

  test('whole questions do keep one open, beyond the idle time', async () => {
    const dns = await tcpClient(server.dnsPort);
    const startedMs = performance.now();
    await until(
      'twice the idle time',
      async () => {
        expect((await dns.ask('orders.prod.svc')).rcode).toBe('NOERROR');
        return performance.now() - startedMs > 2 * idleMs;
      },
      { everyMs: 200 },
    );
    dns.close();
  });

  test('a whole message in single octets, and twenty in one segment, are answered', async () => {
    const socket = await connected(server.dnsPort);
    socket.setNoDelay(true);
    const end = endOf(socket);
    for (const octet of frame(packet({ name: 'orders.prod.svc' }))) {
      await new Promise((resolve) => socket.write(Buffer.of(octet), resolve));
    }
    socket.end(Buffer.concat(Array.from({ length: 20 }, (_, id) => frame(packet({ id, name: 'orders.prod.svc' })))));
    let heard = await end;
    let replies = 0;
    for (; heard.length > 0; replies++) {
      expect(readReply(heard.subarray(2, 2 + heard.readUInt16BE(0)))).toMatchObject({ rcode: 'NOERROR', tc: false });
      heard = heard.subarray(2 + heard.readUInt16BE(0));
    }
    expect(replies).toBe(21);
  });
});

describe('many connections', () => {
  /** Closed to make room. */
  const refusedIn = (page: string): number => Number(/^rollcall_dns_tcp_refused_total (\d+)$/m.exec(page)?.[1]);

  test(`two hundred idle connections: ${perClientMax} stay, the rest is closed at once, all in time`, async () => {
    const refusedBefore = refusedIn((await api.call('GET', '/metrics')).text);
    const sockets = await Promise.all(Array.from({ length: 200 }, () => connected(server.dnsPort)));
    let closed = 0;
    for (const socket of sockets) void endOf(socket).then(() => closed++);
    await honestly(until('the surplus closed', () => closed >= 200 - perClientMax));
    await until('all closed', () => closed === 200);
    await descriptorsReturn();
    const { text } = await api.call('GET', '/metrics');
    expect(text).toMatch(/^rollcall_dns_tcp_connections 0$/m);
    // The others were closed for their idle time: 50, or 100 where the machine stood still for as long in between.
    expect(refusedIn(text) - refusedBefore).toBeGreaterThanOrEqual(200 - 2 * perClientMax);
    const again = await tcpClient(server.dnsPort);
    expect((await again.ask('orders.prod.svc')).rcode).toBe('NOERROR');
    again.close();
  });

  test('a client that never reads is not answered without end', async () => {
    const socket = await connected(server.dnsPort);
    const end = endOf(socket.pause());
    const many = Buffer.concat(Array.from({ length: 500 }, () => frame(packet({ name: 'svc', type: 6 }))));
    const stuff = setInterval(() => socket.write(many), 5);
    // So long does it write.
    await honestly(sleep(500));
    clearInterval(stuff);
    socket.destroy();
    await end;
    await descriptorsReturn();
  });
});

describe('garbage', () => {
  const random = seededRandom(7);
  const noise = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random(256)));

  test.concurrent.each<[string, Buffer]>([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')],
    ['a length of 0', u16(0)],
    ['five octets', frame(Buffer.of(1, 2, 3, 4, 5))],
    ['a response', frame(packet({ flags: 0x8000 }))],
    ['all ones', frame(Buffer.alloc(65_535, 0xff))],
    ['a TLS hello', Buffer.from('16030100c8010000c403030000', 'hex')],
  ])('on the DNS port: %s gets no answer and is closed', async (_name, bytes) => {
    const socket = await connected(server.dnsPort);
    const end = endOf(socket);
    socket.write(bytes);
    expect((await end).length).toBe(0);
  });

  test.each<[string, Buffer, number]>([
    ['DNS', frame(packet()), 400],
    ['noise', noise(4000), 400],
    ['a TLS hello', Buffer.from('16030100c8010000c403030000', 'hex'), 400],
    ['another protocol', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'), 400],
    ['a method of its own', Buffer.from('BREW /api/v1/apps HTTP/1.1\r\nhost: localhost\r\n\r\n'), 400],
    [
      'two lengths',
      Buffer.from('POST /api/v1/renew HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'),
      400,
    ],
    [
      'length and chunks',
      Buffer.from(
        'POST /api/v1/renew HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      ),
      400,
    ],
    [
      'a header of 100 kB',
      Buffer.from(`GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`),
      431,
    ],
    ['no host', Buffer.from('GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n'), 400],
    [
      'a body without end',
      Buffer.from(
        `PUT /api/v1/apps/prod/a/b HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 99999999\r\n\r\n{`,
      ),
      413,
    ],
  ])('on the HTTP port: %s is refused with a problem and closed', async (_name, bytes, status) => {
    const socket = await connected(server.httpPort);
    const end = endOf(socket);
    socket.write(bytes);
    const reply = (await end).toString('latin1');
    expect(reply).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(reply).toMatch(/content-type: application\/problem\+json/i);
    expect(reply).toContain('urn:rollcall:problem:');
  });

  test('leaves nothing behind', async () => {
    expect((await api.call('GET', '/healthz')).status).toBe(200);
    await descriptorsReturn();
  });
});
