// The cache never shows: a handler with one and a handler without agree on every question after every change, and
// what is kept is right by revision and by time.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gist, Harness } from '../../kit/harness.ts';
import { packet, type TypeName, typeNumbers } from '../../kit/packet.ts';
import { type Reply, readReply } from '../../kit/reply.ts';
import { zoneOf } from '../../kit/static-records.ts';
import { deepLines, otherLines, worldLines } from '../../kit/static-world.ts';

const app = 'orders.prod.svc.';

/** Hits and misses since the last call. */
function counter(harness: Harness): () => [number, number] {
  let { cacheHits: hits, cacheMisses: misses } = harness.counters;
  return () => {
    const { cacheHits, cacheMisses } = harness.counters;
    const since: [number, number] = [cacheHits - hits, cacheMisses - misses];
    [hits, misses] = [cacheHits, cacheMisses];
    return since;
  };
}

describe('an answer is made once', () => {
  test('and served until its app changes', () => {
    const harness = new Harness();
    harness.register('orders.prod/a');
    const since = counter(harness);
    for (let i = 0; i < 5; i++) harness.query(app);
    expect(since()).toEqual([4, 1]);
    harness.register('pay.prod/a');
    harness.query(app);
    expect(since()).toEqual([1, 0]);
    harness.patch('orders.prod/a', { version: '2' });
    harness.query(app);
    expect(since()).toEqual([0, 1]);
  });

  test('in any letter case, for any id and size that it fits, over any transport', () => {
    const harness = new Harness();
    harness.register('orders.prod/a');
    harness.query(app);
    const since = counter(harness);
    harness.query('OrDeRs.PrOd.SvC.', 'A', { id: 7 });
    harness.query(app, 'A', { edns: true });
    harness.query(app, 'A', { tcp: true });
    expect(since()).toEqual([3, 0]);
  });

  test('for each type and each size at which it is cut', () => {
    const harness = new Harness();
    for (let i = 0; i < 60; i++) harness.register(`orders.prod/i${i}`, { addrs: [`http://10.0.0.${i + 1}:80`] });
    const since = counter(harness);
    const sizes = () => [512, 600, 1232].map((size) => harness.query(app, 'A', { edns: { size } }).answer.length);
    expect(sizes()).toEqual([27, 32, 60]);
    expect(sizes()).toEqual([27, 32, 60]);
    expect(since()).toEqual([3, 3]);
    expect(harness.query(app, 'A').answer).toHaveLength(29);
    expect(since()).toEqual([0, 1]);
  });

  test('however long it is', () => {
    const harness = new Harness();
    const metadata = { note: 'x'.repeat(240), other: 'y'.repeat(200) };
    for (let i = 0; i < 90; i++) harness.register(`orders.prod/i${i}`, { metadata });
    const since = counter(harness);
    const first = harness.query(app, 'TXT', { tcp: true });
    expect(first.octets).toBeGreaterThan(16_384);
    expect(harness.query(app, 'TXT', { tcp: true }).answer).toHaveLength(90);
    expect(since()).toEqual([1, 1]);
  });

  test('until its TTL would outlive a lease', () => {
    const harness = new Harness();
    harness.register('orders.prod/a');
    harness.query(app);
    const since = counter(harness);
    harness.elapse(85_000);
    expect(harness.query(app).answer[0]?.ttl).toBe(5);
    harness.elapse(1);
    expect(harness.query(app).answer[0]?.ttl).toBe(4);
    expect(since()).toEqual([1, 1]);
  });

  test('until its turns are over', () => {
    const harness = new Harness();
    for (const i of [1, 2]) harness.register(`orders.prod/i${i}`, { addrs: [`http://10.0.0.${i}:80`] });
    const since = counter(harness);
    for (let i = 0; i < 256; i++) harness.query(app);
    expect(since()).toEqual([254, 2]);
  });

  test('but not for names without number, which are kept when they come again, and for a second', () => {
    const harness = new Harness({ lines: worldLines });
    const since = counter(harness);
    for (let i = 0; i < 2; i++) harness.query('foo.wild.svc.');
    expect(since()).toEqual([0, 2]);
    for (const name of ['nope.svc.', 'x.dn.svc.', 'dangling.svc.', 'example.com.']) {
      for (let i = 0; i < 4; i++) harness.query(name, 'A', { edns: true });
      expect(since()).toEqual([2, 2]);
      harness.elapse(1001);
      for (let i = 0; i < 2; i++) harness.query(name, 'A', { edns: true });
      expect(since()).toEqual([1, 1]);
    }
  });
});

describe('never stale', () => {
  test('after the last instance has left and come back', () => {
    const harness = new Harness();
    harness.register('orders.prod/a');
    expect(gist(harness.query(app))).toBe('NOERROR AA 10.0.0.1');
    harness.cancel('orders.prod/a');
    expect(gist(harness.query(app))).toBe('NXDOMAIN AA SOA 5');
    harness.register('orders.prod/a', { addrs: ['http://10.0.0.2:80'] });
    expect(gist(harness.query(app))).toBe('NOERROR AA 10.0.0.2');
  });

  test('where a name lies between others', () => {
    const harness = new Harness();
    harness.register('com.acme.pay.prod/a');
    expect(gist(harness.query('acme.pay.prod.svc.'))).toBe('NOERROR AA SOA 5');
    harness.register('acme.pay.prod/a');
    expect(gist(harness.query('acme.pay.prod.svc.'))).toBe('NOERROR AA 10.0.0.1');
    harness.cancel('acme.pay.prod/a');
    expect(gist(harness.query('acme.pay.prod.svc.'))).toBe('NOERROR AA SOA 5');
  });

  test('in the serial of a negative answer that is otherwise kept', () => {
    const harness = new Harness();
    harness.register('orders.prod/a');
    const serial = () => harness.query(app, 'AAAA').authority[0]?.data.split(' ')[2];
    const since = counter(harness);
    expect(serial()).toBe('101');
    harness.register('pay.prod/a');
    expect(serial()).toBe('102');
    expect(since()).toEqual([1, 1]);
    expect(harness.query('svc.', 'SOA').answer[0]?.data.split(' ')[2]).toBe('102');
    harness.cancel('pay.prod/a');
    expect(harness.query('svc.', 'SOA').answer[0]?.data.split(' ')[2]).toBe('103');
  });

  test('when a zone is put in', () => {
    const harness = new Harness();
    harness.register('x.prod/a');
    expect(gist(harness.query('x.prod.svc.'))).toBe('NOERROR AA 10.0.0.1');
    harness.zones.set(zoneOf('x.prod.svc.', deepLines));
    expect(gist(harness.query('x.prod.svc.'))).toBe('NOERROR AA SOA 20');
  });
});

/** What two replies must agree on: all but the order of records, and TTLs that a renewal made longer. */
function content({ rcode, flags, answer, authority, additional }: Reply): unknown {
  const sorted = (section: Reply['answer']) =>
    section.map(({ owner, type, data }) => `${owner} ${type} ${data}`).sort();
  return { rcode, flags, answer: sorted(answer), authority: sorted(authority), additional: sorted(additional) };
}

const names = [
  'svc.',
  'prod.svc.',
  app,
  `i1.${app}`,
  `http.i1.${app}`,
  `_http._tcp.${app}`,
  `_tcp.${app}`,
  `2._version.${app}`,
  `_version.${app}`,
  'eu.orders.prod.svc.',
  'a.eu.orders.prod.svc.',
  'www.x.prod.svc.',
  'x.prod.svc.',
  'toapp.svc.',
  'tonoapp.svc.',
  'mailer.svc.',
  'www.other.',
];
const types: TypeName[] = ['A', 'AAAA', 'SRV', 'TXT', 'SOA', 'MX', 'ANY'];
const place = fc
  .tuple(fc.constantFrom('orders', 'eu.orders', 'a.eu.orders', 'pay', 'x'), fc.constantFrom('i1', 'i2', 'eu'))
  .map(([appid, id]) => `${appid}.prod/${id}`);
const body = fc.record({
  addrs: fc.constantFrom(
    ['http://10.0.0.1:80'],
    ['http://10.0.0.2:80', 'grpc://[2001:db8::1]:90'],
    ['http://web.svc:80'],
  ),
  version: fc.constantFrom('', '2', '1.2'),
  status: fc.constantFrom('up', 'waiting'),
  leaseSeconds: fc.constantFrom(5, 10, 90),
});
const step = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('register' as const), place, body) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('cancel' as const), place, body) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('patch' as const), place, body) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('renew' as const), place, body) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('elapse' as const), place, body) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('zone' as const), place, body) },
);

test('a handler with a cache and one without agree on every question after every change', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 15 }), (steps) => {
      const harness = new Harness({ lines: [...worldLines, 'mailer.svc. 60 MX 10 orders.prod.svc.'] });
      const keyOf = (at: string) => ({
        env: 'prod',
        appid: at.split('.prod/')[0] ?? '',
        instance: at.split('/')[1] ?? '',
      });
      for (const [what, at, fields] of steps) {
        if (what === 'register') harness.register(at, fields);
        else if (what === 'cancel') harness.registry.cancel(keyOf(at));
        else if (what === 'patch') harness.registry.patch(keyOf(at), fields);
        else if (what === 'renew') harness.registry.renew(keyOf(at));
        else if (what === 'elapse') harness.elapse(fields.leaseSeconds * 400);
        else harness.zones.set(fields.version === '' ? zoneOf('x.prod.svc.', deepLines) : zoneOf('other.', otherLines));
        for (const name of names) {
          for (const type of types) {
            const bytes = packet({ name, type: typeNumbers[type] });
            const [cached, fresh] = [harness.handler, harness.uncached].map((handler) =>
              readReply(harness.send(bytes, 'tcp', handler) ?? Buffer.alloc(0)),
            ) as [Reply, Reply];
            const [found, expected] = [JSON.stringify(content(cached)), JSON.stringify(content(fresh))];
            if (found !== expected) expect(found, `${name} ${type}`).toBe(expected);
            if ((cached.answer[0]?.ttl ?? 0) > (fresh.answer[0]?.ttl ?? 0)) throw new Error(`${name} ${type}: TTL`);
          }
        }
      }
      expect(harness.faults).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
