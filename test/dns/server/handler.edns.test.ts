// Options in the OPT record of a reply: cookies (RFC 7873, 9018), the server's name (RFC 5001), the reason (RFC 8914);
// and class CH, which has the same name (RFC 4892).

import { describe, expect, test } from 'vitest';
import { type Option, packet, record } from '../../kit/dns/packet.ts';
import { type Opt, type Reply, readReply } from '../../kit/dns/reply.ts';
import { worldLines } from '../../kit/dns/static-world.ts';
import { atOnce, Harness } from '../../kit/registry/harness.ts';

const NSID = 3;
const COOKIE = 10;
const EDE = 15;
const client = Buffer.from('0123456789abcdef', 'hex');

function askWith(harness: Harness, options: readonly Option[], name: string | null = 'orders.prod.svc.'): Reply {
  return readReply(harness.send(packet({ name, edns: { options } })) ?? Buffer.alloc(0));
}

function optOf(reply: Reply): Opt {
  if (reply.opt === undefined) throw new Error('no OPT');
  return reply.opt;
}

const cookieOf = (reply: Reply) => optOf(reply).data.get(COOKIE) ?? Buffer.alloc(0);

/** The reason of a reply: its code, and its text if there is one. */
function reasonOf(harness: Harness, name: string, knobs = {}): [number, string] | undefined {
  const data = optOf(harness.query(name, 'A', { edns: true, ...knobs })).data.get(EDE);
  return data === undefined ? undefined : [data.readUInt16BE(0), data.subarray(2).toString()];
}

describe('a cookie', () => {
  test('comes back with ours behind it, and is kept while it is young', () => {
    const harness = new Harness();
    const first = cookieOf(askWith(harness, [{ code: COOKIE, data: client }]));
    expect(first).toHaveLength(24);
    expect(first.subarray(0, 8)).toEqual(client);
    // RFC 9018 §4: version 1, three octets of zero, the time.
    expect(first.subarray(8, 12)).toEqual(Buffer.of(1, 0, 0, 0));
    expect(first.readUInt32BE(12)).toBe(Math.floor(harness.clock.wallMs() / 1000));
    harness.clock.advance(1_000_000);
    expect(cookieOf(askWith(harness, [{ code: COOKIE, data: first }]))).toEqual(first);
    harness.clock.advance(1_000_000);
    expect(cookieOf(askWith(harness, [{ code: COOKIE, data: first }]))).not.toEqual(first);
  });

  test('that is not ours is answered, with a fresh one', () => {
    const harness = new Harness();
    const forged = Buffer.concat([client, Buffer.alloc(16, 7)]);
    for (const data of [forged, Buffer.concat([client, Buffer.alloc(8)]), Buffer.concat([client, Buffer.alloc(32)])]) {
      const reply = askWith(harness, [{ code: COOKIE, data }], 'svc.');
      expect(reply.rcode).toBe('NOERROR');
      expect(cookieOf(reply)).toHaveLength(24);
      expect(cookieOf(reply)).not.toEqual(data);
    }
  });

  test('is another one for another client and another secret', () => {
    const [harness, other] = [new Harness(), new Harness({ identity: { cookieSecret: new Uint8Array(16).fill(9) } })];
    const bytes = packet({ edns: { options: [{ code: COOKIE, data: client }] } });
    const cookies = [
      harness.handler(bytes, { transport: 'udp', address: '127.0.0.1' }),
      harness.handler(bytes, { transport: 'udp', address: '127.0.0.2' }),
      harness.handler(bytes, { transport: 'udp', address: '::1' }),
      other.handler(bytes, { transport: 'udp', address: '127.0.0.1' }),
    ].map((reply) => cookieOf(readReply(atOnce(reply) ?? Buffer.alloc(0))).toString('hex'));
    expect(new Set(cookies).size).toBe(4);
  });

  test.each([
    ['auto', '127.0.0.1', false],
    ['auto', '127.9.9.9', false],
    ['auto', '::1', false],
    ['auto', '192.0.2.1', true],
    ['on', '127.0.0.1', true],
    ['off', '192.0.2.1', false],
  ] as const)('with dnsCookies %s is given to %s: %s', (cookies, address, isGiven) => {
    const harness = new Harness({ identity: { cookies } });
    const bytes = packet({ edns: { options: [{ code: COOKIE, data: client }] } });
    const reply = readReply(atOnce(harness.handler(bytes, { transport: 'udp', address })) ?? Buffer.alloc(0));
    expect(reply.opt?.data.has(COOKIE)).toBe(isGiven);
    expect(reply.opt).toBeDefined();
  });

  test.each([0, 7, 9, 15, 41])('of %i octets is FORMERR', (length) => {
    const reply = askWith(new Harness(), [{ code: COOKIE, data: Buffer.alloc(length) }]);
    expect(reply).toMatchObject({ rcode: 'FORMERR', answer: [] });
  });

  test('alone, without a question, is answered with ours alone', () => {
    const reply = askWith(new Harness(), [{ code: COOKIE, data: client }], null);
    expect(reply).toMatchObject({ rcode: 'NOERROR', aa: false, answer: [], authority: [] });
    expect(reply.question).toHaveLength(0);
    expect(cookieOf(reply)).toHaveLength(24);
  });

  test('alone, of a version or an opcode that we do not know, is refused as such', () => {
    const harness = new Harness();
    const bare = { name: null, edns: { options: [{ code: COOKIE, data: client }] } };
    const rcodeOf = (bytes: Buffer) => readReply(harness.send(bytes) ?? Buffer.alloc(0)).rcode;
    expect(rcodeOf(packet({ ...bare, edns: { ...bare.edns, version: 1 } }))).toBe('BADVERS');
    expect(rcodeOf(packet({ ...bare, opcode: 2 }))).toBe('NOTIMP');
    expect(rcodeOf(packet({ name: null, edns: true }))).toBe('FORMERR');
  });

  test('leaves the answer smaller by its own size', () => {
    const harness = new Harness();
    for (let i = 1; i <= 60; i++) harness.register(`orders.prod/i${i}`, { addrs: [`http://10.0.0.${i}:80`] });
    const options = [{ code: COOKIE, data: client }];
    const reply = harness.query('orders.prod.svc.', 'A', { edns: { size: 512, options } });
    expect(reply).toMatchObject({ tc: true, answer: { length: 25 } });
    expect(reply.octets).toBeLessThanOrEqual(512);
  });
});

describe('the server’s name', () => {
  test('is in the reply if it was asked for and is set', () => {
    const named = new Harness({ identity: { serverId: 'knot1' } });
    expect(
      optOf(askWith(named, [{ code: NSID }]))
        .data.get(NSID)
        ?.toString(),
    ).toBe('knot1');
    expect(
      optOf(askWith(named, [{ code: NSID, data: client }]))
        .data.get(NSID)
        ?.toString(),
    ).toBe('knot1');
    expect(optOf(askWith(named, [])).options).not.toContain(NSID);
    expect(optOf(askWith(new Harness(), [{ code: NSID }])).options).not.toContain(NSID);
  });

  test('is answered in class CH as well, and the version, if they are set', () => {
    const named = new Harness({ identity: { serverId: 'knot1', serverVersion: '7.1' } });
    const ask = (harness: Harness, name: string, type: 'TXT' | 'A' = 'TXT') => {
      const bytes = harness.send(packet({ name, type: type === 'TXT' ? 16 : 1, class: 3 })) ?? Buffer.alloc(0);
      return [bytes[3] === 5 ? 'REFUSED' : bytes.subarray(-6).toString('latin1'), (bytes[2] ?? 0) & 0x04];
    };
    expect(ask(named, 'id.server.')).toEqual(['\x05knot1', 4]);
    expect(ask(named, 'Hostname.BIND.')).toEqual(['\x05knot1', 4]);
    expect(ask(named, 'version.bind.')[0]).toContain('\x037.1');
    for (const name of ['authors.bind.', 'orders.prod.svc.']) expect(ask(named, name)).toEqual(['REFUSED', 0]);
    expect(ask(named, 'id.server.', 'A')).toEqual(['REFUSED', 0]);
    for (const name of ['id.server.', 'version.bind.']) expect(ask(new Harness(), name)).toEqual(['REFUSED', 0]);
  });
});

describe('the reason', () => {
  test('is given for what is empty, refused or cut, and for nothing else', () => {
    const harness = new Harness({ lines: worldLines });
    harness.register('orders.prod/a');
    expect(reasonOf(harness, 'orders.prod.svc.')).toBeUndefined();
    expect(reasonOf(harness, 'x.child.svc.')).toBeUndefined();
    expect(reasonOf(harness, 'nope.svc.')?.[0]).toBe(0);
    expect(reasonOf(harness, 'orders.prod.svc.', { type: 28 })?.[1]).toContain('1 instance up');
    expect(reasonOf(harness, 'example.com.')).toEqual([20, '']);
    expect(reasonOf(harness, 'orders.prod.svc.', { class: 3 })).toEqual([21, '']);
    expect(reasonOf(new Harness({ isReady: () => false }), 'svc.')?.[0]).toBe(14);
  });

  test('of a fault of ours is not that we are starting', () => {
    const harness = new Harness();
    harness.zones.find = () => {
      throw new Error('broken');
    };
    expect(reasonOf(harness, 'svc.')).toEqual([0, '']);
    expect(harness.faults).toHaveLength(1);
  });

  test('never makes a reply too large, nor a refusal worth an attacker’s while', () => {
    const harness = new Harness({ lines: worldLines });
    for (let i = 1; i <= 90; i++) harness.register(`orders.prod/i${i}`, { addrs: [`http://10.0.0.${i}:80`] });
    for (const size of [512, 530, 700, 1232]) {
      expect(harness.query('orders.prod.svc.', 'A', { edns: { size } }).octets).toBeLessThanOrEqual(size);
    }
    const refused = [
      packet({ name: 'example.com.', edns: true }),
      packet({ class: 3, edns: true }),
      packet({ opcode: 2, edns: true }),
      packet({ additionals: [record('key.', 250, Uint8Array.of(0))], edns: false }),
      packet({ counts: [2, 0, 0, 0], edns: true }),
    ];
    for (const bytes of refused) expect(harness.send(bytes)?.length).toBeLessThanOrEqual(bytes.length + 11);
  });
});
