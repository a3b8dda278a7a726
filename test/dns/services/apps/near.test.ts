// `eu-1a._near`: prefers a zone, falls back to all others, is never empty for it, and reports which of the two it was.

import { describe, expect, test } from 'vitest';
import { explain } from '../../../../src/dns/server/explain.ts';
import { reasonOf } from '../../../kit/dns/reason.ts';
import { gist, Harness } from '../../../kit/registry/harness.ts';

const app = 'orders.prod.svc.';

function shop(): Harness {
  const harness = new Harness();
  harness.register('orders.prod/a', { addrs: ['http://10.0.0.1:80'], zone: 'EU-1a', tags: ['big'] });
  harness.register('orders.prod/b', {
    addrs: ['http://10.0.0.2:80', 'grpc://10.0.0.2:90'],
    zone: 'eu-1b',
    tags: ['big'],
  });
  harness.register('orders.prod/c', { addrs: ['http://[2001:db8::3]:80'], tags: ['big', 'canary'] });
  harness.register('orders.prod/d', { addrs: ['http://10.0.0.4:80'], zone: 'eu-1d', status: 'waiting' });
  harness.register('sleepy.prod/s', { zone: 'eu-1a', status: 'waiting' });
  return harness;
}

const world = shop();
const ask = (name: string, type: 'A' | 'AAAA' | 'SRV' = 'A') => world.data(name, type);
const all = ['10.0.0.1', '10.0.0.2'];

describe('addresses', () => {
  test.each([
    ['eu-1a', ['10.0.0.1']],
    ['EU-1A', ['10.0.0.1']],
    ['eu-1b', ['10.0.0.2']],
    ['eu-1d', all],
    ['nowhere', all],
    ['no.such.zone', all],
    ['orders-9', all],
  ])('near %s: %j', (zone, expected) => expect(ask(`${zone}._near.${app}`)).toEqual(expected));

  test('of a near instance without the type are none: far ones do not fill up', () => {
    expect(ask(`eu-1a._near.${app}`, 'AAAA')).toEqual([]);
    expect(gist(world.query(`eu-1a._near.${app}`, 'AAAA'))).toBe('NOERROR AA SOA 5');
    expect(ask(`nowhere._near.${app}`, 'AAAA')).toEqual(['2001:db8::3']);
  });
});

test.each([
  // The zone is looked for among the instances that match the other selectors and serve the port.
  ['big._tag.eu-1a._near', ['10.0.0.1']],
  ['eu-1a._near.big._tag', ['10.0.0.1']],
  ['eu-1a._near.eu-1b._zone', ['10.0.0.2']],
  ['eu-1b._zone.eu-1a._near', ['10.0.0.2']],
  ['eu-1a._near.grpc._port', ['10.0.0.2']],
  ['grpc._port.eu-1a._near', ['10.0.0.2']],
  // Several are a list, the rightmost first.
  ['eu-1b._near.eu-1a._near', ['10.0.0.1']],
  ['eu-1a._near.eu-1d._near', ['10.0.0.1']],
  ['eu-1a._near.eu-1b._near.nowhere._near', ['10.0.0.2']],
])('%s combines: %j', (labels, expected) => expect(ask(`${labels}.${app}`)).toEqual(expected));

test.each([
  ['_http._tcp.eu-1a._near', [`0 10 80 a.${app}`]],
  ['_grpc._tcp.eu-1a._near', [`0 10 90 b.${app}`]],
  ['_http._tcp.nowhere._near', [`0 10 80 a.${app}`, `0 10 80 b.${app}`, `0 10 80 c.${app}`]],
])('%s has the SRV of those near that serve it: %j', (labels, expected) =>
  expect(ask(`${labels}.${app}`, 'SRV')).toEqual(expected),
);

describe('names', () => {
  test.each([
    ['eu-1a._near.sleepy.prod.svc.', 'NOERROR AA SOA 5'],
    [`_near.${app}`, 'NOERROR AA SOA 5'],
    [`_tcp.eu-1a._near.${app}`, 'NOERROR AA SOA 5'],
    [`_tag.eu-1a._near.${app}`, 'NOERROR AA SOA 5'],
    [`_near.canary._tag.${app}`, 'NOERROR AA SOA 5'],
    [`${'z'.repeat(63)}._near.sleepy.prod.svc.`, 'NOERROR AA SOA 5'],
    [`${'z'.repeat(62)}.z._near.${app}`, 'NXDOMAIN AA SOA 5'],
    [`nobody._tag.eu-1a._near.${app}`, 'NXDOMAIN AA SOA 5'],
    [`eu-1a._near.nobody._tag.${app}`, 'NXDOMAIN AA SOA 5'],
    [`_near.nobody._tag.${app}`, 'NXDOMAIN AA SOA 5'],
    [`_tcp._near.${app}`, 'NXDOMAIN AA SOA 5'],
    [`_sip._tcp.eu-1a._near.${app}`, 'NXDOMAIN AA SOA 5'],
    [`eu-1a._near.a.${app}`, 'NXDOMAIN AA SOA 5'],
    ['eu-1a._near.nobody.prod.svc.', 'NXDOMAIN AA SOA 5'],
    ['eu-1a._near.prod.svc.', 'NXDOMAIN AA SOA 5'],
  ])('%s: %s', (name, expected) => expect(gist(world.query(name, 'A'))).toBe(expected));

  test.each<[string, (string | Uint8Array)[]]>([
    ['octets that are no UTF-8', [Uint8Array.of(0xff), '_near', 'orders', 'prod', 'svc']],
    ['a control character', [Uint8Array.of(7), '_near', 'orders', 'prod', 'svc']],
    ['a dot inside a label', [Buffer.from('eu.1'), '_near', 'orders', 'prod', 'svc']],
  ])('%s stands for no zone', (_what, labels) => expect(world.query(labels, 'A').rcode).toBe('NXDOMAIN'));

  test('of the strict selector stay strict, and the bare app has every instance', () => {
    expect(gist(world.query(`eu-1d._zone.${app}`, 'A'))).toBe('NOERROR AA SOA 5');
    expect(world.query(`nowhere._zone.${app}`, 'A').rcode).toBe('NXDOMAIN');
    expect(ask(app)).toEqual(all);
  });
});

describe('the reason', () => {
  const reasons = (name: string, type: 'A' | 'AAAA') => {
    const explained = explain(name, type, world.zones, world.clock.monotonicMs());
    return {
      ede: reasonOf(world.query(name, type, { edns: true }))?.text,
      resolve: 'reason' in explained ? explained.reason : '',
      why: world.data(`_why.${name}`, 'TXT').find((line) => line.includes(`${type}`)),
    };
  };

  test('of the zone preferred: how many of them', () => {
    const { ede, resolve, why } = reasons(`eu-1a._near.${app}`, 'A');
    expect([ede, resolve]).toEqual([undefined, '1 instance of 4 up in eu-1a']);
    expect(why).toContain('1 instance of 4 up in eu-1a');
  });

  test.each([
    [
      'eu-1d._near',
      'no instance in eu-1d is up: all zones are answered; 3 instances of 4 up; 1 of them has none: c (IPv6 alone)',
    ],
    [
      'x._near.no.such._near',
      'no instance in no.such or x is up: all zones are answered; 3 instances of 4 up; 1 of them has none: c (IPv6 alone)',
    ],
  ])('%s: that all zones are answered, as EDE, under _why and in explain()', (labels, expected) => {
    const { ede, resolve, why } = reasons(`${labels}.${app}`, 'A');
    expect([ede, resolve]).toEqual([expected, expected]);
    expect(why).toContain(expected);
  });

  test('of a zone with odd characters: as names are written', () => {
    const reply = world.query(['caf\u00c3\u00a9 1', '_near', 'orders', 'prod', 'svc'], 'A', { edns: true });
    expect(reasonOf(reply)?.text).toContain('caf\\195\\169\\0321');
  });

  test('where none is up anywhere: that they all wait', () => {
    expect(reasons('eu-1a._near.sleepy.prod.svc.', 'A').ede).toBe('1 instance, all waiting');
  });

  test('where near instances have no address of the type: that', () => {
    expect(reasons(`eu-1a._near.${app}`, 'AAAA').ede).toBe(
      '1 instance up in eu-1a, none has an address for this type: a (IPv4 alone)',
    );
  });
});

test('a zone that comes and goes is seen at once, cached or not', () => {
  const harness = shop();
  const near = () => harness.data(`eu-1d._near.${app}`, 'A');
  for (let i = 0; i < 3; i++) expect(near()).toEqual(all);
  harness.patch('orders.prod/d', { status: 'up' });
  for (let i = 0; i < 3; i++) expect(near()).toEqual(['10.0.0.4']);
  harness.cancel('orders.prod/d');
  for (let i = 0; i < 3; i++) expect(near()).toEqual(all);
});

test('unknown zones push no other answer out of the cache', () => {
  const harness = shop();
  harness.query(`eu-1a._near.${app}`, 'A');
  const { cacheMisses } = harness.counters;
  for (let i = 0; i < 50; i++) harness.query(`eu-9${i}._near.${app}`, 'A');
  for (let i = 0; i < 2; i++) harness.query('eu-90._near.sleepy.prod.svc.', 'A');
  expect(harness.counters.cacheMisses).toBe(cacheMisses + 52);
  harness.query(`eu-1a._near.${app}`, 'A');
  expect(harness.counters.cacheMisses).toBe(cacheMisses + 52);
});

describe('names of unknown zones', () => {
  const fleet = (size: number, fields: Record<string, unknown> = {}) => {
    const harness = new Harness();
    for (let i = 0; i < size; i++) {
      const addrs = [`http://10.0.${i >> 8}.${i & 255}:80`];
      harness.register(`orders.prod/i${i}`, { addrs, zone: 'eu', leaseSeconds: 600, ...fields });
    }
    return harness;
  };

  test('lead with every instance in turn, as the app itself does', () => {
    const harness = fleet(10);
    const firsts = new Map<string, number>();
    for (let i = 0; i < 300; i++) {
      const [first] = harness.query(`q${i}._near.${app}`, 'A').answer;
      expect(first?.owner).toBe(`q${i}._near.${app}`);
      firsts.set(first?.data ?? '', (firsts.get(first?.data ?? '') ?? 0) + 1);
    }
    expect(firsts.size).toBe(10);
    for (const count of firsts.values()) expect(Math.abs(count - 30)).toBeLessThanOrEqual(6);
  });

  test('have a fair choice of a large app, which changes with time', () => {
    const harness = fleet(300);
    const met = new Set<string>();
    for (let i = 0; i < 100; i++) {
      harness.elapse(5000);
      const { answer } = harness.query(`q${i}._near.${app}`, 'A', { tcp: true });
      expect(answer).toHaveLength(100);
      for (const { data } of answer) met.add(data);
    }
    expect(met.size).toBeGreaterThan(250);
  });

  test('keep the TTL that is left, follow every change, and mix with no other kind of name', () => {
    const harness = fleet(2, { leaseSeconds: 10, dnsTtl: 60 });
    const ask = (name: string, type: 'A' | 'SRV' = 'A') => harness.query(`${name}.${app}`, type).answer;
    expect(ask('q1._near').map(({ ttl }) => ttl)).toEqual([10, 10]);
    harness.clock.advance(3500);
    expect(ask('q2._near').map(({ ttl }) => ttl)).toEqual([6, 6]);
    expect(ask('_http._tcp.q2._near', 'SRV')).toHaveLength(2);
    expect(ask('eu._near.q3._near').map(({ data }) => data)).toHaveLength(2);
    harness.register('orders.prod/other', { addrs: ['http://10.1.1.1:80'], zone: 'us', tags: ['big'] });
    expect(ask('q4._near')).toHaveLength(3);
    expect(ask('eu._near.q5._near')).toHaveLength(2);
    expect(ask('us._near.q5._near').map(({ data }) => data)).toEqual(['10.1.1.1']);
    expect(ask('q5._near.big._tag').map(({ data }) => data)).toEqual(['10.1.1.1']);
    harness.patch('orders.prod/other', { status: 'waiting' });
    expect(ask('q6._near')).toHaveLength(2);
  });
});
