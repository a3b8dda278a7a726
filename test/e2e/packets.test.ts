// Packets that resolvers never send, to the running program: each reply has exactly the octets that it should have, none
// is worth an attacker's while, none can start a loop, and no other client notices.

import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answersOf, type DnsClient, tcpClient, udpClient } from '../kit/dns/dns-client.ts';
import { hex, type PacketKnobs, packet } from '../kit/dns/packet.ts';
import { readReply } from '../kit/dns/reply.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { startServer } from '../kit/process/server-process.ts';
import { hearAll } from './differential/asking.ts';
import { oddities } from './differential/oddities.ts';
import { exactReplies } from './packets/exact-replies.ts';
import { measuredZone } from './packets/measured-zone.ts';

const zones = scratch({ 'prod.svc.zone': measuredZone });
// The measured zone does not lie below the origin: live names would give it the registry's serial.
const server = await startServer({ zones, dns: '127.0.0.1:0,127.0.0.2:0', args: ['--origin', 'reg.'] });
const { dnsPort: port } = server;
const quietMs = 300;
/** How often the honest client asks, and how many costly packets come before each of its questions. */
const rounds = 100;
const costlyEach = 20;
const api = new ApiClient(server.http);
let udp: DnsClient;
let tcp: DnsClient;

beforeAll(async () => {
  const metadata = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`key${i}`, 'v'.repeat(400)]));
  const places = Array.from({ length: 120 }, (_, i) => `dev/orders/orders-${i}`);
  await Promise.all(places.map((place, i) => api.register(place, [`http://10.1.0.${i + 1}:80`], { metadata })));
  udp = await udpClient(port);
  tcp = await tcpClient(port);
});

afterAll(async () => {
  udp.close();
  tcp.close();
  api.close();
  await server.stop();
  removeScratch(zones);
});

/** The reply to one datagram; undefined: none within `patienceMs`. */
async function exchange(
  bytes: Uint8Array,
  { to = port, host = '127.0.0.1', patienceMs = 2000 } = {},
): Promise<Buffer | undefined> {
  const socket = createSocket('udp4');
  // Connected: a reply from any other address than the one asked would not be heard.
  await new Promise<void>((resolve) => socket.connect(to, host, resolve));
  const reply = new Promise<Buffer>((resolve) => socket.once('message', resolve));
  socket.send(bytes);
  const heard = await Promise.race([reply, sleep(patienceMs, undefined)]);
  socket.close();
  return heard;
}

describe('the reply, octet by octet', () => {
  test.each(exactReplies)('%s', async (_what, request, reply) => {
    expect((await exchange(hex(request)))?.toString('hex')).toBe(reply.replaceAll(' ', ''));
  });

  test('comes from the address that was asked', async () => {
    const { port: other = 0 } = server.dnsListens.find(({ host }) => host === '127.0.0.2') ?? {};
    const reply = await exchange(packet({ name: 'ns1.prod.svc' }), { to: other, host: '127.0.0.2' });
    expect(reply?.toString('hex')).toMatch(/7f000001$/);
  });

  test('repeats the letter case of the question and nothing else of the request', async () => {
    const reply = await exchange(packet({ name: 'nS1.pRoD.sVc', flags: 0x07f0, trailing: hex('deadbeef') }));
    expect(reply?.toString('hex')).toBe(
      '1234850000010001000000000 36e5331 0470526f44 03735663 00 00010001 c00c 0001 0001 00000e10 0004 7f000001'.replaceAll(
        ' ',
        '',
      ),
    );
  });
});

describe('silence', () => {
  test('is the answer to what has no header and to every response', async () => {
    const reflected = (
      await hearAll(
        port,
        oddities.map(({ bytes }) => bytes),
        quietMs,
      )
    ).values();
    const silenced = [
      ...[0, 1, 2, 11].map((octets) => Buffer.alloc(octets)),
      ...[0x8000, 0x8001, 0x8180, 0xffff].map((flags) => packet({ name: 'web.prod.svc', flags })),
      packet({ name: null, flags: 0x8000 }),
      Buffer.alloc(4096, 0xff),
      // Our own replies, as another server would get them if a query was sent with its address.
      ...reflected,
    ];
    expect(silenced.length).toBeGreaterThan(100);
    expect((await hearAll(port, silenced, quietMs)).size).toBe(0);
    expect((await udp.ask('ns1.prod.svc')).rcode).toBe('NOERROR');
  });
});

describe('what an attacker gets for a packet', () => {
  const names = [
    'orders.dev.reg',
    'orders-1.orders.dev.reg',
    '_why.orders.dev.reg',
    '_http._tcp.orders.dev.reg',
    'dev.reg',
    'reg',
  ];
  const types = [1, 2, 6, 16, 33, 43, 46, 48, 65, 255];

  test.each([
    ['without EDNS', false, 512],
    ['of size 1232', { size: 1232 }, 1232],
    ['of size 65535, DO', { size: 65_535, flags: 0x8000 }, 1232],
    ['of size 0', { size: 0 }, 512],
  ] as const)('%s', async (_what, edns, limit) => {
    const questions = [...names, 'big.prod.svc', 'huge.prod.svc', 'x.child.prod.svc'].flatMap((name) =>
      types.map((type) => ({ name, type })),
    );
    const requests = questions.map(({ name, type }, id) => packet({ id, name, type, edns }));
    const heard = await hearAll(port, requests, quietMs);
    expect(heard.size).toBe(requests.length);
    for (const reply of heard.values()) expect(readReply(reply).octets).toBeLessThanOrEqual(limit);
    const gains = requests.map((request, id) => (heard.get(id)?.length ?? 0) / request.length);
    expect(Math.max(...gains)).toBeLessThan(41);
  });

  test('and is refused or malformed: hardly more than was sent', async () => {
    const heard = await hearAll(
      port,
      oddities.map(({ bytes }) => bytes),
      quietMs,
    );
    const dear = oddities.flatMap(({ name, bytes }) => {
      const reply = bytes.length < 2 ? undefined : heard.get(bytes.readUInt16BE(0));
      const isAnswer = reply === undefined || ['NOERROR', 'NXDOMAIN'].includes(readReply(reply).rcode);
      // An OPT of ours, or a cookie of ours behind the client's (RFC 7873 §5.2).
      const more = /^(cookie|two cookies)/.test(name) ? 16 : 11;
      return isAnswer || reply.length <= bytes.length + more ? [] : [`${name}: ${bytes.length} -> ${reply.length}`];
    });
    expect(dear).toEqual([]);
  });

  test('ANY is one RRset, and no more than A', async () => {
    for (const [name, ask] of [
      ['orders.dev.reg', udp],
      ['big.prod.svc', udp],
      ['web.prod.svc', tcp],
    ] as const) {
      const [any, a] = [await ask.ask(name, 'ANY'), await ask.ask(name, 'A')];
      expect(new Set(any.answer.map(({ type }) => type))).toEqual(new Set(['A']));
      expect(any.octets).toBeLessThanOrEqual(a.octets);
    }
  });
});

describe('names', () => {
  const labels = (text: string, count: number): string[] => Array.from({ length: count }, () => text);

  test.each<[string, readonly string[], string]>([
    ['of 255 octets', ['n'.repeat(52), ...labels('n'.repeat(63), 3), 'prod', 'svc'], 'NXDOMAIN SOA 10'],
    ['of 122 labels', [...labels('n', 120), 'prod', 'svc'], 'NXDOMAIN SOA 10'],
    ['of 121 labels below a wildcard', [...labels('n', 118), 'wild', 'prod', 'svc'], 'NOERROR A'],
    ['with NUL', ['\0', 'prod', 'svc'], 'NXDOMAIN SOA 10'],
    ['with a line end', ['a\nb', 'prod', 'svc'], 'NXDOMAIN SOA 10'],
    ['with a space, which has SRV alone', ['My Web', '_http', '_tcp', 'prod', 'svc'], 'NOERROR SOA 10'],
    ['with a dot in a label', ['orders.dev', 'reg'], 'NXDOMAIN SOA 5'],
    ['of an object’s own', ['__proto__', 'prod', 'svc'], 'NXDOMAIN SOA 10'],
    ['of an object’s own, in the registry', ['constructor', 'dev', 'reg'], 'NXDOMAIN SOA 5'],
    ['above ASCII', ['\xe0', 'prod', 'svc'], 'NOERROR A'],
    ['above ASCII, the capital', ['\xc0', 'prod', 'svc'], 'NXDOMAIN SOA 10'],
  ])('%s', async (_what, name, expected) => {
    const { rcode, answer, authority } = readReply((await exchange(packet({ name }))) ?? Buffer.alloc(0));
    const words = [rcode, ...answer.map(({ type }) => type), ...authority.map(({ type, ttl }) => `${type} ${ttl}`)];
    expect(words.join(' ')).toBe(expected);
  });
});

describe('an honest client', () => {
  const deep = [...Array.from({ length: 118 }, () => 'n'), 'wild', 'prod', 'svc'];

  test.each<[string, (i: number) => PacketKnobs]>([
    ['counts that lie', () => ({ counts: [65_535, 65_535, 65_535, 65_535] })],
    ['records that lie', () => ({ counts: [1, 0, 0, 65_535], edns: true })],
    ['many options', () => ({ edns: { options: Array.from({ length: 300 }, () => ({ code: 65_001 })) } })],
    ['deep names', () => ({ name: deep })],
    ['a new name each time', (i) => ({ name: `${i}.prod.svc` })],
    ['an answer cut short', () => ({ name: 'huge.prod.svc', type: 16, edns: true })],
    ['SRV of many', () => ({ name: 'orders.dev.reg', type: 33, edns: true })],
  ])('loses nothing beside costly queries: %s', async (_what, knobsOf) => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.connect(port, '127.0.0.1', resolve));
    socket.on('error', () => {});
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < costlyEach; i++) socket.send(packet(knobsOf(round * costlyEach + i)));
      expect(answersOf(await udp.ask('ns1.prod.svc'))).toEqual(['A 127.0.0.1']);
    }
    socket.close();
  });
});
