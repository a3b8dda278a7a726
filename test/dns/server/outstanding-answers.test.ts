// Until when an answer with an instance in it may be held: what every kind of answer hands out, and what not.

import { describe, expect, test } from 'vitest';
import { OutstandingAnswers } from '../../../src/dns/server/outstanding-answers.ts';
import type { Change } from '../../../src/model/change.ts';
import type { Instance } from '../../../src/model/instance.ts';
import type { TypeName } from '../../kit/dns/packet.ts';
import { Harness, type HarnessOptions, keyOf } from '../../kit/registry/harness.ts';

const app = 'orders.prod.svc.';

function instanceAt(place: string, dnsTtl = 5): Instance {
  return { ...keyOf(place), dnsTtl } as Instance;
}

/** Milliseconds from now for which a resolver may hold an answer with it; 0: none does. */
function heldMs(harness: Harness, place: string): number {
  const nowMs = harness.clock.monotonicMs();
  return Math.max(0, harness.outstanding.of(instanceAt(place), nowMs).heldUntilMs - nowMs);
}

function world(options: HarnessOptions = {}): Harness {
  const harness = new Harness(options);
  for (const i of [1, 2]) {
    const metadata = { team: 'checkout' };
    harness.register(`orders.prod/a${i}`, { addrs: [`http://10.0.0.${i}:80`], version: `${i}`, metadata });
  }
  return harness;
}

/** TTL 5, the second that resolvers round by, and what is on its way. */
const held = 6500;

describe('is held, by its TTL', () => {
  test.each<[name: string, type: TypeName]>([
    [app, 'A'],
    [app, 'SRV'],
    [app, 'TXT'],
    [app, 'HTTPS'],
    [app, 'SVCB'],
    [app, 'ANY'],
    [`_http._tcp.${app}`, 'SRV'],
    [`a1.${app}`, 'A'],
    [`a1.${app}`, 'TXT'],
    [`http.a1.${app}`, 'A'],
    [`1._version.${app}`, 'A'],
    [`http._port.${app}`, 'A'],
    ['a1~orders._http._tcp.prod.svc.', 'SRV'],
    ['a1~orders._http._tcp.prod.svc.', 'TXT'],
    ['toapp.svc.', 'A'],
    ['x.wild.svc.', 'A'],
    [`x.redirected.svc.`, 'A'],
    ['mail.svc.', 'MX'],
  ])('who is in the answer to %s %s', (name, type) => {
    const lines = [
      'toapp.svc. 60 CNAME orders.prod.svc.',
      '*.wild.svc. 60 CNAME orders.prod.svc.',
      'redirected.svc. 60 DNAME aliases.svc.',
      'x.aliases.svc. 60 CNAME a1.orders.prod.svc.',
      'mail.svc. 60 MX 10 orders.prod.svc.',
    ];
    const harness = world({ lines });
    // HTTPS is made of ports of that name alone.
    const addrs = ['http://10.0.0.1:80', 'https://10.0.0.1:443'];
    if (type === 'HTTPS') harness.patch('orders.prod/a1', { addrs });
    expect(heldMs(harness, 'orders.prod/a1')).toBe(0);
    harness.query(name, type, { tcp: true });
    expect(heldMs(harness, 'orders.prod/a1')).toBe(held);
    harness.elapse(1000);
    expect(heldMs(harness, 'orders.prod/a1')).toBe(held - 1000);
    harness.query(name, type, { tcp: true });
    expect(heldMs(harness, 'orders.prod/a1')).toBe(held);
    harness.cancel('orders.prod/a1');
    harness.elapse(held - 1);
    expect(heldMs(harness, 'orders.prod/a1')).toBe(1);
    harness.elapse(1);
    expect(heldMs(harness, 'orders.prod/a1')).toBe(0);
  });

  test('with the TTL that was handed out: the shorter one near the end of the lease, and none in its last second', () => {
    const harness = world();
    harness.elapse(87_000);
    expect(harness.query(app).answer[0]?.ttl).toBe(3);
    expect(heldMs(harness, 'orders.prod/a1')).toBe(4500);
    harness.elapse(2500);
    expect(harness.query(`a2.${app}`).answer[0]?.ttl).toBe(0);
    expect(heldMs(harness, 'orders.prod/a2')).toBe(2000);
    const fresh = world();
    fresh.register('zero.prod/a1', { dnsTtl: 0 });
    fresh.query('zero.prod.svc.');
    // It is not cached, but it is on its way.
    expect(heldMs(fresh, 'zero.prod/a1')).toBe(500);
  });

  test('for as long as the longest of its TTLs: a shorter one later does not shorten it', () => {
    const harness = world();
    harness.patch('orders.prod/a1', { dnsTtl: 3600, leaseSeconds: 86_400 });
    harness.query(`a1.${app}`);
    harness.patch('orders.prod/a1', { dnsTtl: 1 });
    harness.elapse(1000);
    harness.query(`a1.${app}`);
    expect(heldMs(harness, 'orders.prod/a1')).toBe(3600_500);
  });

  test('over a cancellation and a new registration of the same id, in any case', () => {
    const harness = world();
    harness.query(app);
    harness.cancel('orders.prod/a1');
    harness.register('orders.prod/A1', { addrs: ['http://10.0.0.3:80'] });
    expect(heldMs(harness, 'orders.prod/A1')).toBe(held);
  });

  test('served from the cache or not, and when it was last served', () => {
    const harness = world();
    for (let second = 0; second < 300; second++) {
      harness.query(app);
      harness.clock.advance(100);
    }
    expect(harness.counters.cacheHits).toBeGreaterThan(200);
    const nowMs = harness.clock.monotonicMs();
    expect(harness.outstanding.of(instanceAt('orders.prod/a1'), nowMs)).toEqual({
      lastServedMs: nowMs - 100,
      heldUntilMs: nowMs - 100 + held,
    });
    harness.elapse(held);
    expect(harness.outstanding.of(instanceAt('orders.prod/a1'), nowMs + held).lastServedMs).toBeUndefined();
  });

  test('when the cache has dropped the answer for others', () => {
    const harness = world({ cacheOctetsMax: 3000 });
    harness.query(`a1.${app}`);
    harness.query(`a1.${app}`);
    for (let i = 0; i < 100; i++) harness.query(`_${i}.svc.`);
    for (let i = 0; i < 20; i++) harness.query(`${i}._version.${app}`.replace(/^/, '_http._tcp.'), 'SRV');
    for (const type of ['A', 'SRV', 'TXT', 'HTTPS', 'SVCB', 'AAAA'] as const) harness.query(`a2.${app}`, type);
    expect(heldMs(harness, 'orders.prod/a1')).toBe(held);
  });
});

describe('is not held', () => {
  test.each<[what: string, ask: (harness: Harness) => void]>([
    ['who was not asked for', () => {}],
    ['when another instance was asked for', (harness) => harness.query(`a2.${app}`)],
    ['when another selection was', (harness) => harness.query(`2._version.${app}`)],
    ['who is only listed for browsing', (harness) => harness.query('_http._tcp.prod.svc.', 'PTR')],
    ['whose address was looked up', (harness) => harness.query('1.0.0.10.in-addr.arpa.', 'PTR')],
    ['without an address of the type', (harness) => harness.query(app, 'AAAA')],
    ['when the answer was to another type', (harness) => harness.query(app, 'SOA')],
    ['who is explained', (harness) => harness.query(`_why.${app}`, 'TXT')],
  ])('%s', (_what, ask) => {
    const harness = world();
    ask(harness);
    expect(heldMs(harness, 'orders.prod/a1')).toBe(0);
  });

  test('who waits', () => {
    const harness = world();
    harness.patch('orders.prod/a1', { status: 'waiting' });
    for (const type of ['A', 'SRV', 'TXT', 'HTTPS'] as const) harness.query(app, type, { tcp: true });
    harness.query(`a1.${app}`);
    expect([heldMs(harness, 'orders.prod/a1'), heldMs(harness, 'orders.prod/a2')]).toEqual([0, held]);
  });

  test('who was not among the hundred chosen, or did not fit', () => {
    const harness = new Harness();
    const places = Array.from({ length: 150 }, (_, i) => `orders.prod/i${i + 1}`);
    for (const [i, place] of places.entries()) harness.register(place, { addrs: [`http://10.0.0.${i + 1}:80`] });
    const heldNow = () => places.filter((place) => heldMs(harness, place) > 0);
    const idsOf = (data: readonly { data: string }[]) =>
      data.map((record) => `orders.prod/i${record.data.split('.')[3]}`).sort();
    const small = harness.query(app).answer;
    expect(small.length).toBeLessThan(40);
    expect(heldNow().sort()).toEqual(idsOf(small));
    harness.elapse(held);
    const large = harness.query(app, 'A', { tcp: true }).answer;
    expect(large).toHaveLength(100);
    expect(heldNow().sort()).toEqual(idsOf(large));
  });

  test('whose records were left out of ADDITIONAL and of ANSWER', () => {
    const harness = new Harness();
    for (let i = 1; i <= 20; i++) harness.register(`orders.prod/i${i}`, { addrs: [`http://10.0.0.${i}:80`] });
    const { answer } = harness.query(app, 'SRV');
    const named = answer.map(({ data }) => `orders.prod/${data.split(' ')[3]?.split('.')[0]}`);
    expect(named.length).toBeLessThan(20);
    const heldNow = Array.from({ length: 20 }, (_, i) => `orders.prod/i${i + 1}`).filter((place) =>
      heldMs(harness, place),
    );
    expect(heldNow.sort()).toEqual(named.sort());
  });
});

test('instances instances one record are all held', () => {
  const harness = new Harness();
  harness.register('orders.prod/a1', { addrs: ['http://10.0.0.1:80'] });
  harness.register('orders.prod/a2', { addrs: ['http://10.0.0.1:81'] });
  harness.register('named.prod/b1', { addrs: ['http://db.example:80'] });
  harness.register('named.prod/b2', { addrs: ['http://db.example:80'] });
  harness.query(app);
  harness.query('named.prod.svc.', 'SRV');
  const places = ['orders.prod/a1', 'orders.prod/a2', 'named.prod/b1', 'named.prod/b2'];
  expect(places.map((place) => heldMs(harness, place))).toEqual([held, held, held, held]);
});

test('what an earlier process handed out is not known: its TTL counts from the start', () => {
  const outstanding = new OutstandingAnswers(1000);
  expect(outstanding.of(instanceAt('orders.prod/a1', 5), 1000)).toEqual({ lastServedMs: undefined, heldUntilMs: 7500 });
  expect(outstanding.of(instanceAt('orders.prod/a1', 0), 1000).heldUntilMs).toBe(1500);
});

test('a TTL that is made shorter does not shorten what an earlier process handed out', () => {
  const outstanding = new OutstandingAnswers(1000);
  const [long, short] = [instanceAt('orders.prod/a1', 600), instanceAt('orders.prod/a1', 5)];
  const change = { revision: 7, atMs: 0, cause: { why: 'patched' } } as Change;
  const heldUntilMs = () => outstanding.of(short, 20_000).heldUntilMs;
  outstanding.changed({ ...change, before: short, after: long }, 9000);
  expect(heldUntilMs()).toBe(7500);
  outstanding.changed({ ...change, before: long, after: short }, 10_000);
  expect(outstanding.of(short, 20_000)).toEqual({ lastServedMs: undefined, heldUntilMs: 602_500 });
  // Nor does it when the instance left, and came back with the shorter one.
  const others = new OutstandingAnswers(1000);
  others.changed({ ...change, kind: 'cancelled', before: long } as Change, 10_000);
  expect(others.of(short, 20_000).heldUntilMs).toBe(602_500);
  // What is over is not remembered.
  const late = new OutstandingAnswers(1000);
  late.changed({ ...change, kind: 'cancelled', before: long } as Change, 602_500);
  expect(late.size.instances).toBe(0);
});

describe('memory', () => {
  test('is kept for instances whose answers may be held, and given back', () => {
    const harness = new Harness();
    for (let round = 0; round < 300; round++) {
      for (let i = 0; i < 10; i++) harness.register(`orders.prod/r${round}-${i}`, { addrs: [`http://10.0.0.${i}:80`] });
      harness.query(app, 'A', { tcp: true });
      for (let i = 0; i < 10; i++) harness.cancel(`orders.prod/r${round}-${i}`);
      harness.elapse(1000);
    }
    // Seven rounds of ten are held at a time.
    expect(harness.outstanding.size.instances).toBeLessThan(250);
    harness.register('other.prod/a1');
    for (let i = 0; i < 200; i++) {
      harness.elapse(1000);
      harness.renew('other.prod/a1');
      harness.query('other.prod.svc.', 'ANY');
      harness.query(`a1.other.prod.svc.`, i % 2 === 0 ? 'A' : 'TXT', { edns: { size: 600 + i } });
      harness.patch('other.prod/a1', { weight: i + 100 });
    }
    expect(harness.outstanding.size.instances).toBe(1);
  });

  test('of answers is kept no longer than the answers', () => {
    const harness = new Harness({ cacheOctetsMax: 20_000, lines: ['*.wild.svc. 60 CNAME orders.prod.svc.'] });
    for (let i = 1; i <= 100; i++) harness.register(`orders.prod/i${i}`, { addrs: [`http://10.0.0.${i}:80`] });
    // What is not kept, what pushes others out, and what takes the place of an answer whose turns are over.
    for (let i = 0; i < 200; i++) harness.query(`n${i}.wild.svc.`);
    expect(harness.outstanding.size.records).toBe(0);
    for (let i = 1; i <= 100; i++) harness.query(`i${i}.${app}`);
    for (let i = 0; i < 1000; i++) harness.query(app);
    expect(harness.outstanding.size.records).toBeGreaterThan(10);
    expect(harness.outstanding.size.records).toBeLessThan(50);
    harness.cancel('orders.prod/i1');
    expect(harness.outstanding.size).toEqual({ instances: 100, records: 0 });
  });

  test('of an app that is asked in more ways than are remembered: the oldest answers are made anew', () => {
    const harness = new Harness({ cacheOctetsMax: 64 * 1024 * 1024 });
    for (let i = 1; i <= 100; i++) harness.register(`orders.prod/i${i}`, { addrs: [`http://10.0.0.${i}:80`] });
    const misses = (): number => {
      const before = harness.counters.cacheMisses;
      harness.query(app, 'A', { tcp: true });
      return harness.counters.cacheMisses - before;
    };
    expect([misses(), misses()]).toEqual([1, 0]);
    const instances = [...(harness.registry.app('prod', 'orders')?.instances() ?? [])];
    for (let i = 0; i < 700; i++) harness.outstanding.open([{ instances, ttl: 5 }], harness.clock.monotonicMs());
    expect(harness.outstanding.size.records).toBeLessThanOrEqual(655);
    expect(harness.outstanding.size.records).toBeGreaterThan(490);
    harness.elapse(1000);
    expect([misses(), misses()]).toEqual([1, 0]);
    harness.cancel('orders.prod/i1');
    expect(heldMs(harness, 'orders.prod/i1')).toBe(held);
  });
});
