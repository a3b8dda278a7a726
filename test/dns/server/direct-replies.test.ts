// That a name is not there is answered without an earlier answer, in the octets of the handler, and only where it is so.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Rcode } from '../../../src/dns/message/message.ts';
import { name, nameOf, ROOT } from '../../../src/dns/message/name.ts';
import { type PacketKnobs, packet } from '../../kit/dns/packet.ts';
import { worldLines } from '../../kit/dns/static-world.ts';
import { Harness, type HarnessOptions } from '../../kit/registry/harness.ts';

const peer = { transport: 'udp', address: '127.0.0.1' } as const;
/** Requests lie anywhere in a ring, far from its start as well. */
const requestAt = 200_003;
const ring = Buffer.alloc(requestAt + 600, 0xee);

function atHand(harness: Harness, bytes: Buffer): Buffer | undefined {
  bytes.copy(ring, requestAt);
  const reply = Buffer.alloc(600, 0xdd);
  const octets = harness.handler.fromCache?.(ring, requestAt, requestAt + bytes.length, reply, 7, peer) ?? 0;
  expect(reply.subarray(7 + octets).every((octet) => octet === 0xdd)).toBe(true);
  return octets === 0 ? undefined : reply.subarray(7, 7 + octets);
}

function registered(options: HarnessOptions = {}): Harness {
  const harness = new Harness(options);
  harness.register('orders.prod/a');
  harness.register('orders.prod/b.c');
  harness.register('acme.pay.prod/a', { tags: ['blue'] });
  harness.register('pay.test/Prod');
  return harness;
}

const rcodeOf = (reply: Buffer | undefined): number | undefined =>
  reply === undefined ? undefined : (reply[3] as number) & 0x0f;

describe('what is not there is at hand', () => {
  const harness = registered({ lines: ['www.svc. 60 A 10.0.0.9', 'ftp.prod.svc. 60 A 10.0.0.9'] });
  test.each([
    ['an env', 'orders.nope.svc.', Rcode.NXDOMAIN],
    ['an env alone', 'nope.svc.', Rcode.NXDOMAIN],
    ['an app', 'nope.prod.svc.', Rcode.NXDOMAIN],
    ['below a part of an app name', 'x.nope.pay.prod.svc.', undefined],
    ['below an app', 'nope.orders.prod.svc.', Rcode.NXDOMAIN],
    ['below an app, in any letter case', 'x.Nope.ORDERS.Prod.SVC.', Rcode.NXDOMAIN],
    ['an app of another env', 'orders.test.svc.', Rcode.NXDOMAIN],
    ['a zone', 'example.com.', Rcode.REFUSED],
  ])('%s', (_, asked, rcode) => {
    for (const type of [1, 28, 16, 33, 6]) {
      const bytes = packet({ name: asked, type, id: 0x1234, flags: 0x0100 });
      const reply = atHand(harness, bytes);
      expect(rcodeOf(reply)).toBe(rcode);
      if (reply !== undefined) expect(reply).toEqual(harness.uncached(bytes, peer));
    }
  });

  test('and counted as an answer that was made, with who asked', () => {
    const before = harness.counters.cacheMisses;
    atHand(harness, packet({ name: 'nope.prod.svc.', type: 1 }));
    expect(harness.counters.cacheMisses).toBe(before + 1);
  });
});

test('what is there is never said not to be, whatever was registered, and all is as the handler has it', () => {
  const label = fc.constantFrom(
    ...['a', 'b-c', 'prod', 'test', 'orders', 'pay', 'acme', 'svc', 'Nope', '_http', '_tcp', 'b.c', 'www', 'acme.pay'],
    ...['example', 'arpa', 'in-addr', '10', '\xe9', 'a'.repeat(63), 'sub', 'ns'],
  );
  const names = fc.tuple(fc.array(label, { maxLength: 6 }), fc.boolean());
  const app = fc.tuple(
    fc.constantFrom('orders', 'pay', 'acme.pay', 'nope.acme.pay', 'www'),
    fc.constantFrom('prod', 'a'),
  );
  let absent = 0;
  fc.assert(
    fc.property(fc.array(app, { maxLength: 4 }), fc.array(names, { minLength: 5, maxLength: 30 }), (apps, asked) => {
      const harness = new Harness({
        lines: ['www.svc. 60 A 10.0.0.9', 'ns.b-c.svc. 60 A 10.0.0.9'],
        zones: { 'sub.svc.': ['sub.svc. 60 SOA ns.sub.svc. mail.sub.svc. 1 3600 600 86400 5'] },
      });
      for (const [appid, env] of apps) harness.register(`${appid}.${env}/a`, { addrs: ['http://10.0.0.1:80'] });
      for (const [labels, isOurs] of asked) {
        const own = nameOf(isOurs ? [...labels, 'svc'] : labels, ROOT);
        if (own === undefined) continue;
        for (const type of [1, 12, 43, 252, 255]) {
          const bytes = packet({ name: Buffer.from(own, 'latin1'), type });
          const reply = atHand(harness, bytes);
          if (reply === undefined) continue;
          absent++;
          expect(reply).toEqual(harness.uncached(bytes, peer));
        }
      }
    }),
    { numRuns: 60 },
  );
  // By chance 900 to 1500: without any, nothing would have been compared.
  expect(absent).toBeGreaterThan(300);
});

describe('nothing is at hand', () => {
  test.each<[string, Harness, PacketKnobs]>([
    ['where a wildcard may be meant', registered({ lines: ['*.prod.svc. 60 A 10.0.0.9'] }), { name: 'nope.prod.svc.' }],
    ['below a delegation', registered({ lines: worldLines }), { name: 'nope.prod.svc.' }],
    ['before the registry has its state', registered({ isReady: () => false }), { name: 'nope.prod.svc.' }],
    ['with an OPT, whose reply says why', registered(), { name: 'nope.prod.svc.', edns: true }],
    ['for another class', registered(), { name: 'nope.prod.svc.', class: 3 }],
    ['for a transfer', registered(), { name: 'nope.prod.svc.', type: 252 }],
    [
      'where not all may ask',
      registered({ access: { allow: [], zones: [{ zone: name('svc.'), allow: ['10.0.0.0/8'] }], denied: 'refuse' } }),
      {},
    ],
  ])('%s', (_, harness, knobs) => {
    expect(atHand(harness, packet({ name: 'nope.prod.svc.', ...knobs }))).toBeUndefined();
  });
});

test('an app that comes is there at once, and gone once it has left', () => {
  const harness = registered();
  const bytes = packet({ name: 'late.prod.svc.', type: 1 });
  expect(rcodeOf(atHand(harness, bytes))).toBe(Rcode.NXDOMAIN);
  harness.register('late.prod/a', { addrs: ['http://10.0.0.1:80'] });
  expect(atHand(harness, bytes)).toBeUndefined();
  harness.cancel('late.prod/a');
  const reply = atHand(harness, bytes);
  expect(reply).toEqual(harness.uncached(bytes, peer));
  expect(rcodeOf(reply)).toBe(Rcode.NXDOMAIN);
});
