// Requests as octets: what is read from a sound one, what is malformed, and that neither counts nor lengths nor
// pointers make the decoder throw, loop or take long.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeQuery } from '../../../src/dns/message/decode.ts';
import type { Query } from '../../../src/dns/message/message.ts';
import { name } from '../../../src/dns/message/name.ts';
import { hex, opt, type PacketKnobs, packet, record, u16 } from '../../kit/dns/packet.ts';

function queryOf(knobs: PacketKnobs): Query {
  const query = decodeQuery(packet(knobs));
  if (!('qname' in query)) throw new Error('malformed');
  return query;
}

const questionEnd = 12 + 17 + 4;
const root = Uint8Array.of(0);
const foreign = record('example.com.', 1, Uint8Array.of(10, 0, 0, 1));
const malformedAt = (at: number) => ({ malformed: true, questionEnd: at, edns: undefined });

describe('a sound request', () => {
  test('has its question, folded', () => {
    expect(queryOf({ name: 'Orders.PROD.svc.', type: 28 })).toEqual({
      qname: name('orders.prod.svc.'),
      qtype: 28,
      qclass: 1,
      opcode: 0,
      questionEnd,
      edns: undefined,
      tsigAt: undefined,
    });
  });

  test('may hold any octets in its labels, and only A-Z are folded', () => {
    expect(queryOf({ name: ['A.b', Uint8Array.of(0, 0xff, 0xc0), '\n '] }).qname).toBe(
      '\x03a.b\x03\0\xff\xc0\x02\n \0',
    );
  });

  test('may ask for the root, a label of 63 octets, 127 labels and 255 octets', () => {
    expect(queryOf({ name: '.' }).qname).toBe('\0');
    expect(queryOf({ name: ['a'.repeat(63)] }).qname).toHaveLength(65);
    expect(queryOf({ name: 'a.'.repeat(127) }).qname).toHaveLength(255);
    expect(queryOf({ name: ['a'.repeat(63), 'b'.repeat(63), 'c'.repeat(63), 'd'.repeat(61)] }).qname).toHaveLength(255);
  });

  test.each([0, 1, 2, 4, 5, 6, 15])('has opcode %i', (opcode) => expect(queryOf({ opcode }).opcode).toBe(opcode));

  test('has size, version and DO from OPT', () => {
    expect(queryOf({ edns: { size: 4096, version: 3, flags: 0x8000 } }).edns).toMatchObject({
      udpOctets: 4096,
      version: 3,
      dnssecOk: true,
    });
    expect(queryOf({ edns: { size: 0, flags: 0x7fff, extendedRcode: 255 } }).edns).toMatchObject({
      udpOctets: 0,
      version: 0,
      dnssecOk: false,
    });
  });

  test('may carry any options, a hundred of them too', () => {
    const options = Array.from({ length: 100 }, (_, i) => ({ code: 1000 + i, data: Buffer.alloc(i) }));
    expect(queryOf({ edns: { options } }).edns).toBeDefined();
  });

  test('may carry records that a query does not need', () => {
    expect(
      queryOf({ answers: [foreign], authorities: [foreign, foreign], additionals: [foreign], edns: true }).edns,
    ).toBeDefined();
    expect(queryOf({ additionals: [record(hex('c00c'), 1, root)] }).qname).toBe(name('orders.prod.svc.'));
    expect(queryOf({ additionals: [opt(), foreign] }).edns).toBeDefined();
  });

  test('may be signed, last in ADDITIONAL', () => {
    expect(queryOf({ additionals: [opt(), record('key.', 250, root)] })).toMatchObject({
      tsigAt: questionEnd + 11,
    });
  });

  test('may have octets behind its end, which are ignored', () => {
    expect(queryOf({ trailing: Buffer.alloc(100, 0xff) }).questionEnd).toBe(questionEnd);
  });
});

describe('a question is malformed', () => {
  test.each<[string, Buffer]>([
    ['not there', hex('1234 0000 0000 0000 0000 0000')],
    ['announced but not there', hex('1234 0000 0001 0000 0000 0000')],
    ['cut in its name', packet({}).subarray(0, 20)],
    ['without its type', packet({}).subarray(0, 29)],
    ['one octet short', packet({}).subarray(0, 32)],
    ['one of two', packet({ counts: [2, 0, 0, 0] })],
    ['one of 65535', packet({ counts: [65_535, 0, 0, 0] })],
    ['a pointer to itself', hex('1234 0000 0001 0000 0000 0000 c00c 0001 0001')],
    ['a pointer forward', hex('1234 0000 0001 0000 0000 0000 c012 0001 0001 00')],
    ['a pointer to the header', hex('1234 0000 0001 0000 0000 0000 03776562 c000 0001 0001')],
    ['two pointers in a circle', hex('1234 0000 0001 0000 0000 0000 c00e c00c 0001 0001')],
    ['a pointer past the end', hex('1234 0000 0001 0000 0000 0000 ffff 0001 0001')],
    ['half a pointer', hex('1234 0000 0001 0000 0000 0000 c0')],
    ['a label of type 01', packet({ name: hex('4161 00') })],
    ['a label of type 10', packet({ name: hex('8161 00') })],
    ['a label over the end', hex('1234 0000 0001 0000 0000 0000 3f 616161')],
    ['a name without an end', packet({ name: hex('03777777') }).subarray(0, 16)],
    ['a name of 256 octets', packet({ name: [...Array<string>(126).fill('a'), 'bb'] })],
    ['a name of 257 octets', packet({ name: 'a.'.repeat(128) })],
    ['a 4096-octet packet of zeros', Buffer.alloc(4096)],
  ])('%s', (_, bytes) => {
    expect(decodeQuery(bytes)).toEqual(malformedAt(12));
  });
});

describe('what follows a sound question is malformed', () => {
  const three = record('.', 41, Uint8Array.of(0, 1, 0));
  const overlong = Buffer.concat([opt({ options: [{ code: 10 }] }).subarray(0, 13), u16(200)]);

  test.each<[string, PacketKnobs]>([
    ['an answer that is not there', { counts: [1, 1, 0, 0] }],
    ['65535 additional records that are not there', { counts: [1, 0, 0, 65_535] }],
    ['all counts at their highest', { counts: [1, 65_535, 65_535, 65_535] }],
    ['a record cut short', { answers: [foreign.subarray(0, 20)] }],
    ['a record with more data than there is', { additionals: [record('a.', 1, root).subarray(0, -1)] }],
    ['two OPT records', { additionals: [opt()], edns: true }],
    ['OPT among the answers', { answers: [opt()] }],
    ['OPT in AUTHORITY', { authorities: [opt()] }],
    ['OPT with an owner', { additionals: [record('a.', 41, new Uint8Array(0))] }],
    ['OPT whose owner is a pointer to a root', { additionals: [record(hex('c01c'), 41, new Uint8Array(0))] }],
    ['OPT with half an option', { additionals: [three] }],
    ['OPT with an option over its end', { additionals: [overlong] }],
    ['a signature that is not last', { additionals: [record('key.', 250, root), foreign] }],
    ['a signature among the answers', { answers: [record('key.', 250, root)] }],
    ['an owner that points forward', { additionals: [record(hex('c0ff'), 1, root)] }],
    ['an owner that points at itself', { additionals: [record(hex('c021'), 1, root)] }],
    ['an owner that points into the header', { additionals: [record(hex('c004'), 1, root)] }],
    ['an owner with a label of type 10', { additionals: [record(hex('8161 00'), 1, root)] }],
    ['an owner over 255 octets', { additionals: [record('a.'.repeat(128), 1, root)] }],
  ])('%s', (_, knobs) => {
    expect(decodeQuery(packet(knobs))).toEqual(malformedAt(questionEnd));
  });
});

describe('no octets', () => {
  const seed = packet({
    answers: [foreign],
    additionals: [record(hex('c00c'), 16, root)],
    edns: { options: [{ code: 10 }] },
  });

  test('make it throw: random ones', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 600 }), (octets) => {
        expect(() => decodeQuery(Buffer.from(octets))).not.toThrow();
      }),
      { numRuns: 2000 },
    );
  });

  test('make it throw: sound ones with a few octets changed, cut anywhere', () => {
    const change = fc.tuple(fc.nat(seed.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), fc.integer({ min: 12, max: seed.length }), (changes, end) => {
        const bytes = Buffer.from(seed);
        for (const [at, octet] of changes) bytes[at] = octet;
        expect(() => decodeQuery(bytes.subarray(0, end))).not.toThrow();
      }),
      { numRuns: 3000 },
    );
  });

  test('of the largest packet are read more than once: so many of them would not end', () => {
    const records = Buffer.concat(Array.from({ length: 5900 }, () => record('.', 1, new Uint8Array(0))));
    const many = packet({ additionals: [records], counts: [1, 0, 0, 65_535] }).subarray(0, 65_535);
    const options = Array.from({ length: 16_000 }, () => ({ code: 65_001 }));
    const labels = packet({ additionals: [Buffer.alloc(65_000, 1)], counts: [1, 0, 0, 65_535] });
    for (const bytes of [many, packet({ edns: { options } }), labels, Buffer.alloc(65_535, 0xff)]) {
      for (let i = 0; i < 2000; i++) decodeQuery(bytes);
    }
  });
});
