// Response rate limiting on the wire: what a client network over its rate gets, that others are served as before, and what a
// flood with forged sources is worth to an attacker.

import { describe, expect, test } from 'vitest';
import { name } from '../../../src/dns/message/name.ts';
import { LaterReply } from '../../../src/dns/server/peer.ts';
import type { ResponseRateRules } from '../../../src/dns/server/response-limit.ts';
import { type PacketKnobs, packet, typeNumbers } from '../../kit/dns/packet.ts';
import { readReply } from '../../kit/dns/reply.ts';
import { Harness, type HarnessOptions } from '../../kit/registry/harness.ts';

const rates: ResponseRateRules = {
  perSecond: 5,
  slip: 2,
  windowSeconds: 10,
  seed: 1,
  ipv4Prefix: 24,
  ipv6Prefix: 56,
  exempt: ['10.0.0.0/8', 'fd00::/8'],
};

function world(more: Partial<ResponseRateRules> = {}, options: HarnessOptions = {}): Harness {
  const harness = new Harness({ responseRates: { ...rates, ...more }, ...options });
  for (let i = 0; i < 20; i++) harness.register(`orders.prod/a${i}`, { addrs: [`http://10.0.0.${i}:80`] });
  return harness;
}

type Outcome = 'whole' | 'truncated' | 'silent';

function outcomeOf(reply: Buffer | undefined): Outcome {
  if (reply === undefined) return 'silent';
  const { tc, answer, authority } = readReply(reply);
  return tc && answer.length + authority.length === 0 ? 'truncated' : 'whole';
}

/** How `count` requests fare, all at one moment. */
function asked(
  harness: Harness,
  count: number,
  address = '192.0.2.1',
  knobs: PacketKnobs = { edns: true },
  transport: 'udp' | 'tcp' = 'udp',
): Record<Outcome, number> {
  const outcomes = { whole: 0, truncated: 0, silent: 0 };
  for (let i = 0; i < count; i++) {
    outcomes[outcomeOf(harness.send(packet({ ...knobs, id: i }), transport, harness.handler, address))]++;
  }
  return outcomes;
}

describe('over the rate', () => {
  test('every second reply is cut and the others are silence, from the cache and without it', () => {
    const harness = world();
    expect(asked(harness, 25)).toEqual({ whole: 5, truncated: 10, silent: 10 });
    expect(harness.counters).toMatchObject({ rateTruncated: 10, rateDropped: 10 });
    const { cacheHits, cacheMisses } = harness.counters;
    expect(asked(harness, 100)).toEqual({ whole: 0, truncated: 50, silent: 50 });
    // Whose question was limited is not looked up again, but counted.
    expect(harness.counters).toMatchObject({ cacheHits, cacheMisses, rateTruncated: 60, rateDropped: 60 });
  });

  const cookieOf = (octet: number) => ({ options: [{ code: 10, data: Buffer.alloc(8, octet) }] });

  test.each([
    ['plain', false],
    ['with EDNS', true],
    ['with a client cookie', cookieOf(1)],
  ])('a dear answer is not made for who does not get it: %s', (_, edns) => {
    const harness = world();
    const dear = { name: '_why.orders.prod.svc.', type: typeNumbers.TXT, edns };
    asked(harness, 10, '192.0.2.1', dear);
    harness.register('orders.prod/a0', { addrs: ['http://10.0.0.77:80'] });
    const { cacheMisses } = harness.counters;
    expect(asked(harness, 100, '192.0.2.1', dear)).toEqual({ whole: 0, truncated: 50, silent: 50 });
    expect(harness.counters.cacheMisses).toBe(cacheMisses);
    expect(asked(harness, 1, '10.9.9.9', dear).whole).toBe(1);
  });

  test('what was limited is known for a second: a name that appeared meanwhile has a rate of its own', () => {
    const harness = world();
    const knobs = { name: 'late.prod.svc.', edns: true };
    asked(harness, 1000, '192.0.2.1', knobs);
    harness.register('late.prod/a', { addrs: ['http://10.0.0.5:80'] });
    harness.elapse(1001);
    const reply = harness.send(packet(knobs), 'udp', harness.handler, '192.0.2.1');
    expect(readReply(reply as Buffer)).toMatchObject({ rcode: 'NOERROR', tc: false, answer: { length: 1 } });
  });

  test('a question that others were limited for is answered to who is within the rate, and counted once', () => {
    const harness = world();
    asked(harness, 1000, '192.0.2.1');
    expect(asked(harness, 25, '198.51.100.1')).toEqual({ whole: 5, truncated: 10, silent: 10 });
  });

  test('where a zone is not for all, what was limited for one client is looked up for the next one', () => {
    const zones = [{ zone: name('prod.svc.'), allow: ['192.0.2.0/24'] }];
    const harness = world({ slip: 1 }, { access: { allow: [], zones, denied: 'refuse' } });
    asked(harness, 100, '192.0.2.1');
    const rcodes = Array.from({ length: 10 }, () => {
      const reply = harness.send(packet({ edns: true }), 'udp', harness.handler, '198.51.100.1') as Buffer;
      return readReply(reply).rcode;
    });
    expect(new Set(rcodes)).toEqual(new Set(['REFUSED']));
  });

  test.each([
    [0, { whole: 5, truncated: 0, silent: 20 }],
    [1, { whole: 5, truncated: 20, silent: 0 }],
  ])('slip %i', (slip, outcomes) => expect(asked(world({ slip }), 25)).toEqual(outcomes));

  test('a cut reply has the question in its own case, TC, and as many octets as the request', () => {
    const harness = world({ slip: 1 });
    asked(harness, 5);
    for (const edns of [false, { flags: 0x8000 }, { size: 4096 }]) {
      const request = packet({ name: 'OrDers.prod.svc.', edns, id: 77, flags: 0x0100 });
      const bytes = harness.send(request, 'udp', harness.handler, '192.0.2.1') as Buffer;
      expect(bytes.length).toBe(request.length);
      expect(bytes.subarray(12, 12 + 21)).toEqual(request.subarray(12, 12 + 21));
      const reply = readReply(bytes);
      expect(reply).toMatchObject({ id: 77, tc: true, rcode: 'NOERROR', answer: [], authority: [], additional: [] });
      expect(reply.opt !== undefined).toBe(edns !== false);
    }
  });

  test('kinds of answers are counted apart: a flood for missing names leaves the others alone', () => {
    const harness = world();
    expect(asked(harness, 25, '192.0.2.1', { name: 'nope.prod.svc.' }).whole).toBe(5);
    expect(asked(harness, 25, '192.0.2.1', { name: 'orders.prod.svc.', type: typeNumbers.MX }).whole).toBe(5);
    expect(asked(harness, 25, '192.0.2.1', { name: 'example.com.' }).whole).toBe(5);
    expect(asked(harness, 25).whole).toBe(5);
  });

  test('damaged requests and unknown opcodes are limited, too', () => {
    expect(asked(world(), 25, '192.0.2.1', { opcode: 7 }).silent).toBe(10);
    expect(asked(world(), 25, '192.0.2.1', { counts: [3, 0, 0, 0] }).silent).toBe(10);
  });

  test('replies that come later are limited when they come', async () => {
    async function* echo(_: unknown, bytes: Buffer) {
      yield Buffer.concat([bytes.subarray(0, 2), Buffer.from([0xa8, 0]), bytes.subarray(4)]);
    }
    const harness = world({ slip: 0 }, { requests: { opcodes: new Map([[5, echo]]) } });
    let sent = 0;
    for (let i = 0; i < 12; i++) {
      const peer = { transport: 'udp', address: '192.0.2.1' } as const;
      const reply = harness.handler(packet({ opcode: 5 }), peer) as LaterReply;
      expect(reply).toBeInstanceOf(LaterReply);
      for await (const _ of reply.messages) sent++;
    }
    expect(sent).toBe(5);
  });
});

describe('who is not limited', () => {
  test('another network, while one floods', () => {
    const harness = world();
    asked(harness, 1000, '192.0.2.1');
    expect(asked(harness, 5, '192.0.3.1').whole).toBe(5);
    expect(asked(harness, 5, '2001:db8::1').whole).toBe(5);
  });

  test.each([
    ['192.0.2.1', '192.0.2.254', true],
    ['192.0.2.1', '192.0.3.1', false],
    ['2001:db8:0:1::1', '2001:db8:0:ff::1', true],
    ['2001:db8:0:1::1', '2001:db8:0:100::1', false],
  ])('%s floods; %s counts with it: %s', (flooder, other, isOne) => {
    const harness = world();
    asked(harness, 1000, flooder);
    expect(asked(harness, 1, other).whole).toBe(isOne ? 0 : 1);
  });

  test('prefixes that are no whole octets', () => {
    const harness = world({ ipv4Prefix: 20 });
    asked(harness, 1000, '192.0.16.1');
    expect(asked(harness, 1, '192.0.31.255').whole).toBe(0);
    expect(asked(harness, 1, '192.0.32.1').whole).toBe(1);
  });

  test('exempt networks, and TCP', () => {
    const harness = world();
    expect(asked(harness, 100, '10.1.2.3').whole).toBe(100);
    expect(asked(harness, 100, '192.0.2.1', {}, 'tcp').whole).toBe(100);
  });

  test('a client that shows a cookie of ours; one that shows a forged one is', () => {
    const harness = world();
    const from = '192.0.2.1';
    const withCookie = (data: Buffer): PacketKnobs => ({ edns: { options: [{ code: 10, data }] } });
    const client = Buffer.alloc(8, 7);
    const first = harness.send(packet(withCookie(client)), 'udp', harness.handler, from) as Buffer;
    const cookie = readReply(first).opt?.data.get(10) as Buffer;
    expect(cookie.length).toBe(24);
    asked(harness, 1000, from);
    expect(asked(harness, 100, from, withCookie(cookie)).whole).toBe(100);
    const forged = Buffer.from(cookie);
    forged[20] = (forged[20] as number) ^ 1;
    expect(asked(harness, 20, from, withCookie(forged)).whole).toBe(0);
    // Of another address.
    expect(asked(harness, 20, '192.0.2.9', withCookie(cookie)).whole).toBe(0);
  });

  test('a cut reply brings the cookie with which the next one is whole', () => {
    const harness = world({ slip: 1 });
    const from = '192.0.2.1';
    asked(harness, 1000, from);
    const data = Buffer.alloc(8, 7);
    const cut = harness.send(packet({ edns: { options: [{ code: 10, data }] } }), 'udp', harness.handler, from);
    expect(outcomeOf(cut)).toBe('truncated');
    const cookie = readReply(cut as Buffer).opt?.data.get(10) as Buffer;
    const next = packet({ edns: { options: [{ code: 10, data: cookie }] } });
    expect(outcomeOf(harness.send(next, 'udp', harness.handler, from))).toBe('whole');
  });
});

test('a flood in the name of one network gets fewer octets out than came in, and honest clients go on', () => {
  const harness = world();
  let [sent, received] = [0, 0];
  for (let second = 0; second < 10; second++) {
    for (let i = 0; i < 2000; i++) {
      const request = packet({ edns: true, id: i, type: i % 2 === 0 ? typeNumbers.A : typeNumbers.SRV });
      sent += request.length;
      received += harness.send(request, 'udp', harness.handler, `192.0.2.${i % 250}`)?.length ?? 0;
      if (i % 20 === 0) {
        expect(outcomeOf(harness.send(packet({ edns: true }), 'udp', harness.handler, '10.9.9.9'))).toBe('whole');
      }
    }
    harness.elapse(1000);
  }
  expect(received).toBeLessThan(sent);
});

describe('what one datagram may hold to an address that is not proven', () => {
  const harness = new Harness({ unprovenOctetsMax: 700 });
  for (let i = 0; i < 60; i++) harness.register(`orders.prod/a${i}`, { addrs: [`http://10.0.0.${i}:80`] });

  test('TC beyond the setting, for any EDNS size; a cookie of ours, or TCP, lifts it', () => {
    for (let i = 0; i < 3; i++) {
      const cut = harness.query('orders.prod.svc.', 'A', { edns: { size: 4096 } });
      expect(cut.tc).toBe(true);
      expect(cut.octets).toBeLessThanOrEqual(700);
      expect(cut.octets).toBeGreaterThan(512);
    }
    expect(harness.query('orders.prod.svc.', 'A', { edns: true, tcp: true })).toMatchObject({ tc: false });
    const options = [{ code: 10, data: Buffer.alloc(8, 1) }];
    const cookie = harness.query('orders.prod.svc.', 'A', { edns: { options } }).opt?.data.get(10) as Buffer;
    const proven = harness.query('orders.prod.svc.', 'A', { edns: { options: [{ code: 10, data: cookie }] } });
    expect(proven).toMatchObject({ tc: false, answer: { length: 60 } });
  });
});
