// Why an answer is empty, cut or refused, as EDE in its OPT record (RFC 8914): which answers have one, and its words.

import { describe, expect, test } from 'vitest';
import { type Answer, Rcode } from '../../../src/dns/message/message.ts';
import { errorOfAnswer } from '../../../src/dns/server/extended-error.ts';
import type { TypeName } from '../../kit/dns/packet.ts';
import { reasonOf } from '../../kit/dns/reason.ts';
import { otherLines, worldLines } from '../../kit/dns/static-world.ts';
import { Harness, longMetadata, type QueryKnobs } from '../../kit/registry/harness.ts';

const app = 'orders.prod.svc.';
const harness = new Harness({ lines: worldLines, zones: { 'other.': otherLines } });
harness.register('orders.prod/a', { version: '1.4.2' });
harness.register('orders.prod/b', { status: 'waiting', addrs: ['grpc://10.0.0.2:90', 'http://10.0.0.2:80'] });
harness.register('order-items.prod/a');
harness.register('mute.prod/a', { status: 'waiting' });
harness.register('com.acme.pay.prod/a', { addrs: ['amqp://mq.example.org:5672'] });
harness.register('solo.dev/a');

function ask(name: QueryKnobs['name'] & {}, type: TypeName | number = 'A', knobs: QueryKnobs = {}) {
  // Each question gets its own second: looking for close names is limited per second.
  harness.clock.advance(1000);
  harness.renew('orders.prod/a');
  return harness.query(name, type, { edns: true, ...knobs });
}

describe('an empty answer gives the reason', () => {
  test.each<[string, TypeName | number, string, string]>([
    [app, 'AAAA', 'NOERROR', '1 instance up, none has an address for this type: a (IPv4 alone)'],
    [app, 'HTTPS', 'NOERROR', '1 instance up, none has an address for this type: a (no port named https)'],
    [app, 'MX', 'NOERROR', 'names of this kind have no records of this type'],
    [app, 64_000, 'NOERROR', 'names of this kind have no records of this type'],
    ['mute.prod.svc.', 'A', 'NOERROR', '1 instance, all waiting'],
    [`b.${app}`, 'TXT', 'NOERROR', '1 instance, all waiting'],
    // Of the port's own instances, not of the app's.
    [`_grpc._tcp.${app}`, 'SRV', 'NOERROR', '1 instance, all waiting'],
    [
      'com.acme.pay.prod.svc.',
      'A',
      'NOERROR',
      '1 instance up, none has an address for this type: a (the host name mq.example.org)',
    ],
    ['prod.svc.', 'A', 'NOERROR', 'the name has no records, only names below it'],
    ['acme.pay.prod.svc.', 'A', 'NOERROR', 'the name has no records, only names below it'],
    ['4.2._version.orders.prod.svc.', 'A', 'NOERROR', 'the name has no records, only names below it'],
    ['_http._tcp.prod.svc.', 'A', 'NOERROR', 'names for browsing have no records but PTR'],
    [`_why.${app}`, 'A', 'NOERROR', 'names that explain have no records but TXT'],
    ['7.0.0.10.in-addr.arpa.', 'PTR', 'NXDOMAIN', 'no instance is registered at the address of 7.0.0.10.in-addr.arpa.'],
    ['1.0.0.10.in-addr.arpa.', 'A', 'NOERROR', 'names of addresses have no records but PTR'],
    ['2.0.0.10.in-addr.arpa.', 'PTR', 'NOERROR', 'the instances at this address are all waiting'],
    ['nowhere.svc.', 'A', 'NXDOMAIN', 'nothing is registered in the env nowhere.'],
    ['a\\b.svc.', 'A', 'NXDOMAIN', 'nothing is registered in the env a\\\\b.'],
    ['nothing-like-it.prod.svc.', 'A', 'NXDOMAIN', 'no app of this name'],
    ['ordes.prod.svc.', 'A', 'NXDOMAIN', 'no app of this name; 1 in this env is close: orders'],
    ['mutes.prod.svc.', 'A', 'NXDOMAIN', 'no app of this name; 1 in this env is close: mute'],
    [`x.${app}`, 'A', 'NXDOMAIN', 'the app orders is registered, but no instance, port or selection of this name'],
    ['_imap._tcp.prod.svc.', 'PTR', 'NXDOMAIN', 'no service type of this name in this env, or no such instance of it'],
    ['web.svc.', 'TXT', 'NOERROR', 'the name has no records of this type'],
    ['c.svc.', 'A', 'NOERROR', 'the name has no records, only names below it'],
    ['x.other.', 'A', 'NXDOMAIN', 'the zone has no such name'],
    // At the end of an alias.
    ['toapp.svc.', 'AAAA', 'NOERROR', '1 instance up, none has an address for this type: a (IPv4 alone)'],
    ['tonoapp.svc.', 'A', 'NOERROR', 'the name has no records, only names below it'],
    ['dangling.svc.', 'A', 'NXDOMAIN', 'nothing is registered in the env nowhere.'],
    ['chain0.svc.', 'A', 'SERVFAIL', 'a chain of more than 16 aliases'],
  ])('%s %s: %s, %s', (name, type, rcode, text) => {
    const reply = ask(name, type);
    expect(reply.rcode).toBe(rcode);
    expect(reasonOf(reply)).toEqual({ code: 0, text });
    // The same over TCP, and without EDNS nothing.
    expect(reasonOf(ask(name, type, { tcp: true }))).toEqual({ code: 0, text });
    expect(ask(name, type, { edns: false }).opt).toBeUndefined();
  });

  test('up to three close names, the closest first, and how many there are', () => {
    const near = new Harness();
    for (const id of ['pay', 'pax', 'paw', 'pa', 'payy', 'other']) near.register(`${id}.prod/a`);
    const text = reasonOf(near.query('pays.prod.svc.', 'A', { edns: true }))?.text;
    expect(text).toBe('no app of this name; 5 in this env are close: pay, payy, pa');
  });

  test('nothing of other envs', () => {
    expect(reasonOf(ask('sol.prod.svc.'))?.text).toBe('no app of this name');
    expect(reasonOf(ask('sol.dev.svc.'))?.text).toContain('solo');
  });
});

describe('a full answer has none', () => {
  test.each<[string, TypeName]>([
    [app, 'A'],
    [app, 'SRV'],
    [app, 'SVCB'],
    [app, 'ANY'],
    [`a.${app}`, 'TXT'],
    ['_services._dns-sd._udp.prod.svc.', 'PTR'],
    ['1.0.0.10.in-addr.arpa.', 'PTR'],
    [`_why.${app}`, 'TXT'],
    ['svc.', 'SOA'],
    ['alias2.svc.', 'A'],
    ['outside.svc.', 'A'],
    ['x.child.svc.', 'A'],
    ['any.wild.svc.', 'A'],
  ])('%s %s', (name, type) => {
    const reply = ask(name, type);
    expect(reply.rcode).toBe('NOERROR');
    expect(reply.answer.length + reply.authority.length).toBeGreaterThan(0);
    expect(reasonOf(reply)).toBeUndefined();
  });
});

describe('a refusal has a code and no words', () => {
  test.each<[string, string, QueryKnobs, string, number]>([
    ['outside our zones', 'example.com.', {}, 'REFUSED', 20],
    ['another class', app, { class: 4 }, 'REFUSED', 21],
    ['a zone transfer', 'svc.', { type: 252 }, 'REFUSED', 21],
    ['another opcode', app, { opcode: 2 }, 'NOTIMP', 21],
    ['NOTIFY', app, { opcode: 4 }, 'REFUSED', 21],
  ])('%s', (_, name, knobs, rcode, code) => {
    const reply = ask(name, 'A', knobs);
    expect(reply).toMatchObject({ rcode, answer: [], authority: [] });
    expect(reasonOf(reply)).toEqual({ code, text: '' });
  });

  test('but not FORMERR and BADVERS', () => {
    expect(reasonOf(ask(app, 41))).toBeUndefined();
    expect(reasonOf(ask(app, 'A', { edns: { version: 1 } }))).toBeUndefined();
  });
});

describe('a cut answer', () => {
  const large = new Harness();
  for (let i = 1; i <= 130; i++) large.register(`orders.prod/i${i}`, { addrs: [`http://10.0.0.${i}:80`] });
  large.register('words.prod/a', { metadata: longMetadata(7000) });

  test('that leaves records out for good has their number', () => {
    for (let i = 0; i < 3; i++) {
      const reply = large.query(app, 'A', { edns: true, tcp: true });
      expect(reply.answer).toHaveLength(100);
      expect(reasonOf(reply)).toEqual({
        code: 0,
        text: '130 instances of 130 up; 100 records of 100 of 130 instances, chosen anew every 5 s',
      });
    }
  });

  test('that goes on over TCP has the reason, and leaves out a record for it', () => {
    expect(reasonOf(large.query('a.words.prod.svc.', 'TXT', { edns: true }))).toEqual({
      code: 0,
      text: 'cut to fit: ask over TCP',
    });
    expect(reasonOf(large.query('a.words.prod.svc.', 'TXT', { edns: true, tcp: true }))).toBeUndefined();
    const full = large.query(app, 'A', { edns: { size: 512 } });
    expect(full).toMatchObject({ tc: true });
    expect(full.octets).toBeGreaterThan(512 - 16);
    expect(full.octets).toBeLessThanOrEqual(512);
    expect(reasonOf(full)).toEqual({ code: 0, text: 'cut to fit: ask over TCP' });
  });
});

test('a reason goes in where it fits to the octet, and else not at all', () => {
  const named = new Harness({ identity: { serverId: 'n'.repeat(100) } });
  const options = [{ code: 3 }, { code: 10, data: Buffer.alloc(8) }];
  const seen = new Set<boolean>();
  for (let octets = 1; octets <= 63; octets++) {
    // An env of escapes: its reason is 160 octets long, the option 6 more.
    const name = ['x'.repeat(63), 'y'.repeat(octets), '\xff'.repeat(63), 'svc'];
    const without = named.query(name, 'A').octets + 11 + (4 + 24) + (4 + 100);
    const reply = named.query(name, 'A', { edns: { size: 512, options } });
    const fits = without + 166 <= 512;
    expect(reply).toMatchObject({ rcode: 'NXDOMAIN', octets: without + (fits ? 166 : 0) });
    expect(reasonOf(reply) !== undefined).toBe(fits);
    seen.add(fits);
  }
  expect(seen).toEqual(new Set([true, false]));
});

test('texts are ASCII, of at most 160 octets, for any name', () => {
  const nasty = [
    ['\xff'.repeat(63), '\0'.repeat(63), 'svc'],
    ['\x1b[2J', 'prod', 'svc'],
    ['ü', 'prod', 'svc'],
    ['x', '\xff'.repeat(63), '"\\;'.repeat(21), '\n'.repeat(40), 'svc'],
    ['\xff'.repeat(63), '\xff'.repeat(63), '10', 'in-addr', 'arpa'],
  ];
  for (const name of nasty) {
    const { text = '' } = reasonOf(ask(name)) ?? {};
    expect(text).toMatch(/^[ -~]{1,160}$/);
  }
  expect(reasonOf(ask(nasty[0] ?? []))?.text).toMatch(/\.\.\.$/);
});

test('a server that is not ready gives the reason, an internal fault does not', () => {
  const starting = new Harness({ isReady: () => false });
  expect(reasonOf(starting.query('svc.', 'SOA', { edns: true }))?.code).toBe(14);
  const answer: Partial<Answer> = { rcode: Rcode.SERVFAIL, answer: [], authority: [], reason: 'a chain' };
  expect(errorOfAnswer(answer as Answer, false)).toEqual({ code: 0, text: 'a chain' });
});
