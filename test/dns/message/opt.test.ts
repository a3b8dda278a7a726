// The OPT record of replies, on the wire: what goes in, what never comes back, and that it makes no reply too large.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Option, opt, type PacketKnobs, packet, record } from '../../kit/dns/packet.ts';
import { type Reply, readReply } from '../../kit/dns/reply.ts';
import { worldLines } from '../../kit/dns/static-world.ts';
import { Harness } from '../../kit/registry/harness.ts';

const NSID: Option = { code: 3 };
const COOKIE: Option = { code: 10, data: Buffer.alloc(8, 0xc0) };
const badCookie: Option = { code: 10, data: Buffer.alloc(7) };
const app = 'orders.prod.svc.';

function world(serverId = ''): Harness {
  const harness = new Harness({ lines: worldLines, identity: { serverId, serverVersion: 'v'.repeat(100) } });
  for (let i = 1; i <= 120; i++) harness.register('orders.prod/i'.concat(`${i}`), { addrs: [`http://10.0.0.${i}:80`] });
  harness.register('mute.prod/a', { status: 'waiting' });
  return harness;
}

function ask(harness: Harness, knobs: PacketKnobs, transport: 'udp' | 'tcp' = 'udp'): Reply {
  return readReply(harness.send(packet(knobs), transport) ?? Buffer.alloc(0));
}

/** Requests for every kind of reply that can carry an OPT. */
const kinds: readonly (readonly [string, PacketKnobs])[] = [
  ['an answer', { name: 'mute.prod.svc.', type: 6 }],
  ['NODATA', { name: app, type: 28 }],
  ['NXDOMAIN', { name: 'nope.svc.' }],
  ['a cut answer', { name: app }],
  ['a referral', { name: 'x.child.svc.' }],
  ['aliases without end', { name: 'self.svc.' }],
  ['too many aliases', { name: 'chain0.svc.' }],
  ['REFUSED', { name: 'example.com.' }],
  ['a zone transfer', { name: 'svc.', type: 252 }],
  ['another class', { class: 4 }],
  ['class CH', { class: 3, name: 'version.bind.', type: 16 }],
  ['NOTIMP', { opcode: 2 }],
  ['NOTIFY', { opcode: 4 }],
  ['an explanation', { name: `_why.${app}`, type: 16 }],
];

describe('NSID', () => {
  const named = world('ns-1.example');

  test.each(kinds)('stands in %s when it is asked for, with or without octets', (_, knobs) => {
    for (const data of [Buffer.alloc(0), Buffer.from('anything')]) {
      const reply = ask(named, { ...knobs, edns: { options: [{ ...NSID, data }] } }, 'tcp');
      expect(reply.opt?.data.get(3)?.toString()).toBe('ns-1.example');
    }
    expect(ask(named, { ...knobs, edns: true }, 'tcp').opt?.options).not.toContain(3);
  });

  test('stands in BADVERS too, where nothing else of the answer does', () => {
    const reply = ask(named, { edns: { version: 1, options: [NSID, COOKIE] } });
    expect(reply).toMatchObject({ rcode: 'BADVERS', answer: [], opt: { options: [10, 3], version: 0 } });
  });

  test('asked for twice comes once', () => {
    expect(ask(named, { edns: { options: [NSID, NSID] } }).opt?.options.filter((code) => code === 3)).toHaveLength(1);
  });

  test('that is not configured is absent', () => {
    expect(ask(world(), { edns: { options: [NSID] } }).opt?.options).not.toContain(3);
  });
});

describe('DO', () => {
  const harness = world('n');

  test.each(kinds)('is copied into %s, and no other flag', (_, knobs) => {
    for (const options of [[], [NSID, COOKIE]]) {
      expect(ask(harness, { ...knobs, edns: { flags: 0x8000, options } }).opt?.flags).toBe(0x8000);
      expect(ask(harness, { ...knobs, edns: { flags: 0xffff, options } }).opt?.flags).toBe(0x8000);
      expect(ask(harness, { ...knobs, edns: { flags: 0x7fff, options } }).opt?.flags).toBe(0);
    }
  });
});

describe('FORMERR for a cookie of a length that none has', () => {
  test('is a server that knows EDNS: the OPT stands in it, without the cookie', () => {
    const harness = world();
    const reply = ask(harness, { edns: { options: [badCookie] } });
    expect(reply).toMatchObject({ rcode: 'FORMERR', aa: false, answer: [], opt: { version: 0, options: [] } });
    // The reference's octets: header, question, an empty OPT.
    expect(reply.octets).toBe(12 + app.length + 1 + 4 + 11);
    expect(reply.question).toHaveLength(app.length + 1 + 4);
  });

  test('comes after the version and the opcode, and before the data', () => {
    const harness = world();
    const options = [badCookie];
    expect(ask(harness, { edns: { version: 1, options } }).rcode).toBe('BADVERS');
    expect(ask(harness, { opcode: 2, edns: { options } }).rcode).toBe('NOTIMP');
    expect(ask(harness, { name: 'example.com.', edns: { options } }).rcode).toBe('FORMERR');
    expect(ask(harness, { class: 3, edns: { options } }).rcode).toBe('FORMERR');
    expect(ask(harness, { name: null, edns: { options } }).rcode).toBe('FORMERR');
  });

  test('looks at the first cookie alone', () => {
    const harness = world();
    expect(ask(harness, { edns: { options: [COOKIE, badCookie] } }).rcode).toBe('NOERROR');
    expect(ask(harness, { edns: { options: [badCookie, COOKIE] } }).rcode).toBe('FORMERR');
  });
});

describe('for any request', () => {
  const option = fc.oneof(
    { weight: 2, arbitrary: fc.constant(NSID) },
    { weight: 2, arbitrary: fc.constant(COOKIE) },
    { weight: 1, arbitrary: fc.constant({ code: 10, data: Buffer.alloc(40, 1) }) },
    { weight: 2, arbitrary: fc.record({ code: fc.nat(65_535), data: fc.uint8Array({ maxLength: 40 }) }) },
  );
  const label = fc.stringMatching(/^[a-z]{1,63}$/);
  const long = fc
    .array(label, { minLength: 1, maxLength: 5 })
    .map((labels) => [...labels, 'svc'])
    .filter((labels) => labels.reduce((sum, { length }) => sum + length + 1, 1) <= 255);
  const knobs = fc.record({
    name: fc.oneof(fc.constantFrom(...kinds.map(([, { name = app }]) => name)), long, fc.constant(null)),
    type: fc.constantFrom(1, 2, 6, 12, 16, 28, 33, 64, 65, 252, 255, 777),
    class: fc.constantFrom(1, 1, 1, 1, 3, 255),
    opcode: fc.constantFrom(0, 0, 0, 0, 2, 4),
    edns: fc.record({
      size: fc.constantFrom(0, 511, 512, 513, 600, 700, 1231, 1232, 1233, 4096, 65_535),
      version: fc.constantFrom(0, 0, 0, 0, 1),
      flags: fc.nat(65_535),
      options: fc.array(option, { maxLength: 4 }),
    }),
  });
  const sent = new Set([3, 10, 15]);

  test('a reply fits the client, and has no option but ours, each once', () => {
    const harness = world('n'.repeat(100));
    fc.assert(
      fc.property(knobs, (one) => {
        const reply = ask(harness, one);
        expect(reply.octets).toBeLessThanOrEqual(Math.min(1232, Math.max(512, one.edns.size)));
        const options = reply.opt?.options ?? [];
        expect(options.filter((code) => !sent.has(code))).toEqual([]);
        expect(new Set(options).size).toBe(options.length);
      }),
      { numRuns: 2000 },
    );
    expect(harness.faults).toEqual([]);
  });

  test('a refusal is at most 11 octets longer than what it refuses; a new cookie adds 16, as its RFC wants', () => {
    const harness = world('n'.repeat(100));
    const refusals = new Set(['FORMERR', 'NOTIMP', 'REFUSED', 'NOTAUTH']);
    fc.assert(
      fc.property(knobs, fc.boolean(), (one, isSigned) => {
        const additionals = isSigned ? [opt(one.edns), record('key.', 250, Uint8Array.of(0))] : [];
        const request = packet(isSigned ? { ...one, edns: false, additionals } : one);
        const reply = readReply(harness.send(request) ?? Buffer.alloc(0));
        if (!refusals.has(reply.rcode)) return;
        const grown = reply.octets - request.length;
        expect(grown).toBeLessThanOrEqual(reply.opt?.data.has(10) === true ? 16 : 11);
      }),
      { numRuns: 2000 },
    );
  });

  test('over TCP, where addresses cannot be forged, a refusal is whole', () => {
    const reply = ask(world('n'.repeat(100)), { name: 'example.com.', edns: { options: [NSID, COOKIE] } }, 'tcp');
    expect(reply).toMatchObject({ rcode: 'REFUSED', opt: { options: [10, 3, 15] } });
  });
});
