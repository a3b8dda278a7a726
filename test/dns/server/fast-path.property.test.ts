// The fast path answers as the handler does, to the octet, or not at all.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AppView, LeasedInstance } from '../../../src/model/view.ts';
import { mutatedPackets } from '../../kit/dns/mutated-packets.ts';
import { type PacketKnobs, packet } from '../../kit/dns/packet.ts';
import { readReply } from '../../kit/dns/reply.ts';
import { worldLines } from '../../kit/dns/static-world.ts';
import { atOnce, Harness } from '../../kit/registry/harness.ts';

const peer = { transport: 'udp', address: '127.0.0.1' } as const;
const room = 1232;

/** What is at hand, written into a buffer of other octets at an odd place. */
function cached(harness: Harness, bytes: Buffer): Buffer | undefined {
  const request = Buffer.concat([Buffer.alloc(3, 0xee), bytes, Buffer.alloc(5, 0xee)]);
  const reply = Buffer.alloc(room + 20, 0xdd);
  const octets = harness.handler.fromCache?.(request, 3, 3 + bytes.length, reply, 7, peer) ?? 0;
  expect(reply.subarray(0, 7)).toEqual(Buffer.alloc(7, 0xdd));
  expect(reply.subarray(7 + octets).every((octet) => octet === 0xdd)).toBe(true);
  return octets === 0 ? undefined : reply.subarray(7, 7 + octets);
}

/** One instance an app, so that no answer has turns. */
function world(): Harness {
  const harness = new Harness({ lines: worldLines, identity: { serverId: 'here' } });
  for (const app of ['orders', 'pay'])
    harness.register(`${app}.prod/a`, { addrs: ['http://10.0.0.1:80', 'http://[2001:db8::1]:80'] });
  for (let i = 1; i <= 99; i++) harness.register(`${'long-'.repeat(8)}${i}.many/a`);
  return harness;
}

const names = [
  'orders.prod.svc.',
  'OrDers.PROD.svc.',
  'nope.svc.',
  'gone.prod.svc.',
  'example.com.',
  'svc.',
  'prod.svc.',
];

describe('the same octets as the handler', () => {
  const sizes = [undefined, {}, { size: 0 }, { size: 512 }, { size: 4096 }, { flags: 0x8000 }, { extendedRcode: 3 }];
  const others = [
    { version: 1 },
    { flags: 0x7fff },
    { options: [{ code: 3 }] },
    { options: [{ code: 10, data: Buffer.alloc(8) }] },
    { options: [{ code: 10, data: Buffer.alloc(7) }] },
    { options: [{ code: 12, data: Buffer.alloc(9) }] },
  ];

  test('with any question and OPT', () => {
    const harness = world();
    let hits = 0;
    for (const edns of [...sizes, ...others]) {
      for (const name of names) {
        for (const type of [1, 28, 33, 16, 255, 41, 252]) {
          for (const more of [{}, { flags: 0x0100 }, { flags: 0x0030 }, { id: 0xffff }, { class: 3 }, { opcode: 4 }]) {
            const bytes = packet({ name, type, ...(edns === undefined ? {} : { edns }), ...more });
            const before = harness.handler(bytes, peer);
            const reply = cached(harness, bytes);
            if (reply === undefined) continue;
            hits++;
            expect(reply).toEqual(before);
            expect(harness.handler(bytes, peer)).toEqual(before);
          }
        }
      }
    }
    expect(hits).toBeGreaterThan(1000);
  });

  test('with any damage', () => {
    const harness = world();
    const damaged = mutatedPackets(11);
    let hits = 0;
    for (let i = 0; i < 20_000; i++) {
      const bytes = damaged.next().value;
      const before = harness.handler(bytes, peer);
      const reply = cached(harness, bytes);
      if (reply === undefined) continue;
      hits++;
      expect(reply).toEqual(before);
    }
    expect(hits).toBeGreaterThan(500);
    expect(harness.faults).toEqual([]);
  });

  test('after any registrations and cancels in between', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('register' as const), app: fc.constantFrom('orders', 'gone', 'nope') }),
      fc.record({ kind: fc.constant('cancel' as const), app: fc.constantFrom('orders', 'gone', 'nope') }),
      fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 3000 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const harness = new Harness();
        const there = new Set<string>();
        for (const one of steps) {
          if (one.kind === 'wait') harness.elapse(one.ms);
          else if (one.kind === 'register') harness.register(`${one.app}.prod/a`);
          else if (there.has(one.app)) harness.cancel(`${one.app}.prod/a`);
          if (one.kind === 'register') there.add(one.app);
          if (one.kind === 'cancel') there.delete(one.app);
          for (const name of ['orders.prod.svc.', 'gone.prod.svc.', 'nope.prod.svc.', 'prod.svc.']) {
            for (const edns of [false, true]) {
              const bytes = packet({ name, edns });
              const wanted = readReply(harness.uncached(bytes, peer) as Buffer);
              harness.handler(bytes, peer);
              const reply = cached(harness, bytes);
              if (reply !== undefined)
                expect({ ...readReply(reply), opt: undefined }).toEqual({ ...wanted, opt: undefined });
            }
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('what it knows', () => {
  const ask = (knobs: PacketKnobs) => packet(knobs);

  test('takes turns, until the answer is to be chosen anew', () => {
    const harness = new Harness();
    for (const i of [1, 2, 3]) harness.register(`orders.prod/i${i}`, { addrs: [`http://10.0.0.${i}:80`] });
    harness.send(ask({}));
    const firsts = new Map<string, number>();
    let made = 0;
    for (let i = 0; i < 3000; i++) {
      const reply = cached(harness, ask({})) ?? atOnce(harness.handler(ask({}), peer));
      if (reply === undefined) throw new Error('no reply');
      const { answer } = readReply(reply);
      expect(answer).toHaveLength(3);
      const first = answer[0]?.data ?? '';
      firsts.set(first, (firsts.get(first) ?? 0) + 1);
      made = harness.counters.cacheMisses;
    }
    expect([...firsts.values()].every((count) => count > 900 && count < 1100)).toBe(true);
    expect(made).toBeLessThan(40);
  });

  test('notes when it was handed out', () => {
    const harness = new Harness();
    harness.register('orders.prod/a');
    const { instance } = (harness.registry.at('prod', 'orders') as AppView).byLabel('a') as LeasedInstance;
    harness.send(ask({}));
    harness.elapse(2000);
    expect(cached(harness, ask({}))).toBeDefined();
    const nowMs = harness.clock.monotonicMs();
    expect(harness.outstanding.of(instance, nowMs).lastServedMs).toBe(nowMs);
  });

  test('counts as the handler does', () => {
    const harness = new Harness();
    harness.register('orders.prod/a');
    for (const name of ['orders.prod.svc.', 'nope.svc.']) for (let i = 0; i < 3; i++) harness.send(ask({ name }));
    const { cacheHits, cacheMisses } = harness.counters;
    expect({ cacheHits, cacheMisses }).toEqual({ cacheHits: 2, cacheMisses: 4 });
    expect([...harness.counters.queries()]).toEqual([
      { transport: 'udp', type: 'A', rcode: 'NOERROR', count: 3 },
      { transport: 'udp', type: 'A', rcode: 'NXDOMAIN', count: 3 },
    ]);
  });

  test('is not pushed out by names without number', () => {
    const harness = new Harness({ cacheOctetsMax: 20_000 });
    for (let i = 0; i < 20; i++) harness.register(`app-${i}.prod/a`);
    const good = Array.from({ length: 20 }, (_, i) => ask({ name: `app-${i}.prod.svc.` }));
    for (const bytes of good) harness.send(bytes);
    const atHand = () => good.filter((bytes) => cached(harness, bytes) !== undefined).length;
    const before = atHand();
    expect(before).toBeGreaterThan(10);
    for (let i = 0; i < 5000; i++) harness.send(ask({ name: i % 2 === 0 ? `no-${i}.prod.svc.` : `no-${i}.example.` }));
    expect(atHand()).toBe(before);
  });
});
