// explain() for HTTP's /resolve, and `_why.` in DNS: the answer in words.

import { describe, expect, test } from 'vitest';
import { explain } from '../../../src/dns/server/explain.ts';
import { worldLines } from '../../kit/dns/static-world.ts';
import { Harness, type QueryKnobs } from '../../kit/registry/harness.ts';

const app = 'orders.prod.svc.';

function world(): Harness {
  const harness = new Harness({ lines: worldLines });
  harness.register('orders.prod/a', { addrs: ['https://10.0.0.1:443'], metadata: { alpn: 'h2,h3', k: 'a "b"' } });
  harness.register('orders.prod/b', { status: 'waiting', addrs: ['https://10.0.0.2:443'] });
  return harness;
}

const harness = world();
const ask = (name: string, type: string) => explain(name, type, harness.zones, harness.clock.monotonicMs());

/** The lines of a `_why`, as a client prints them. */
const why = (name: NonNullable<QueryKnobs['name']>, of = harness) =>
  of.data(name, 'TXT').map((text) => text.slice(1, -1).replaceAll('" "', ''));

describe('explain()', () => {
  test('shows records as a zone file would', () => {
    expect(ask(`_https._tcp.${app}`, 'srv')).toEqual({
      name: `_https._tcp.${app}`,
      type: 'SRV',
      rcode: 'NOERROR',
      flags: ['qr', 'aa'],
      answer: [`_https._tcp.${app} 5 IN SRV 0 10 443 a.${app}`],
      authority: [],
      additional: [`a.${app} 5 IN A 10.0.0.1`],
      reason: '1 instance of 2 up',
      ttl: 5,
    });
    expect(ask(app, 'HTTPS')).toMatchObject({
      answer: [`${app} 5 IN HTTPS 1 a.${app} alpn="h2,h3" port=443 ipv4hint=10.0.0.1`],
    });
    expect(ask(`a.${app}`, 'TXT')).toMatchObject({ answer: [`a.${app} 5 IN TXT "alpn=h2,h3" "k=a \\"b\\""`] });
    expect(ask('1.0.0.10.in-addr.arpa', 'ptr')).toMatchObject({
      answer: ['1.0.0.10.in-addr.arpa. 5 IN PTR orders.prod.svc.'],
    });
    expect(ask('_https._tcp.prod.svc', 'PTR')).toMatchObject({
      answer: ['_https._tcp.prod.svc. 5 IN PTR a~orders._https._tcp.prod.svc.'],
    });
  });

  test('shows the SOA of a negative answer and how long that may be kept', () => {
    const nothing = ask('nope.prod.svc', 'A');
    expect(nothing).toMatchObject({ rcode: 'NXDOMAIN', answer: [], ttl: 5, reason: 'no app of this name' });
    const { serial } = { serial: harness.registry.revision };
    expect(nothing).toMatchObject({
      authority: [`svc. 5 IN SOA ns.svc. hostmaster.svc. ${serial} 3600 600 86400 5`],
    });
  });

  test('of what is refused, too', () => {
    expect(ask('example.com', 'A')).toEqual({
      name: 'example.com.',
      type: 'A',
      rcode: 'REFUSED',
      flags: ['qr'],
      answer: [],
      authority: [],
      additional: [],
      reason: 'example.com. is in none of our zones',
    });
  });

  test.each([
    ['..', 'A', 'name'],
    ['', 'A', 'name'],
    [`${'a'.repeat(64)}.svc`, 'A', 'name'],
    [`${'a.'.repeat(130)}svc`, 'A', 'name'],
    ['svc', 'AXFR', 'type'],
    ['svc', 'OPT', 'type'],
    ['svc', 'TYPE65536', 'type'],
    ['svc', '', 'type'],
  ])('of %j %s names what is wrong with the %s', (name, type, field) => {
    expect(ask(name, type)).toMatchObject({ problems: [{ field }] });
  });

  test('names both at once', () => expect(ask('..', 'x')).toMatchObject({ problems: [{}, {}] }));
});

describe('_why', () => {
  test('has a line for each reason, with the types that it goes for', () => {
    expect(why(`_why.${app}`).sort()).toEqual([
      'A SRV TXT: 1 instance of 2 up',
      'AAAA: nothing, 1 instance up, none has an address for this type: a (IPv4 alone)',
    ]);
    expect(why(`_why.b.${app}`)).toEqual(['A AAAA SRV TXT: nothing, 1 instance, all waiting']);
    expect(why('_why.prod.svc.')).toEqual(['A AAAA SRV TXT: nothing, the name has no records, only names below it']);
    expect(why('_why.nope.prod.svc.')).toEqual(['NXDOMAIN: no app of this name']);
    expect(why('_why.x.child.svc.', world())).toEqual([]);
  });

  test('of aliases is about where they lead', () => {
    expect(why('_why.toapp.svc.').sort()).toEqual([
      'A SRV TXT: 1 instance of 2 up',
      'AAAA: nothing, 1 instance up, none has an address for this type: a (IPv4 alone)',
    ]);
    expect(why('_why.dangling.svc.')).toEqual(['NXDOMAIN: nothing is registered in the env nowhere.']);
  });

  test('of names for browsing speaks of PTR', () => {
    expect(why('_why._https._tcp.prod.svc.').sort()).toEqual([
      'A AAAA SRV TXT: nothing, names for browsing have no records but PTR',
      'PTR: 1 instance of 2 up, 1 of them listed',
    ]);
    expect(why('_why._services._dns-sd._udp.prod.svc.')).toContain('PTR: 1 of 1 service types');
  });

  test('is of this moment: TTL 0, never from the cache, and exact after every change', () => {
    const live = world();
    const line = () => why(`_why.${app}`, live).find((text) => text.startsWith('A'));
    const reply = live.query(`_why.${app}`, 'TXT');
    expect(reply.answer.map(({ ttl }) => ttl)).toEqual([0, 0]);
    expect(line()).toContain('1 instance of 2');
    live.patch('orders.prod/b', { status: 'up' });
    expect(line()).toContain('2 instances of 2');
    live.cancel('orders.prod/a');
    live.cancel('orders.prod/b');
    expect(why(`_why.${app}`, live)).toEqual([
      'NXDOMAIN: nothing is registered in the env prod.; its last instance left at 2026-01-01T00:00:00Z: rollcall events prod/orders',
    ]);
  });

  test('stands in front of addresses, too', () => {
    expect(why('_why.1.0.0.10.in-addr.arpa.')).toEqual(['PTR: 1 app has an instance at this address']);
    expect(why('_why.2.0.0.10.in-addr.arpa.')).toEqual(['PTR: nothing, the instances at this address are all waiting']);
    expect(why('_why.0.10.in-addr.arpa.')).toEqual(['PTR: nothing, the name has no records, only names below it']);
    expect(why('_why.9.0.0.10.in-addr.arpa.')).toEqual([
      'NXDOMAIN: no instance is registered at the address of 9.0.0.10.in-addr.arpa.',
    ]);
    expect(harness.query('_why.1.0.0.11.in-addr.arpa.', 'TXT').rcode).toBe('REFUSED');
  });

  test('stands in front of any name of the zone, and is only TXT', () => {
    for (const name of ['_why.svc.', '_why.a.b.c.d.nothing.svc.', `_WHY.${app}`, '_why.web.svc.']) {
      expect(harness.query(name, 'TXT')).toMatchObject({ rcode: 'NOERROR', aa: true });
      expect(harness.query(name, 'TXT').answer.length).toBeGreaterThan(0);
      expect(harness.query(name, 'A')).toMatchObject({ rcode: 'NOERROR', answer: [], authority: [{ type: 'SOA' }] });
    }
    expect(harness.query('_why.example.com.', 'TXT').rcode).toBe('REFUSED');
    expect(harness.query(['_why.orders', 'prod', 'svc'], 'TXT').rcode).toBe('NXDOMAIN');
  });

  test('of an explanation has an end, and so has an alias that leads to its own', () => {
    expect(why(`_why._why.${app}`).sort()).toEqual([
      'A AAAA SRV: nothing, names that explain have no records but TXT',
      'TXT: an explanation',
    ]);
    const odd = new Harness({ lines: ['self.svc. 60 CNAME _why.self.svc.', 'dn.svc. 60 DNAME _why.dn.svc.'] });
    const names = ['self.svc.', '_why.self.svc.', 'x.dn.svc.', '_why.x.dn.svc.', [...Array(40).fill('_why'), 'svc']];
    for (const name of names) odd.query(name, 'TXT', { tcp: true });
    expect(odd.faults).toEqual([]);
  });

  test('of the longest names is cut into strings', () => {
    const name = ['_why', '\xff'.repeat(63), '\xff'.repeat(63), '\xff'.repeat(40), '10', 'in-addr', 'arpa'];
    const [long = ''] = why(name);
    expect(long).toContain(`the address of ${'\\\\255'.repeat(63)}.`);
    expect(long.length).toBeGreaterThan(700);
    const [line = ''] = why(['_why', 'x', '\xff'.repeat(63), 'svc']);
    expect(line).toBe(`NXDOMAIN: nothing is registered in the env ${'\\\\255'.repeat(63)}.`);
  });
});

describe('_why of an app with very many instances', () => {
  const metadata = { k: 'x'.repeat(300), team: 'pay' };
  const shapes: readonly (readonly [what: string, body: (i: number) => Readonly<Record<string, unknown>>])[] = [
    ['one address each', (i) => ({ addrs: [`http://10.0.${i >> 8}.${i & 255}:80`] })],
    ['half of them IPv6 alone', (i) => ({ addrs: [i % 2 === 0 ? `http://10.0.0.${i}:80` : `http://[fd00::${i}]:80`] })],
    ['several ports', (i) => ({ addrs: [80, 81, 82].map((port) => `http://10.0.${i & 3}.${i & 255}:${port}`) })],
    ['metadata that TXT has no room for', (i) => ({ addrs: [`http://10.0.0.${i}:80`], metadata, version: `${i % 2}` })],
    ['some waiting, of two priorities', (i) => ({ status: i % 3 === 0 ? 'waiting' : 'up', priority: i % 2 })],
    ['all waiting', () => ({ status: 'waiting' })],
    ['a host name that all share', () => ({ addrs: ['http://edge.example.net:80'] })],
  ];

  test.each(shapes)('says of each type what its answer says of itself: %s', (_, body) => {
    const large = new Harness();
    for (let i = 0; i < 250; i++) large.register(`orders.prod/i${i}`, body(i));
    for (const name of [app, `1._version.${app}`, `_http._tcp.${app}`]) {
      for (const type of ['A', 'AAAA', 'SRV', 'TXT']) {
        const explained = explain(name, type, large.zones, large.clock.monotonicMs());
        if ('problems' in explained) throw new Error('not explained');
        const { rcode, answer, reason } = explained;
        if (rcode !== 'NOERROR') continue;
        const line = why(`_why.${name}`, large).find((text) => (text.split(':')[0] ?? '').split(' ').includes(type));
        expect(line?.slice(line.indexOf(': ') + 2), `${name} ${type}`).toBe(
          `${answer.length === 0 ? 'nothing, ' : ''}${reason}`,
        );
      }
    }
  });
});
