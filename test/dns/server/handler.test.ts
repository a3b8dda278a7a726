// Octets in, octets out: the ladder of guards, packet by packet (reference 1a, 1b, 1f and the cookbook 1m, on our zone).

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createHandler } from '../../../src/dns/server/handler.ts';
import { hex, opt, type PacketKnobs, packet, record, u16 } from '../../kit/dns/packet.ts';
import { type Reply, readReply } from '../../kit/dns/reply.ts';
import { worldLines } from '../../kit/dns/static-world.ts';
import { atOnce, gist, Harness } from '../../kit/registry/harness.ts';

const harness = new Harness({ lines: worldLines });
harness.register('orders.prod/orders-1');

const hexOf = (bytes: Uint8Array) => harness.send(bytes)?.toString('hex');
const reply = (knobs: PacketKnobs): Reply => readReply(harness.send(packet(knobs)) ?? Buffer.alloc(0));
const root = Uint8Array.of(0);
const question = '066f7264657273 0470726f64 03737663 00 0001 0001'.replaceAll(' ', '');

describe('silence', () => {
  test.each([0, 1, 2, 11])('for %i octets', (octets) => expect(harness.send(Buffer.alloc(octets))).toBeUndefined());

  test.each([
    ['a reply', packet({ flags: 0x8000 })],
    ['a reply that is garbage', Buffer.alloc(100, 0xff)],
    ['a reply without a question', hex('1234 8000 0000 0000 0000 0000')],
    ['our own reply', harness.send(packet({})) ?? Buffer.alloc(0)],
  ])('for %s', (_, bytes) => expect(harness.send(bytes)).toBeUndefined());
});

describe('the cookbook, octet by octet', () => {
  test.each([
    ['no question', '123400000000000000000000', '123480010000000000000000'],
    ['opcode 15 without a question', '123478000000000000000000', '1234f8040000000000000000'],
    ['two questions', `123400000002000000000000${question}${question}`, '123480010000000000000000'],
    ['a name that points to itself', '123400000001000000000000c00c00010001', '123480010000000000000000'],
    [
      'an address',
      `123400000001000000000000${question}`,
      `123484000001000100000000${question}c00c00010001000000050004 0a000001`,
    ],
    [
      'NXDOMAIN',
      '123400000001000000000000 046e6f7065 0470726f64 03737663 00 0001 0001',
      '123484030001000000010000 046e6f7065 0470726f64 03737663 00 0001 0001' +
        'c01600060001 00000005 0027 026e73 c016 0a686f73746d6173746572 c016 00000065 00000e10 00000258 00015180 00000005'.replace(
          '0027',
          '0026',
        ),
    ],
    [
      'REFUSED',
      '123400000001000000000000 076578616d706c6503636f6d00 0001 0001',
      '123480050001000000000000 076578616d706c6503636f6d00 0001 0001',
    ],
    [
      'a dot in a label',
      '123400000001000000000000 077765622e70726f 0164 03737664 00 0001 0001',
      '123480050001000000000000 077765622e70726f 0164 03737664 00 0001 0001',
    ],
    [
      'BADVERS',
      `123400000001000000000001${question}00 0029 04d0 00 01 0000 0000`,
      `123480000001000000000001${question}00 0029 04d0 01 00 0000 0000`,
    ],
    [
      'two OPT records',
      `123400000001000000000002${question}00 0029 04d0 00000000 0000 00 0029 04d0 00000000 0000`,
      `123480010001000000000000${question}`,
    ],
  ])('%s', (_, request, expected) => {
    expect(hexOf(hex(request))).toBe(expected.replaceAll(' ', ''));
  });
});

describe('of the header', () => {
  test('the id and RD come back, nothing else does', () => {
    expect(reply({ id: 0xffff, flags: 0x0100 })).toMatchObject({ id: 0xffff, flags: 'QR AA RD' });
    expect(reply({ flags: 0x07ff & ~0x0100 & ~0x000f })).toMatchObject({ flags: 'QR AA', rcode: 'NOERROR' });
    expect(reply({ flags: 0x0005 })).toMatchObject({ rcode: 'NOERROR', answer: [{}] });
  });

  test.each([1, 2, 3, 6, 7, 15])('opcode %i is NOTIMP, with all other flags clear', (opcode) => {
    expect(reply({ opcode, flags: 0x07f0 })).toMatchObject({ opcode, rcode: 'NOTIMP', flags: 'QR RD', answer: [] });
    expect(reply({ opcode, name: null })).toMatchObject({ opcode, rcode: 'NOTIMP' });
  });

  test.each([4, 5])('opcode %i is REFUSED: zones are not changed by DNS', (opcode) => {
    const { revision } = harness.registry;
    expect(reply({ opcode, name: 'svc.', type: 6, authorities: [record('a.svc.', 1, hex('0a000009'))] })).toMatchObject(
      {
        opcode,
        rcode: 'REFUSED',
      },
    );
    expect(harness.registry.revision).toBe(revision);
  });

  test.each([2, 65_535])('%i questions are FORMERR', (count) => {
    expect(reply({ counts: [count, 0, 0, 0] }).rcode).toBe('FORMERR');
  });

  test.each([
    [1, 1, 0, 0],
    [1, 0, 1, 0],
    [1, 0, 0, 1],
    [1, 65_535, 65_535, 65_535],
  ])('counts %i %i %i %i without octets are FORMERR, with the question', (...counts) => {
    const { rcode, question: echoed } = reply({ counts });
    expect([rcode, echoed.toString('hex')]).toEqual(['FORMERR', question]);
  });
});

describe('the question', () => {
  test('comes back octet for octet', () => {
    for (const name of ['oRdErS.pRoD.SvC.', ['\0\xff', 'a.b', 'sVc'], 'EXAMPLE.com.'] as const) {
      const request = packet({ name });
      expect(readReply(harness.send(request) ?? Buffer.alloc(0)).question).toEqual(request.subarray(12));
    }
    expect(reply({ name: 'oRdErS.pRoD.SvC.' }).answer[0]?.owner).toBe('oRdErS.pRoD.SvC.');
  });

  test.each([3, 4, 254, 0, 255, 12_345])('of class %i is REFUSED', (klass) => {
    expect(gist(reply({ class: klass }))).toBe('REFUSED');
    expect(gist(reply({ class: klass, name: 'version.bind.', type: 16 }))).toBe('REFUSED');
  });

  test.each([
    [252, 'REFUSED'],
    [251, 'REFUSED'],
    [41, 'FORMERR'],
    [249, 'FORMERR'],
    [250, 'FORMERR'],
    [0, 'NOERROR'],
    [65_535, 'NOERROR'],
  ])('of type %i is %s', (type, rcode) => {
    expect(reply({ type })).toMatchObject({ rcode, answer: [] });
    expect(harness.query('svc.', type, { tcp: true })).toMatchObject({ rcode, answer: [] });
  });

  test('that is signed with a key is NOTAUTH, as we have none', () => {
    expect(reply({ additionals: [record('key.', 250, root)] }).rcode).toBe('NOTAUTH');
  });

  test('of the longest name is answered, of a longer one not', () => {
    const labels = ['a'.repeat(63), 'b'.repeat(63), 'c'.repeat(63), 'd'.repeat(57), 'svc'];
    const long = reply({ name: labels, edns: true });
    expect(long).toMatchObject({ rcode: 'NXDOMAIN', aa: true });
    expect(reply({ name: labels }).octets).toBeLessThan(340);
    expect(reply({ name: [...labels.slice(0, 3), 'd'.repeat(58), 'svc'] }).rcode).toBe('FORMERR');
    expect(reply({ name: [...Array<string>(125).fill('a'), 'svc'] }).rcode).toBe('NXDOMAIN');
  });
});

describe('EDNS', () => {
  test('comes back in every reply to a request that had it, and in no other', () => {
    const all: PacketKnobs[] = [
      {},
      { name: 'nope.svc.' },
      { name: 'example.com.' },
      { type: 28 },
      { class: 3 },
      { type: 252 },
      { type: 250 },
      { opcode: 2 },
      { opcode: 4 },
      { additionals: [opt({ version: 1 }), record('key.', 250, root)] },
      { name: 'x.child.svc.' },
      { name: 'chain0.svc.' },
    ];
    for (const knobs of all) {
      const hasOpt = knobs.additionals !== undefined;
      expect(reply({ ...knobs, edns: !hasOpt }).opt).toMatchObject({ size: 1232, version: 0, flags: 0 });
      if (!hasOpt) expect(reply(knobs).opt).toBeUndefined();
    }
  });

  test.each([1, 255])('of version %i is BADVERS and nothing more, also outside our zones', (version) => {
    for (const name of ['orders.prod.svc.', 'nope.svc.', 'example.com.']) {
      const bad = reply({ name, edns: { version } });
      expect(bad).toMatchObject({
        rcode: 'BADVERS',
        aa: false,
        answer: [],
        authority: [],
        opt: { version: 0, size: 1232 },
      });
    }
  });

  test('keeps no flag but DO, and no option', () => {
    expect(reply({ edns: { flags: 0xffff } }).opt?.flags).toBe(0x8000);
    expect(reply({ edns: { flags: 0x7fff, extendedRcode: 0xff } })).toMatchObject({
      rcode: 'NOERROR',
      opt: { flags: 0 },
    });
    const options = [3, 8, 9, 10, 11, 12, 15, 100, 65_001].map((code) => ({ code, data: Buffer.alloc(8, code) }));
    expect(reply({ edns: { options } })).toMatchObject({ rcode: 'NOERROR', answer: [{}] });
    const unknown = reply({ edns: { options: [{ code: 100, data: Buffer.from('abc') }, { code: 11 }, { code: 12 }] } });
    expect(unknown.opt?.options).toEqual([]);
  });

  test.each([
    ['two OPT records', { additionals: [opt()], edns: true }],
    ['OPT among the answers', { answers: [opt()] }],
    ['OPT in AUTHORITY', { authorities: [opt()] }],
    ['OPT with an owner', { additionals: [record('a.', 41, new Uint8Array(0))] }],
    ['an option over its end', { additionals: [record('.', 41, Buffer.concat([u16(100), u16(9)]))] }],
    ['an option of three octets', { additionals: [record('.', 41, Uint8Array.of(0, 100, 0))] }],
  ] satisfies [string, PacketKnobs][])('%s: FORMERR', (_, knobs) => {
    expect(reply(knobs)).toMatchObject({ rcode: 'FORMERR', answer: [] });
  });
});

describe('not ready', () => {
  test('answers SERVFAIL, never NXDOMAIN, and still refuses what it would refuse', () => {
    let isReady = false;
    const starting = new Harness({ isReady: () => isReady });
    for (const name of ['nope.svc.', 'svc.', 'orders.prod.svc.']) expect(gist(starting.query(name))).toBe('SERVFAIL');
    expect(starting.query('svc.', 'A', { edns: true }).opt).toBeDefined();
    expect(starting.query('svc.', 'A', { class: 3 }).rcode).toBe('REFUSED');
    isReady = true;
    expect(starting.query('nope.svc.').rcode).toBe('NXDOMAIN');
  });
});

test('a fault of ours is SERVFAIL to the client and is reported once, and the next query is answered', () => {
  const faults: [unknown, string][] = [];
  let isBroken = true;
  const handler = createHandler({
    zones: harness.zones,
    counters: harness.counters,
    cacheOctetsMax: 1000,
    outstanding: harness.outstanding,
    identity: { serverId: '', serverVersion: '', cookieSecret: new Uint8Array(16), cookies: 'on' },
    wallMs: () => 0,
    monotonicMs: () => {
      if (isBroken) throw new Error('broken clock');
      return 0;
    },
    isReady: () => true,
    onFault: (error, text) => faults.push([error, text]),
  });
  const ask = () =>
    readReply(atOnce(handler(packet({ edns: true }), { transport: 'udp', address: '::1' })) ?? Buffer.alloc(0));
  expect(ask()).toMatchObject({ rcode: 'SERVFAIL', opt: {}, aa: false });
  expect(faults).toEqual([[expect.any(Error), expect.stringContaining('orders.prod.svc.')]]);
  isBroken = false;
  expect(ask().rcode).toBe('NOERROR');
});

test('no octets make it throw; each reply can be read, fits, and is no answer to a reply', () => {
  const seed = packet({
    edns: { options: [{ code: 10, data: Buffer.alloc(8) }] },
    additionals: [record('a.', 1, root)],
  });
  const changes = fc.array(fc.tuple(fc.nat(seed.length - 1), fc.nat(255)), { maxLength: 8 });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), changes), (input) => {
      let bytes = Buffer.from(seed);
      if (input instanceof Uint8Array) bytes = Buffer.from(input);
      else for (const [at, octet] of input) bytes[at] = octet;
      const answer = harness.send(bytes);
      if (answer === undefined) return;
      expect(bytes[2] as number).toBeLessThan(0x80);
      expect(answer.length).toBeLessThanOrEqual(1232);
      expect(readReply(answer).id).toBe(bytes.readUInt16BE(0));
    }),
    { numRuns: 3000 },
  );
  expect(harness.faults).toEqual([]);
});
