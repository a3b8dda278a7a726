// What static names answer: every wire fact of the reference's sections 1c and 1d, on a zone made by hand.

import { describe, expect, test } from 'vitest';
import { nameOctets, type TypeName } from '../../kit/dns/packet.ts';
import type { Reply } from '../../kit/dns/reply.ts';
import { otherLines, staticWorld, worldLines } from '../../kit/dns/static-world.ts';
import { gist, Harness } from '../../kit/registry/harness.ts';

const world = staticWorld();
const ask = (name: string, type: TypeName | number = 'A') => world.query(name, type, { tcp: true });
const records = (list: Reply['answer']) => list.map(({ owner, type, data }) => `${owner} ${type} ${data}`);

describe('a negative answer', () => {
  test.each<[string, TypeName | number, string]>([
    ['nope.svc.', 'A', 'NXDOMAIN AA SOA 5'],
    ['x.y.web.svc.', 'A', 'NXDOMAIN AA SOA 5'],
    ['nope.other.', 'A', 'NXDOMAIN AA SOA 60'],
    // A zone below the origin has live names too, and "no such name" must be forgotten soon.
    ['nope.x.prod.svc.', 'A', 'NXDOMAIN AA SOA 5'],
    ['web.svc.', 'MX', 'NOERROR AA SOA 5'],
    ['web.svc.', 'DS', 'NOERROR AA SOA 5'],
    ['svc.', 'MX', 'NOERROR AA SOA 5'],
    ['b.c.svc.', 'A', 'NOERROR AA SOA 5'],
    ['c.svc.', 'ANY', 'NOERROR AA SOA 5'],
    ['_tcp.web.svc.', 'SRV', 'NOERROR AA SOA 5'],
    ['web.svc.', 666, 'NOERROR AA SOA 5'],
    ['web.svc.', 65_535, 'NOERROR AA SOA 5'],
    ['web.svc.', 0, 'NOERROR AA SOA 5'],
    ['web.svc.', 253, 'NOERROR AA SOA 5'],
    ['web.svc.', 254, 'NOERROR AA SOA 5'],
    ['nope.svc.', 666, 'NXDOMAIN AA SOA 5'],
  ])('%s %s: %s', (name, type, expected) => expect(gist(ask(name, type))).toBe(expected));

  test('is NODATA above a zone of ours that the file around it does not know', () => {
    expect(gist(ask('prod.svc.'))).toBe('NOERROR AA SOA 5');
    expect(gist(ask('x.prod.svc.', 'DS'))).toBe('NOERROR AA SOA 5');
    expect(gist(ask('www.x.prod.svc.'))).toBe('NOERROR AA 10.8.0.1');
    expect(gist(ask('y.prod.svc.'))).toBe('NXDOMAIN AA SOA 5');
  });

  test('has the SOA of the zone with its own TTL capped, while SOA as an answer keeps it', () => {
    expect(ask('nope.svc.').authority[0]).toMatchObject({ owner: 'svc.', type: 'SOA', ttl: 5 });
    expect(ask('svc.', 'SOA').answer[0]).toMatchObject({
      ttl: 3600,
      data: 'ns.svc. hostmaster.svc. 100 3600 600 86400 5',
    });
    expect(ask('other.', 'SOA').answer[0]?.data).toContain(' 7 3600');
  });
});

test.each(['example.com.', '.', 'svc.example.', 'xsvc.', 'prod.'])(
  '%s is REFUSED, with nothing in any section',
  (name) => {
    expect(ask(name)).toMatchObject({ rcode: 'REFUSED', aa: false, answer: [], authority: [], additional: [] });
  },
);

test('a dot inside a label separates nothing, and ASCII alone is folded', () => {
  expect(world.query(['web.svc'], 'A').rcode).toBe('REFUSED');
  expect(world.query(['a.b', 'c', 'svc'], 'A').rcode).toBe('NXDOMAIN');
  expect(world.query(['WEB', 'SVC'], 'A', { tcp: true }).answer).toHaveLength(2);
  expect(world.query([Uint8Array.of(0xd7, 0x45, 0x42), 'svc'], 'A').rcode).toBe('NXDOMAIN');
});

describe('aliases', () => {
  test('are followed in order', () => {
    const reply = ask('alias2.svc.');
    expect(gist(reply)).toBe('NOERROR AA alias.svc. web.svc. 10.0.0.1 10.0.0.2');
    expect(reply.answer.map(({ owner }) => owner)).toEqual(['alias2.svc.', 'alias.svc.', 'web.svc.', 'web.svc.']);
  });

  test.each<[string, TypeName, string]>([
    ['alias2.svc.', 'CNAME', 'NOERROR AA alias.svc.'],
    ['alias2.svc.', 'ANY', 'NOERROR AA alias.svc.'],
    ['alias.svc.', 'MX', 'NOERROR AA web.svc. SOA 5'],
    ['dangling.svc.', 'A', 'NXDOMAIN AA nowhere.svc. SOA 5'],
    ['outside.svc.', 'A', 'NOERROR AA www.example.com.'],
    ['toother.svc.', 'A', 'NOERROR AA www.other. 10.9.0.1'],
    ['toentry.svc.', 'A', 'NOERROR AA b.c.svc. SOA 5'],
    ['tonoapp.svc.', 'A', 'NXDOMAIN AA pay.prod.svc. SOA 5'],
    ['self.svc.', 'A', 'NOERROR AA self.svc.'],
    ['loop1.svc.', 'A', 'NOERROR AA loop2.svc. loop1.svc.'],
    ['loop1.svc.', 'CNAME', 'NOERROR AA loop2.svc.'],
  ])('%s %s: %s', (name, type, expected) => expect(gist(ask(name, type))).toBe(expected));

  test('lead to a delegation with AA, since the alias is ours', () => {
    const reply = ask('tochild.svc.');
    expect(gist(reply)).toBe('NOERROR AA x.child.svc. NS 60 NS 60 NS 60');
  });

  test.each([46, 47])('are what type %i is about: RRSIG and NSEC stand beside them', (type) => {
    expect(gist(ask('alias.svc.', type))).toBe('NOERROR AA SOA 5');
  });

  test('end at sixteen', () => {
    expect(gist(ask('chain4.svc.'))).toMatch(/^NOERROR AA (chain\d+\.svc\. ){16}10\.0\.0\.20$/);
    expect(ask('chain3.svc.').rcode).toBe('SERVFAIL');
    expect(ask('chain0.svc.').rcode).toBe('SERVFAIL');
  });
});

describe('wildcards', () => {
  test.each<[string, TypeName, string]>([
    ['foo.wild.svc.', 'A', 'NOERROR AA 10.0.0.4'],
    ['a.b.wild.svc.', 'A', 'NOERROR AA 10.0.0.4'],
    ['*.wild.svc.', 'A', 'NOERROR AA 10.0.0.4'],
    ['exists.wild.svc.', 'A', 'NOERROR AA SOA 5'],
    ['deep.wild.svc.', 'A', 'NOERROR AA SOA 5'],
    ['z.deep.wild.svc.', 'A', 'NXDOMAIN AA SOA 5'],
    ['foo.walias.svc.', 'A', 'NOERROR AA web.svc. 10.0.0.1 10.0.0.2'],
    ['wild.svc.', 'A', 'NOERROR AA SOA 5'],
    ['foo.wild.svc.', 'MX', 'NOERROR AA SOA 5'],
    ['foo.walias.svc.', 'CNAME', 'NOERROR AA web.svc.'],
    ['x.exists.wild.svc.', 'A', 'NXDOMAIN AA SOA 5'],
    ['x.*.wild.svc.', 'A', 'NXDOMAIN AA SOA 5'],
  ])('%s %s: %s', (name, type, expected) => expect(gist(ask(name, type))).toBe(expected));

  test('are owned by the name that was asked for, in its letters', () => {
    expect(records(world.query('FoO.wild.svc.', 'TXT').answer)).toEqual(['FoO.wild.svc. TXT "any"']);
    expect(ask('foo.walias.svc.').answer[0]?.owner).toBe('foo.walias.svc.');
  });
});

describe('a delegation', () => {
  const ns = ['child.svc. NS ns.child.svc.', 'child.svc. NS ns.sibling.svc.', 'child.svc. NS ns.example.com.'];
  const glue = ['ns.child.svc. A 10.0.1.1', 'ns.child.svc. AAAA 2001:db8::1:1', 'ns.sibling.svc. A 10.0.1.2'];

  test.each<[string, TypeName]>([
    ['x.child.svc.', 'A'],
    ['child.svc.', 'A'],
    ['child.svc.', 'NS'],
    ['child.svc.', 'ANY'],
    ['ns.child.svc.', 'A'],
    ['hidden.child.svc.', 'TXT'],
    ['x.child.svc.', 'DS'],
  ])('refers %s %s to the child, without AA, with glue', (name, type) => {
    const reply = ask(name, type);
    expect(reply).toMatchObject({ rcode: 'NOERROR', aa: false, tc: false, answer: [] });
    expect(records(reply.authority)).toEqual(ns);
    expect(records(reply.additional)).toEqual(glue);
  });

  test('answers for DS itself', () => {
    expect(gist(ask('child.svc.', 'DS'))).toBe('NOERROR AA SOA 5');
    expect(gist(ask('signed.svc.', 'DS'))).toBe('NOERROR AA \\# 5 00010d02ab');
  });
});

describe('a redirection', () => {
  test('of everything below, not of itself', () => {
    expect(records(ask('_http._tcp.dn.svc.', 'SRV').answer)).toEqual([
      'dn.svc. DNAME web.svc.',
      '_http._tcp.dn.svc. CNAME _http._tcp.web.svc.',
      '_http._tcp.web.svc. SRV 0 5 80 web.svc.',
    ]);
    expect(gist(ask('dn.svc.'))).toBe('NOERROR AA SOA 5');
    expect(gist(ask('dn.svc.', 'TXT'))).toBe('NOERROR AA "own"');
    expect(gist(ask('dn.svc.', 'DNAME'))).toBe('NOERROR AA web.svc.');
  });

  test('to nowhere is NXDOMAIN, to an entry between is NODATA', () => {
    expect(gist(ask('x.dn.svc.'))).toBe('NXDOMAIN AA web.svc. x.web.svc. SOA 5');
    expect(gist(ask('b.toroot.svc.'))).toBe('NOERROR AA c.svc. b.c.svc. SOA 5');
    expect(gist(ask('a.b.toroot.svc.'))).toBe('NOERROR AA c.svc. a.b.c.svc. 10.0.0.3');
  });

  test('to a name that cannot be is YXDOMAIN', () => {
    const name = `${`${'q'.repeat(60)}.`.repeat(2)}long.svc.`;
    expect(nameOctets(name).length).toBeLessThan(255);
    const reply = ask(name);
    expect(reply).toMatchObject({ rcode: 'YXDOMAIN', aa: true, answer: [{ type: 'DNAME', owner: 'long.svc.' }] });
    expect(ask('q.long.svc.')).toMatchObject({ rcode: 'NXDOMAIN' });
  });

  test('into itself ends, and stands in the answer once', () => {
    const { rcode, answer } = ask('a.selfdn.svc.');
    expect(rcode).toBe('SERVFAIL');
    expect(answer.filter(({ type }) => type === 'DNAME')).toHaveLength(1);
  });

  test.each<TypeName>(['CNAME', 'ANY'])('is the alias that %s asks for, and is not followed', (type) => {
    expect(gist(ask('x.dn.svc.', type))).toBe('NOERROR AA web.svc. x.web.svc.');
  });
});

describe('additional addresses', () => {
  test('of MX and NS come along where they are ours', () => {
    expect(records(ask('mail.svc.', 'MX').additional)).toEqual([
      'web.svc. A 10.0.0.1',
      'web.svc. A 10.0.0.2',
      'web.svc. AAAA 2001:db8::1',
    ]);
    expect(records(ask('svc.', 'NS').additional)).toEqual(['ns.svc. A 127.0.0.1']);
    expect(ask('_http._tcp.web.svc.', 'SRV').additional).toHaveLength(3);
  });

  test('come from the wildcard that stands for a host, not from another zone', () => {
    const lines = ['mx.svc. 60 MX 10 any.wild.svc.', 'mx.svc. 60 MX 20 any.walias.svc.', 'mx.svc. 60 MX 30 www.other.'];
    const harness = new Harness({ lines: [...worldLines, ...lines], zones: { 'other.': otherLines } });
    expect(records(harness.query('mx.svc.', 'MX').additional)).toEqual(['any.wild.svc. A 10.0.0.4']);
  });

  test('of a live name are fresh each time', () => {
    const harness = staticWorld();
    expect(gist(harness.query('toapp.svc.'))).toBe('NXDOMAIN AA orders.prod.svc. SOA 5');
    harness.register('orders.prod/orders-1');
    expect(gist(harness.query('toapp.svc.'))).toBe('NOERROR AA orders.prod.svc. 10.0.0.1');
    harness.cancel('orders.prod/orders-1');
    expect(gist(harness.query('toapp.svc.'))).toBe('NXDOMAIN AA orders.prod.svc. SOA 5');
  });
});

test('ANY gives one RRset, and unknown types are served as they are', () => {
  expect(gist(ask('web.svc.', 'ANY'))).toBe('NOERROR AA 10.0.0.1 10.0.0.2');
  expect(gist(ask('odd.svc.', 'ANY'))).toBe('NOERROR AA 2001:db8::9');
  expect(gist(ask('svc.', 'ANY'))).toBe('NOERROR AA ns.svc.');
  expect(gist(ask('odd.svc.', 666))).toBe('NOERROR AA \\# 2 0102');
});

test('an RRset has one TTL, the lowest given', () => {
  expect(ask('ttl.svc.').answer.map(({ ttl }) => ttl)).toEqual([30, 30]);
});

test('nothing of this was a fault', () => expect(world.faults).toEqual([]));
