// A zone file beside registrations: it wins at its name and type alone, a file of a zone below the origin has the
// live names below it, and what is hidden is known by app and number.

import { describe, expect, test } from 'vitest';
import { name } from '../../../src/dns/message/name.ts';
import { reasonOf } from '../../kit/dns/reason.ts';
import { zoneOf } from '../../kit/dns/static-records.ts';
import { gist, Harness } from '../../kit/registry/harness.ts';

const own = (apex: string) => [
  `${apex} 3600 SOA ns.svc. hostmaster.svc. 1 3600 600 86400 60`,
  `${apex} 3600 NS ns.svc.`,
];

function fleet(): Harness {
  const harness = new Harness();
  for (const id of ['a', 'b', 'c']) harness.register(`orders.prod/${id}`);
  harness.register('j.o.prod/a', { addrs: ['http://10.0.0.9:80'] });
  return harness;
}

const hidden = (harness: Harness, apex = 'svc.') => Object.fromEntries(harness.hiddenBy(name(apex)));
const origin = (...lines: string[]) => zoneOf('svc.', [...own('svc.'), 'ns.svc. 60 A 192.0.2.1', ...lines]);

describe('the file of an env', () => {
  const harness = fleet();
  harness.serveZone(zoneOf('prod.svc.', [...own('prod.svc.'), 'db.prod.svc. 60 A 192.0.2.7']));

  test('is a zone of its own, with the live names below it', () => {
    expect(gist(harness.query('prod.svc.', 'NS'))).toBe('NOERROR AA ns.svc.');
    expect(gist(harness.query('db.prod.svc.'))).toBe('NOERROR AA 192.0.2.7');
    expect(harness.data('orders.prod.svc.')).toEqual(['10.0.0.1']);
    expect(harness.data('_http._tcp.prod.svc.', 'PTR')).toHaveLength(4);
    expect(hidden(harness, 'prod.svc.')).toEqual({});
  });

  test('has the registry\u2019s revision as its serial, and its own SOA in negative answers', () => {
    const serial = () => Number(harness.query('prod.svc.', 'SOA').answer[0]?.data.split(' ')[2]);
    const before = serial();
    harness.register('late.prod/a');
    expect(serial()).toBe(before + 1);
    const { rcode, authority } = harness.query('nobody.prod.svc.');
    expect([rcode, authority[0]?.owner]).toEqual(['NXDOMAIN', 'prod.svc.']);
  });
});

describe('a record at a live name', () => {
  test('wins at its type alone, and a NODATA of before ends with the registration', () => {
    const harness = new Harness({ lines: ['late.prod.svc. 60 MX 10 mx.example.'] });
    expect(gist(harness.query('late.prod.svc.'))).toBe('NOERROR AA SOA 5');
    harness.register('late.prod/a');
    expect(harness.data('late.prod.svc.')).toEqual(['10.0.0.1']);
    expect(harness.data('late.prod.svc.', 'MX')).toEqual(['10 mx.example.']);
  });

  test.each<[string, string, Record<string, number>]>([
    ['an app\u2019s own name', 'orders.prod.svc. 60 A 192.0.2.7', { 'orders.prod': 3 }],
    ['an instance\u2019s name', 'a.orders.prod.svc. 60 A 192.0.2.7', { 'orders.prod': 1 }],
    ['a port\u2019s name', 'http.a.orders.prod.svc. 60 A 192.0.2.7', { 'orders.prod': 1 }],
    ['a service', '_http._tcp.orders.prod.svc. 60 SRV 0 0 80 ns.svc.', { 'orders.prod': 3 }],
    ['a type that instances have not', 'orders.prod.svc. 60 MX 10 mx.example.', {}],
    ['an env that is delegated', 'prod.svc. 60 NS ns.example.', { 'orders.prod': 3, 'j.o.prod': 1 }],
    ['a name above an app that is redirected', 'o.prod.svc. 60 DNAME o.dev.svc.', { 'j.o.prod': 1 }],
  ])('%s', (_, line, expected) => {
    const harness = fleet();
    harness.serveZone(origin(line));
    expect(hidden(harness)).toEqual(expected);
  });

  test('is in _why', () => {
    const harness = fleet();
    harness.serveZone(origin('orders.prod.svc. 60 A 192.0.2.7'));
    const why = harness.data('_why.orders.prod.svc.', 'TXT');
    expect(why.find((line) => line.startsWith('"A:'))).toContain('hidden');
    expect(why.find((line) => line.includes('SRV'))).not.toContain('hidden');
  });

  test.each<[string, string, string]>([
    ['of the same type', 'orders.prod.svc. 60 A 192.0.2.7', 'orders.prod.svc.'],
    ['that is an alias', 'orders.prod.svc. 60 CNAME ns.svc.', 'orders.prod.svc.'],
    ['that delegates the env', 'prod.svc. 60 NS ns.example.', 'orders.prod.svc.'],
    ['that redirects the env', 'prod.svc. 60 DNAME ns.example.', 'orders.prod.svc.'],
  ])('%s: the extended error of a positive answer has the reason, and ends with the instance', (_, line, at) => {
    const harness = fleet();
    harness.serveZone(origin(line));
    const ask = () => harness.query(at, 'A', { edns: true });
    expect(ask().rcode).toBe('NOERROR');
    expect(reasonOf(ask())).toMatchObject({ code: 0, text: expect.stringContaining('hidden') });
    for (const id of ['a', 'b', 'c']) harness.cancel(`orders.prod/${id}`);
    expect(reasonOf(ask())).toBeUndefined();
  });

  test('of another type has none', () => {
    const harness = fleet();
    harness.serveZone(origin('orders.prod.svc. 60 MX 10 mx.example.'));
    expect(reasonOf(harness.query('orders.prod.svc.', 'A', { edns: true }))).toBeUndefined();
    expect(reasonOf(harness.query('orders.prod.svc.', 'MX', { edns: true }))).toBeUndefined();
  });

  test.each<[string, string, object[]]>([
    [
      'an address',
      'orders.prod.svc. 60 A 192.0.2.7',
      [{ name: 'orders.prod.svc.', types: ['A'], by: 'records', zone: 'svc.' }],
    ],
    [
      'an instance\u2019s own name',
      'a.orders.prod.svc. 60 TXT x',
      [{ name: 'a.orders.prod.svc.', types: ['TXT'], by: 'records', zone: 'svc.' }],
    ],
    [
      'a service',
      '_http._tcp.orders.prod.svc. 60 SRV 0 0 80 ns.svc.',
      [{ name: '_http._tcp.orders.prod.svc.', types: ['SRV'], by: 'records', zone: 'svc.' }],
    ],
    [
      'an alias',
      'a.orders.prod.svc. 60 CNAME ns.svc.',
      [{ name: 'a.orders.prod.svc.', types: ['A', 'SRV', 'TXT', 'SVCB'], by: 'alias', zone: 'svc.' }],
    ],
    ['another type', 'orders.prod.svc. 60 MX 10 mx.example.', []],
  ])('%s: what it hides of an instance is known by name and type', (_, line, expected) => {
    const harness = fleet();
    harness.serveZone(origin(line));
    expect(harness.hiddenNames('orders.prod/a')).toEqual(expected);
  });

  test('a delegation hides all names', () => {
    const harness = fleet();
    harness.serveZone(origin('prod.svc. 60 NS ns.example.'));
    const names = harness.hiddenNames('orders.prod/a');
    expect(names.map(({ name: at, by }) => [at, by])).toEqual([
      ['orders.prod.svc.', 'delegation'],
      ['_http._tcp.orders.prod.svc.', 'delegation'],
      ['a.orders.prod.svc.', 'delegation'],
    ]);
  });

  test('is in ADDITIONAL as in the answer to a direct question', () => {
    const harness = fleet();
    harness.serveZone(origin('a.orders.prod.svc. 60 A 192.0.2.7'));
    const { additional } = harness.query('_http._tcp.orders.prod.svc.', 'SRV');
    const ofA = additional.filter(({ owner }) => owner === 'a.orders.prod.svc.').map(({ data }) => data);
    expect(ofA).toEqual(harness.data('a.orders.prod.svc.'));
    expect(ofA).toEqual(['192.0.2.7']);
  });
});

test('an SRV target that is a host name of ours has its addresses in ADDITIONAL', () => {
  const harness = new Harness({ lines: ['mq.svc. 60 A 192.0.2.8'] });
  harness.register('orders.prod/a', { addrs: ['amqp://mq.svc:5672'] });
  const { answer, additional } = harness.query('orders.prod.svc.', 'SRV');
  expect(answer.map(({ data }) => data)).toEqual(['0 10 5672 mq.svc.']);
  expect(additional.map(({ owner, data }) => `${owner} ${data}`)).toEqual(['mq.svc. 192.0.2.8']);
});
