// The addresses of small apps, read off their rows, are what the registry itself would answer: the same records, TTLs and
// header for any history; and each instance that they led to is held as long as a packet capture shows.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NaiveOutstanding } from '../../kit/dns/naive-outstanding.ts';
import { type PacketKnobs, packet } from '../../kit/dns/packet.ts';
import { ReplicaWorld } from '../../kit/dns/replica-world.ts';
import { type Reply, readReply } from '../../kit/dns/reply.ts';
import { keyOf } from '../../kit/registry/harness.ts';

/** Without what may be another from answer to answer. */
function comparable({ answer, ...rest }: Reply): object {
  return { ...rest, answer: answer.map(({ owner, type, ttl, data }) => `${owner} ${type} ${ttl} ${data}`).sort() };
}

function truth(world: ReplicaWorld, bytes: Buffer): Reply {
  return readReply(world.harness.send(bytes, 'udp', world.harness.uncached) as Buffer);
}

const apps = ['orders.prod', 'eu.orders.prod', 'pay.prod'];
const ids = ['i1', 'i2', 'i3'];
const place = fc.tuple(fc.nat(apps.length - 1), fc.nat(ids.length - 1));
const fields = fc.record({
  kind: fc.constantFrom('one', 'one', 'one', 'ports', 'both'),
  at: fc.integer({ min: 1, max: 3 }),
  status: fc.constantFrom('up', 'up', 'up', 'waiting'),
  weight: fc.constantFrom(10, 10, 10, 20),
  priority: fc.constantFrom(0, 0, 0, 1),
  dnsTtl: fc.constantFrom(0, 5, 5, 5, 30),
  leaseSeconds: fc.constantFrom(8, 60, 90),
});
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ what: fc.constant('register' as const), place, fields }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('cancel' as const), place }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('drain' as const), place }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('renew' as const), place }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('elapse' as const), ms: fc.nat(7000) }) },
  {
    weight: 6,
    arbitrary: fc.record({ what: fc.constant('ask' as const), app: fc.nat(apps.length - 1), edns: fc.boolean() }),
  },
);

function bodyOf(number: number, id: number, { kind, at, ...rest }: { kind: string; at: number }): object {
  const host = `10.${number}.${id + 1}.${at}`;
  const addrs = {
    one: [`http://${host}:80`],
    ports: [`http://${host}:80`, `grpc://${host}:90`],
    both: [`http://${host}:80`, `http://[2001:db8:${number}:${id + 1}::${at}]:80`],
  }[kind];
  return { addrs, ...rest };
}

test('any history: the records of the registry, and held as a packet capture has it', () => {
  let direct = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(1, 1024 * 1024),
      fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }),
      (cacheOctetsMax, steps) => {
        const world = new ReplicaWorld({ cacheOctetsMax });
        const { harness } = world;
        const naive = new NaiveOutstanding(apps);
        const textOf = ([app, id]: readonly [number, number]) => `${apps[app]}/${ids[id]}`;
        for (const app of apps.keys())
          for (const id of ids.keys())
            harness.register(textOf([app, id]), bodyOf(app, id, { kind: 'one', at: 9 }) as never);
        for (const one of steps) {
          const nowMs = harness.clock.monotonicMs();
          if (one.what === 'register') harness.register(textOf(one.place), bodyOf(...one.place, one.fields) as never);
          else if (one.what === 'cancel') harness.registry.cancel(keyOf(textOf(one.place)));
          else if (one.what === 'drain') harness.registry.drain(keyOf(textOf(one.place)));
          else if (one.what === 'renew') harness.registry.renew(keyOf(textOf(one.place)));
          else if (one.what === 'elapse') harness.elapse(one.ms);
          else {
            const bytes = packet({ name: `${apps[one.app]}.svc.`, edns: one.edns, flags: 0x0100, id: 77 });
            const misses = world.counters.cacheMisses;
            const reply = world.atHand(bytes);
            if (reply === undefined) {
              naive.sent(world.handler(bytes, { transport: 'udp', address: '127.0.0.1' }) as Buffer, nowMs);
              continue;
            }
            naive.sent(reply, nowMs);
            // Not of the cache, whose TTLs may be shorter after a renewal.
            if (world.counters.cacheMisses === misses) continue;
            direct++;
            expect(comparable(readReply(reply))).toEqual(comparable(truth(world, bytes)));
          }
          for (const app of apps.keys()) {
            for (const id of ids.keys()) {
              const at = harness.clock.monotonicMs();
              const wanted = naive.of(app, id + 1, at);
              const got = world.outstanding.of({ ...keyOf(textOf([app, id])), dnsTtl: 5 }, at);
              if (wanted === undefined) expect(got.lastServedMs).toBeUndefined();
              else expect({ place: textOf([app, id]), ...got }).toEqual({ place: textOf([app, id]), ...wanted });
            }
          }
        }
      },
    ),
    { numRuns: 150 },
  );
  // Without any, nothing would have been compared.
  expect(direct).toBeGreaterThan(300);
});

describe('an app of a few instances', () => {
  const ask = (knobs: PacketKnobs = {}) => packet({ name: 'orders.prod.svc.', ...knobs });
  const worldOf = (count: number, body: object = {}): ReplicaWorld => {
    const world = new ReplicaWorld();
    for (let i = 1; i <= count; i++)
      world.harness.register(`orders.prod/i${i}`, { addrs: [`http://10.0.0.${i}:80`], ...body });
    return world;
  };

  test('is answered at once, in the letter case and with the flags of the request', () => {
    for (const count of [1, 2, 10, 24]) {
      const knobs: PacketKnobs[] = [
        { flags: 0x0100 },
        { name: 'OrDers.PROD.svc.', edns: true },
        { edns: { flags: 0x8000, size: 700 } },
      ];
      for (const more of knobs) {
        const world = worldOf(count);
        const bytes = ask(more);
        const reply = world.atHand(bytes);
        if (reply === undefined) throw new Error('nothing is at hand');
        expect(comparable(readReply(reply))).toEqual(comparable(truth(world, bytes)));
        expect(readReply(reply).answer).toHaveLength(count);
      }
    }
  });

  test('of one instance, to the octet', () => {
    for (const edns of [false, true, { flags: 0x8000 }]) {
      const world = worldOf(1);
      const bytes = ask({ edns, id: 0xffff, flags: 0x0100 });
      expect(world.atHand(bytes)).toEqual(world.harness.send(bytes, 'udp', world.harness.uncached));
    }
  });

  test('each of them is first as often as the others', () => {
    const world = new ReplicaWorld();
    const firsts = new Map<string, number>();
    for (let i = 0; i < 300; i++) {
      world.harness.register(`app-${i}.prod/a`, { addrs: ['http://10.0.1.1:80'] });
      world.harness.register(`app-${i}.prod/b`, { addrs: ['http://10.0.1.2:80'] });
      const reply = world.atHand(ask({ name: `app-${i}.prod.svc.` }));
      const first = readReply(reply as Buffer).answer[0]?.data ?? '';
      firsts.set(first, (firsts.get(first) ?? 0) + 1);
    }
    expect([...firsts.values()].every((count) => count > 140 && count < 160)).toBe(true);
  });

  test('is kept when it is asked for again, in the octets of the handler, and counted as made once more', () => {
    for (const count of [1, 3]) {
      const world = worldOf(count);
      const { counters } = world;
      const replies = [{}, { edns: true, name: 'ORDERS.prod.svc.' }, { id: 5 }, { edns: { flags: 0x8000 } }].map(
        (knobs) => [ask(knobs), world.atHand(ask(knobs))] as const,
      );
      for (const [bytes, reply] of replies)
        expect(comparable(readReply(reply as Buffer))).toEqual(comparable(truth(world, bytes)));
      expect([counters.cacheHits, counters.cacheMisses]).toEqual([2, 2]);
      // For TCP as well.
      const overTcp = world.handler(ask(), { transport: 'tcp', address: '127.0.0.1' });
      expect(comparable(readReply(overTcp as Buffer))).toEqual(comparable(truth(world, ask())));
      expect([counters.cacheHits, counters.cacheMisses]).toEqual([3, 2]);
    }
  });

  test('takes turns in what is kept, and is made anew once they are through', () => {
    const world = worldOf(3);
    const firsts = new Map<string, number>();
    for (let i = 0; i < 600; i++) {
      const first = readReply(world.atHand(ask()) as Buffer).answer[0]?.data ?? '';
      firsts.set(first, (firsts.get(first) ?? 0) + 1);
    }
    expect([...firsts.values()].every((count) => count > 190 && count < 210)).toBe(true);
    // A plan has 128 turns.
    expect(world.counters.cacheMisses).toBe(6);
  });

  test('is not served from what was kept once it has changed, and those that have left are held for its last time', () => {
    const world = worldOf(2);
    for (let i = 0; i < 2; i++) world.atHand(ask());
    world.harness.elapse(700);
    const lastMs = world.harness.clock.monotonicMs();
    world.atHand(ask());
    world.harness.elapse(300);
    world.harness.registry.cancel(keyOf('orders.prod/i1'));
    expect(readReply(world.atHand(ask()) as Buffer).answer.map(({ data }) => data)).toEqual(['10.0.0.2']);
    const held = world.outstanding.of({ ...keyOf('orders.prod/i1'), dnsTtl: 5 }, world.harness.clock.monotonicMs());
    expect(held.lastServedMs).toBe(lastMs);
  });

  test.each<[string, object, PacketKnobs]>([
    ['with other weights', { weight: 7 }, {}],
    ['with another TTL', { dnsTtl: 9 }, {}],
    ['with another priority', { priority: 3 }, {}],
    ['with an IPv6 address beside the other', { addrs: ['http://10.0.0.8:80', 'http://[2001:db8::1]:80'] }, {}],
    ['with an address that another has', { addrs: ['http://10.0.0.1:80'] }, {}],
  ])('is left to the handler where one is %s', (_, body, knobs) => {
    const world = worldOf(2);
    world.harness.register('orders.prod/other', { addrs: ['http://10.0.0.9:80'], ...body });
    expect(world.atHand(ask(knobs))).toBeUndefined();
  });

  test('is left to the handler where there are more than fit a look, or none is up', () => {
    expect(worldOf(25).atHand(ask())).toBeUndefined();
    expect(worldOf(2, { status: 'waiting' }).atHand(ask())).toBeUndefined();
  });

  test('is left to the handler where a zone file has the name, or a cut above it', () => {
    for (const line of [
      'orders.prod.svc. 60 A 10.9.9.9',
      'orders.prod.svc. 60 TXT "x"',
      'prod.svc. 60 NS ns.example.com.',
    ]) {
      const world = new ReplicaWorld({ lines: [line] });
      world.harness.register('orders.prod/a', { addrs: ['http://10.0.0.1:80'] });
      expect(world.atHand(ask())).toBeUndefined();
    }
  });

  test('whose leases are about to end is left to the handler', () => {
    const world = worldOf(2, { leaseSeconds: 20 });
    world.harness.elapse(15_000);
    expect(world.atHand(ask())).toBeUndefined();
    world.harness.renew('orders.prod/i1');
    world.harness.renew('orders.prod/i2');
    expect(world.atHand(ask())).toBeDefined();
  });

  test('is no other of the same hash: a label with a dot in it is none of its name', () => {
    const world = new ReplicaWorld();
    world.harness.register('acme.pay.prod/a', { addrs: ['http://10.0.0.1:80'] });
    expect(world.atHand(packet({ name: 'acme.pay.prod.svc.' }))).toBeDefined();
    const joined = Buffer.from('\x08acme.pay\x04prod\x03svc\x00', 'latin1');
    const reply = world.atHand(packet({ name: joined }));
    if (reply !== undefined) expect(readReply(reply).rcode).toBe('NXDOMAIN');
  });
});
