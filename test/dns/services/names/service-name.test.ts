// Which names the registry makes exist (design §5): the table of names, everything between them, and nothing else.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Label, TypeName } from '../../../kit/dns/packet.ts';
import { gist, Harness } from '../../../kit/registry/harness.ts';

function shop(): Harness {
  const harness = new Harness();
  const addrs = ['http://10.0.0.1:80', 'grpc://10.0.0.1:90', 'dns+udp://10.0.0.1:53'];
  const selected = { version: '1.4.2', zone: 'eu-1a', group: 'blue', tags: ['canary', 'big'] };
  harness.register('orders.prod/orders-1', { addrs, ...selected });
  harness.register('orders.prod/orders-2', {
    addrs: ['http://10.0.0.2:80'],
    version: '2',
    zone: 'eu-1b',
    tags: ['big'],
  });
  harness.register('com.acme.pay.prod/p', { addrs: ['http://10.0.0.3:80'] });
  harness.register('acme.pay.prod/q', { addrs: ['http://10.0.0.4:80'] });
  harness.register('sleepy.prod/s', { status: 'waiting', version: '1.0' });
  return harness;
}

const world = shop();
const one = '10.0.0.1';
const both = '10.0.0.1 10.0.0.2';
const nodata = 'SOA 5';

function answers(name: string | readonly Label[], type: TypeName = 'A'): string {
  const reply = world.query(name, type, { tcp: true });
  if (reply.rcode !== 'NOERROR') return reply.rcode;
  const data = reply.answer.map((record) => record.data).sort();
  return data.length > 0 ? data.join(' ') : reply.authority.map((record) => `${record.type} ${record.ttl}`).join(' ');
}

describe('names of the table', () => {
  test.each([
    ['orders.prod.svc.', both],
    ['orders-1.orders.prod.svc.', one],
    ['orders-2.orders.prod.svc.', '10.0.0.2'],
    ['http.orders-1.orders.prod.svc.', one],
    ['grpc.orders-1.orders.prod.svc.', one],
    ['80-tcp.http.orders-1.orders.prod.svc.', one],
    ['53-udp.dns.orders-1.orders.prod.svc.', one],
    ['1.4.2._version.orders.prod.svc.', one],
    ['2._version.orders.prod.svc.', '10.0.0.2'],
    ['eu-1a._zone.orders.prod.svc.', one],
    ['EU-1A._ZONE.Orders.Prod.SVC.', one],
    ['blue._group.orders.prod.svc.', one],
    ['canary._tag.orders.prod.svc.', one],
    ['big._tag.orders.prod.svc.', both],
    ['http._port.orders.prod.svc.', both],
    ['grpc._port.orders.prod.svc.', one],
    ['pay.prod.svc.', nodata],
    ['com.acme.pay.prod.svc.', '10.0.0.3'],
    ['acme.pay.prod.svc.', '10.0.0.4'],
    ['p.com.acme.pay.prod.svc.', '10.0.0.3'],
    ['q.acme.pay.prod.svc.', '10.0.0.4'],
  ])('%s: %s', (name, expected) => expect(answers(name)).toBe(expected));
});

describe('selectors combine, in any order', () => {
  test.each([
    ['big._tag.eu-1b._zone.orders.prod.svc.', '10.0.0.2'],
    ['eu-1b._zone.big._tag.orders.prod.svc.', '10.0.0.2'],
    ['canary._tag.big._tag.orders.prod.svc.', one],
    ['1.4.2._version.eu-1a._zone.blue._group.canary._tag.http._port.orders.prod.svc.', one],
    ['blue._group.1.4.2._version.orders.prod.svc.', one],
    ['3._version.eu-1a._zone.orders.prod.svc.', 'NXDOMAIN'],
    ['canary._tag.eu-1b._zone.orders.prod.svc.', 'NXDOMAIN'],
    [`${'big._tag.'.repeat(8)}orders.prod.svc.`, both],
    [`${'big._tag.'.repeat(9)}orders.prod.svc.`, 'NXDOMAIN'],
  ])('%s: %s', (name, expected) => expect(answers(name)).toBe(expected));
});

describe('a port and protocol stand leftmost', () => {
  const srv = (host: string, port: number) => `0 10 ${port} ${host}.orders.prod.svc.`;

  test.each([
    ['_http._tcp.orders.prod.svc.', `${srv('orders-1', 80)} ${srv('orders-2', 80)}`],
    ['_HTTP._TCP.orders.prod.svc.', `${srv('orders-1', 80)} ${srv('orders-2', 80)}`],
    ['_grpc._tcp.orders.prod.svc.', srv('orders-1', 90)],
    ['_dns._udp.orders.prod.svc.', srv('orders-1', 53)],
    ['_dns._tcp.orders.prod.svc.', 'NXDOMAIN'],
    ['_http._udp.orders.prod.svc.', 'NXDOMAIN'],
    ['_http._sctp.orders.prod.svc.', 'NXDOMAIN'],
    ['_tcp._http.orders.prod.svc.', 'NXDOMAIN'],
    ['_http.orders.prod.svc.', 'NXDOMAIN'],
    ['http._tcp.orders.prod.svc.', 'NXDOMAIN'],
    ['x._http._tcp.orders.prod.svc.', 'NXDOMAIN'],
    ['_http._tcp.eu-1b._zone.orders.prod.svc.', srv('orders-2', 80)],
    ['_http._tcp.http._port.orders.prod.svc.', `${srv('orders-1', 80)} ${srv('orders-2', 80)}`],
    ['eu-1b._zone._http._tcp.orders.prod.svc.', 'NXDOMAIN'],
    ['_http._tcp.orders-1.orders.prod.svc.', srv('orders-1', 80)],
    ['_grpc._tcp.orders-2.orders.prod.svc.', 'NXDOMAIN'],
  ])('%s: %s', (name, expected) => expect(answers(name, 'SRV')).toBe(expected));

  test('and have no addresses themselves', () => expect(answers('_http._tcp.orders.prod.svc.', 'A')).toBe(nodata));
});

describe('names between are NODATA', () => {
  test.each([
    'prod.svc.',
    'pay.prod.svc.',
    '_version.orders.prod.svc.',
    '4.2._version.orders.prod.svc.',
    '_zone.orders.prod.svc.',
    '_group.orders.prod.svc.',
    '_tag.orders.prod.svc.',
    '_port.orders.prod.svc.',
    '_tcp.orders.prod.svc.',
    '_udp.orders.prod.svc.',
    '_tcp.orders-1.orders.prod.svc.',
    '_udp.orders-1.orders.prod.svc.',
    '_tcp.eu-1b._zone.orders.prod.svc.',
    '_group.eu-1a._zone.orders.prod.svc.',
    '4.2._version.eu-1a._zone.orders.prod.svc.',
  ])('%s', (name) => {
    for (const type of ['A', 'AAAA', 'SRV', 'TXT', 'NS', 'ANY'] as const) expect(answers(name, type)).toBe(nodata);
  });
});

describe('no such name', () => {
  test.each([
    'dev.svc.',
    'nope.prod.svc.',
    'x.pay.prod.svc.',
    'orders-3.orders.prod.svc.',
    'x.orders-1.orders.prod.svc.',
    'https.orders-1.orders.prod.svc.',
    '81-tcp.http.orders-1.orders.prod.svc.',
    '80-udp.http.orders-1.orders.prod.svc.',
    'x.80-tcp.http.orders-1.orders.prod.svc.',
    '1.4._version.orders.prod.svc.',
    '1.4.2.orders.prod.svc.',
    '_other.orders.prod.svc.',
    'x._other.orders.prod.svc.',
    '_udp.orders-2.orders.prod.svc.',
    '_group.eu-1b._zone.orders.prod.svc.',
    '_tag.sleepy.prod.svc.',
    'orders-1.com.acme.pay.prod.svc.',
    'orders-1._zone.orders.prod.svc.',
    '_version.prod.svc.',
    '_tcp.orders.svc.',
    '__proto__.prod.svc.',
    'constructor.prod.svc.',
    'constructor.orders.prod.svc.',
    '_constructor.orders.prod.svc.',
    'prod.prod.svc.',
  ])('%s', (name) => expect(answers(name)).toBe('NXDOMAIN'));

  test('where a dot stands inside a label, or other octets than letters', () => {
    expect(answers(['orders.prod', 'svc'])).toBe('NXDOMAIN');
    expect(answers(['acme.pay', 'prod', 'svc'])).toBe('NXDOMAIN');
    expect(answers(['1.4.2', '_version', 'orders', 'prod', 'svc'])).toBe('NXDOMAIN');
    expect(answers(['4.2', '_version', 'orders', 'prod', 'svc'])).toBe('NXDOMAIN');
    for (const label of ['orders\n', 'orders\0', 'orders ', Uint8Array.of(0xff, 0xfe), '\u00f6']) {
      expect(answers([label, 'prod', 'svc'])).toBe('NXDOMAIN');
    }
  });
});

describe('a waiting instance', () => {
  test.each([
    'sleepy.prod.svc.',
    's.sleepy.prod.svc.',
    'http.s.sleepy.prod.svc.',
    '1.0._version.sleepy.prod.svc.',
    '0._version.sleepy.prod.svc.',
    '_http._tcp.sleepy.prod.svc.',
  ])('makes %s exist, without data', (name) => {
    for (const type of ['A', 'AAAA', 'SRV', 'TXT', 'ANY'] as const) expect(answers(name, type)).toBe(nodata);
  });
});

test('free text is found by its UTF-8 octets, ASCII alone folded', () => {
  const harness = new Harness();
  harness.register('orders.prod/a', { version: 'Ä x', group: 'a..b', tags: ['.x', 'A_B', '_c'] });
  const rcode = (...labels: Label[]) => harness.query([...labels, 'orders', 'prod', 'svc'], 'A').rcode;
  expect(rcode(Buffer.from('Ä X'), '_version')).toBe('NOERROR');
  expect(rcode(Buffer.from('ä x'), '_version')).toBe('NXDOMAIN');
  expect(rcode('\u00c4 x', '_version')).toBe('NXDOMAIN');
  expect(rcode('a_b', '_tag')).toBe('NOERROR');
  // Empty labels cannot be asked for, nor can values that begin like a selector.
  expect(rcode('a', 'b', '_group')).toBe('NXDOMAIN');
  expect(rcode('_c', '_tag')).toBe('NXDOMAIN');
});

test('after the last instance, parents are gone again', () => {
  const harness = new Harness();
  const rcodes = () => ['com.acme.pay', 'acme.pay', 'pay'].map((appid) => harness.query(`${appid}.prod.svc.`).rcode);
  expect(rcodes()).toEqual(['NXDOMAIN', 'NXDOMAIN', 'NXDOMAIN']);
  harness.register('com.acme.pay.prod/p');
  expect(rcodes()).toEqual(['NOERROR', 'NOERROR', 'NOERROR']);
  harness.elapse(90_000);
  expect(rcodes()).toEqual(['NXDOMAIN', 'NXDOMAIN', 'NXDOMAIN']);
  expect(gist(harness.query('prod.svc.'))).toBe('NXDOMAIN AA SOA 5');
});

describe('every ancestor of a name that exists exists', () => {
  const label = fc.constantFrom('a', 'b', 'orders', '1', 'http');
  const text = fc.constantFrom('', '1', '1.4', '1.4.2', '2.1.4', 'a b', 'x.', '..', 'http');
  const address = fc
    .tuple(fc.constantFrom('http', 'grpc', 'a', 'dns+udp', 'http+udp'), fc.nat(3), fc.constantFrom(80, 81))
    .map(([scheme, host, port]) => `${scheme}://10.0.0.${host + 1}:${port}`);
  const instance = fc.record({
    appid: fc.array(label, { minLength: 1, maxLength: 3 }),
    id: fc.constantFrom('a', 'b', '1', 'orders', 'x.y'),
    body: fc.record({
      addrs: fc.uniqueArray(address, { minLength: 1, maxLength: 3 }),
      version: text,
      zone: text,
      tags: fc.uniqueArray(fc.constantFrom('t', '1.4', 'u.t'), { maxLength: 2 }),
      status: fc.constantFrom('up', 'waiting'),
    }),
  });
  const labelsOf = (value: string) => value.split('.').filter((part) => part !== '');
  const key = fc.constantFrom('_version', '_zone', '_tag', '_port', '_group');
  const selector = fc.tuple(fc.oneof(text, fc.constantFrom('t', 'u.t', 'http', 'grpc')), key);
  const port = fc.tuple(fc.constantFrom('_http', '_grpc', '_a', '_dns'), fc.constantFrom('_tcp', '_udp'));
  const host = fc.constantFrom(
    ['a'],
    ['http', 'a'],
    ['80-tcp', 'http', 'a'],
    ['81-udp', 'dns', 'b'],
    ['x-y'],
    ['_tcp', '1'],
  );
  const left = fc.oneof(fc.constant([]), port, host, fc.array(label, { maxLength: 2 }));
  const asked = fc
    .tuple(left, fc.array(selector, { maxLength: 3 }))
    .map(([first, rest]) => [...first, ...rest.flatMap(([value, name]) => [...labelsOf(value), name])]);

  test('for any registry and any name', () => {
    let existing = 0;
    fc.assert(
      fc.property(
        fc.array(instance, { minLength: 1, maxLength: 6 }),
        fc.array(asked, { maxLength: 60 }),
        (all, names) => {
          const harness = new Harness();
          for (const { appid, id, body } of all) harness.register(`${appid.join('.')}.prod/${id}`, body);
          // Names below real apps, else hardly any would exist.
          const bases = all.map(({ appid }) => appid);
          for (const [index, name] of names.entries()) {
            const labels = [...name, ...(bases[index % bases.length] ?? []), 'prod', 'svc'];
            const rcodes = labels.map((_, from) => harness.query(labels.slice(from), 'A').rcode);
            const deepest = rcodes.indexOf('NOERROR');
            existing += deepest < name.length ? 1 : 0;
            expect(rcodes.slice(deepest), labels.join('.')).not.toContain('NXDOMAIN');
          }
          expect(harness.faults).toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
    // The property is empty unless names exist.
    expect(existing).toBeGreaterThan(300);
  });
});
