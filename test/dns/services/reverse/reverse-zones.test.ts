// PTR of registered addresses, and the zones that they stand in (reference 47 and 105).

import { describe, expect, test } from 'vitest';
import { reasonOf } from '../../../kit/dns/reason.ts';
import { zoneOf } from '../../../kit/dns/static-records.ts';
import { gist, Harness } from '../../../kit/registry/harness.ts';
import { seededRandom } from '../../../kit/registry/placed.ts';

const seven = '7.0.0.10.in-addr.arpa.';
const six = `7.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa.`;

function one(body: Record<string, unknown> = {}): Harness {
  const harness = new Harness();
  harness.register('orders.prod/a', { addrs: ['http://10.0.0.7:80'], ...body });
  return harness;
}

const serialOf = (harness: Harness, apex: string) => Number(harness.query(apex, 'SOA').answer[0]?.data.split(' ')[2]);

describe('the PTR of an address', () => {
  test('is the app, for IPv4 and IPv6', () => {
    const harness = one({ addrs: ['http://10.0.0.7:80', 'grpc://[2001:db8::7]:90', 'amqp://mq.example.org:5672'] });
    expect(gist(harness.query(seven, 'PTR'))).toBe('NOERROR AA orders.prod.svc.');
    expect(gist(harness.query(six, 'PTR'))).toBe('NOERROR AA orders.prod.svc.');
    expect(gist(harness.query(six.toUpperCase(), 'PTR'))).toBe('NOERROR AA orders.prod.svc.');
    expect(gist(harness.query(seven, 'ANY'))).toBe('NOERROR AA orders.prod.svc.');
  });

  test('is each app once, however many instances and ports it has there', () => {
    const harness = one({ addrs: ['http://10.0.0.7:80', 'grpc://10.0.0.7:90'] });
    harness.register('orders.prod/b', { addrs: ['http://10.0.0.7:81'] });
    harness.register('com.acme.pay.dev/a', { addrs: ['http://10.0.0.7:82'] });
    expect(harness.data(seven, 'PTR')).toEqual(['com.acme.pay.dev.svc.', 'orders.prod.svc.']);
  });

  test('is not one of an instance that waits', () => {
    const harness = one({ status: 'waiting' });
    expect(gist(harness.query(seven, 'PTR'))).toBe('NOERROR AA SOA 5');
    harness.register('pay.prod/a', { addrs: ['http://10.0.0.7:80'] });
    expect(harness.data(seven, 'PTR')).toEqual(['pay.prod.svc.']);
    harness.patch('orders.prod/a', { status: 'up' });
    expect(harness.data(seven, 'PTR')).toEqual(['orders.prod.svc.', 'pay.prod.svc.']);
  });

  test('has no other type beside it', () => {
    for (const type of ['A', 'AAAA', 'TXT', 'SRV', 'NS', 'SOA', 'CNAME'] as const)
      expect(gist(one().query(seven, type))).toBe('NOERROR AA SOA 5');
  });

  test('goes with the instance, at once', () => {
    const harness = one();
    expect(harness.query(seven, 'PTR').answer).toHaveLength(1);
    harness.cancel('orders.prod/a');
    expect(gist(harness.query(seven, 'PTR'))).toBe('NXDOMAIN AA SOA 5');
    harness.register('orders.prod/a', { addrs: ['http://10.0.0.7:80'], leaseSeconds: 5 });
    expect(harness.query(seven, 'PTR').answer).toHaveLength(1);
    harness.elapse(5001);
    expect(gist(harness.query(seven, 'PTR'))).toBe('NXDOMAIN AA SOA 5');
  });

  test('moves with a patch or a new registration of the addresses', () => {
    const harness = one();
    harness.query(seven, 'PTR');
    harness.patch('orders.prod/a', { addrs: ['http://10.0.0.8:80'] });
    expect(gist(harness.query(seven, 'PTR'))).toBe('NXDOMAIN AA SOA 5');
    expect(harness.data('8.0.0.10.in-addr.arpa.', 'PTR')).toEqual(['orders.prod.svc.']);
    harness.register('orders.prod/a', { addrs: ['http://10.0.0.7:80'] });
    expect(harness.data(seven, 'PTR')).toEqual(['orders.prod.svc.']);
    expect(gist(harness.query('8.0.0.10.in-addr.arpa.', 'PTR'))).toBe('NXDOMAIN AA SOA 5');
  });

  test('lives no longer than any lease behind it', () => {
    const harness = one({ dnsTtl: 60, leaseSeconds: 100 });
    harness.register('pay.prod/a', { addrs: ['http://10.0.0.7:80'], dnsTtl: 60, leaseSeconds: 30 });
    const ttl = () => harness.query(seven, 'PTR').answer[0]?.ttl;
    expect(ttl()).toBe(30);
    harness.elapse(29_500);
    expect(ttl()).toBe(0);
    // A renewal is no change: a cached answer may keep the shorter TTL, until the lease that it knew would end.
    harness.renew('pay.prod/a');
    harness.elapse(501);
    expect(ttl()).toBe(29);
    harness.patch('pay.prod/a', { dnsTtl: 7 });
    expect(ttl()).toBe(7);
    harness.patch('pay.prod/a', { status: 'waiting' });
    expect(ttl()).toBe(60);
    harness.elapse(64_000);
    expect(ttl()).toBe(5);
  });

  test('is at most a hundred apps, reports it, and is of others each 5 s', () => {
    const harness = new Harness();
    for (let i = 0; i < 130; i++) harness.register(`app${i}.prod/a`, { addrs: ['http://10.0.0.7:80'] });
    const reply = harness.query(seven, 'PTR', { tcp: true, edns: true });
    const pointersOf = ({ answer }: typeof reply) => answer.map(({ data }) => String(data)).sort();
    expect(new Set(pointersOf(reply)).size).toBe(100);
    expect(reasonOf(reply)?.text).toContain('130 apps');
    expect(pointersOf(harness.query(seven, 'PTR', { tcp: true }))).toEqual(pointersOf(reply));
    const seen = new Set(pointersOf(reply));
    for (let i = 0; i < 4; i++) {
      harness.elapse(5000);
      for (const pointer of pointersOf(harness.query(seven, 'PTR', { tcp: true }))) seen.add(pointer);
    }
    expect(seen.size).toBe(130);
    harness.register('app7.prod/b', { addrs: ['http://10.0.0.7:81'] });
    expect(harness.query(seven, 'PTR', { tcp: true }).answer).toHaveLength(100);
  });
});

describe('an address with many instances', () => {
  test('has the PTRs of the apps that are up there, however they come, go and change', () => {
    const harness = new Harness();
    const random = seededRandom(5);
    const body = (status: string) => ({ addrs: ['http://10.0.0.7:80', 'http://10.0.0.8:80'], status });
    const up = new Map<string, Set<string>>();
    const wanted = () => [...up].filter(([, ids]) => ids.size > 0).map(([app]) => `${app}.prod.svc.`);
    let most = 0;
    for (let step = 0; step < 600; step++) {
      // Up to some hundred instances, then down to hardly any.
      const isGrowing = step < 300;
      const [app, id] = [`app${Math.floor(random() * 4)}`, `i${Math.floor(random() * 40)}`];
      const ids = up.get(app) ?? new Set();
      up.set(app, ids);
      if (isGrowing) {
        const status = random() < 0.7 ? 'up' : 'waiting';
        harness.register(`${app}.prod/${id}`, body(status));
        if (status === 'up') ids.add(id);
        else ids.delete(id);
      } else if (harness.registry.find({ env: 'prod', appid: app, instance: id }) !== undefined) {
        harness.cancel(`${app}.prod/${id}`);
        ids.delete(id);
      }
      most = Math.max(
        most,
        [...up.values()].reduce((sum, { size }) => sum + size, 0),
      );
      if (step % 7 === 0) expect(harness.data(seven, 'PTR')).toEqual(wanted().sort());
    }
    expect(most).toBeGreaterThan(80);
  });

  test('has a TTL that outlasts no lease of those that were looked at', () => {
    const harness = new Harness();
    for (let i = 0; i < 60; i++)
      harness.register(`orders.prod/i${i}`, { addrs: ['http://10.0.0.7:80'], dnsTtl: 60, leaseSeconds: 100 });
    expect(harness.query(seven, 'PTR').answer[0]?.ttl).toBe(60);
    harness.elapse(64_000);
    expect(harness.query(seven, 'PTR').answer[0]?.ttl).toBe(36);
  });
});

describe('the names between', () => {
  const harness = one({ addrs: ['http://10.0.0.7:80', 'http://[fd01:db8::7]:90'] });
  const six = `7.${'0.'.repeat(23)}8.b.d.0.1.0.d.f.ip6.arpa.`;

  test.each([
    '0.0.10.in-addr.arpa.',
    '0.10.in-addr.arpa.',
    '10.in-addr.arpa.',
    '0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.d.f.ip6.arpa.',
    six.slice(2),
  ])('%s is NODATA', (name) => expect(gist(harness.query(name, 'PTR'))).toBe('NOERROR AA SOA 5'));

  test.each([
    '6.0.0.10.in-addr.arpa.',
    '1.0.10.in-addr.arpa.',
    '1.10.in-addr.arpa.',
    `x.${seven}`,
    `8${six.slice(1)}`,
    '07.0.0.10.in-addr.arpa.',
    '256.0.0.10.in-addr.arpa.',
  ])('%s is NXDOMAIN', (name) => expect(gist(harness.query(name, 'PTR'))).toBe('NXDOMAIN AA SOA 5'));

  test('a dot inside a label separates nothing', () => {
    expect(harness.query(['7.0', '0', '10', 'in-addr', 'arpa'], 'PTR').rcode).toBe('NXDOMAIN');
    expect(harness.query(['7.0.0', '10', 'in-addr', 'arpa'], 'PTR').rcode).toBe('NXDOMAIN');
  });

  test('are gone with the last address below', () => {
    const gone = one();
    gone.cancel('orders.prod/a');
    expect(gist(gone.query('0.10.in-addr.arpa.', 'PTR'))).toBe('NXDOMAIN AA SOA 5');
  });
});

describe('a zone', () => {
  test.each([
    '10.in-addr.arpa.',
    '168.192.in-addr.arpa.',
    '16.172.in-addr.arpa.',
    '31.172.in-addr.arpa.',
    'd.f.ip6.arpa.',
  ])('of a private range is always there, with an SOA and NS of its own: %s', (apex) => {
    const harness = new Harness();
    expect(harness.query(apex, 'SOA')).toMatchObject({
      aa: true,
      answer: [{ owner: apex, data: expect.stringMatching(/^ns\.svc\. hostmaster\.svc\. 100 /) }],
    });
    expect(gist(harness.query(apex, 'NS'))).toBe('NOERROR AA ns.svc.');
    expect(harness.query(`1.${apex}`, 'PTR')).toMatchObject({ rcode: 'NXDOMAIN', authority: [{ owner: apex }] });
  });

  test.each([
    'in-addr.arpa.',
    'ip6.arpa.',
    'arpa.',
    '172.in-addr.arpa.',
    '15.172.in-addr.arpa.',
    '32.172.in-addr.arpa.',
    '192.in-addr.arpa.',
    '8.8.8.8.in-addr.arpa.',
    '11.in-addr.arpa.',
    '1.2.0.0.2.ip6.arpa.',
  ])('of anything else is not: %s', (name) => expect(new Harness().query(name, 'PTR').rcode).toBe('REFUSED'));

  test.each([
    ['http://203.0.113.9:80', '9.113.0.203.in-addr.arpa.', '8.113.0.203.in-addr.arpa.', '113.0.203.in-addr.arpa.'],
    [
      'http://[2001:db8:0:5::9]:80',
      `9.${'0.'.repeat(15)}5.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.`,
      `8.${'0.'.repeat(15)}5.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.`,
      '5.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.',
    ],
    ['http://172.32.0.1:80', '1.0.32.172.in-addr.arpa.', '2.0.32.172.in-addr.arpa.', '0.32.172.in-addr.arpa.'],
  ])('of %s is its own alone, comes with it, and stays after it as an empty zone', (address, ptr, beside, above) => {
    const harness = new Harness();
    const rcodes = () => [ptr, beside, above].map((name) => harness.query(name, 'PTR').rcode);
    expect(rcodes()).toEqual(['REFUSED', 'REFUSED', 'REFUSED']);
    harness.register('orders.prod/a', { addrs: [address] });
    expect(harness.query(ptr, 'PTR')).toMatchObject({ aa: true, answer: [{ data: 'orders.prod.svc.' }] });
    expect(harness.query(ptr, 'SOA').answer[0]?.data).toMatch(/^ns\.svc\. hostmaster\.svc\. 101 /);
    expect(gist(harness.query(ptr, 'NS'))).toBe('NOERROR AA ns.svc.');
    expect(gist(harness.query(ptr, 'TXT'))).toBe('NOERROR AA SOA 5');
    expect(gist(harness.query(`x.${ptr}`, 'TXT'))).toBe('NXDOMAIN AA SOA 5');
    expect(harness.data(`_why.${ptr}`, 'TXT')).toHaveLength(1);
    expect(rcodes().slice(1)).toEqual(['REFUSED', 'REFUSED']);
    harness.register('pay.prod/b', { addrs: [address, 'http://198.51.100.1:80'] });
    harness.cancel('orders.prod/a');
    expect(harness.query(ptr, 'PTR').answer[0]?.data).toBe('pay.prod.svc.');
    harness.patch('pay.prod/b', { addrs: ['http://198.51.100.1:80'] });
    expect(rcodes()).toEqual(['NOERROR', 'REFUSED', 'REFUSED']);
    expect(gist(harness.query(ptr, 'PTR'))).toBe('NOERROR AA SOA 5');
    expect(harness.query('1.100.51.198.in-addr.arpa.', 'PTR').answer[0]?.data).toBe('pay.prod.svc.');
    harness.cancel('pay.prod/b');
    expect(harness.query('1.100.51.198.in-addr.arpa.', 'PTR')).toMatchObject({
      rcode: 'NOERROR',
      aa: true,
      answer: [],
    });
  });

  test('zones that are left are a thousand at most, the last ones', () => {
    const harness = new Harness();
    for (let i = 0; i < 1100; i++) {
      harness.register('orders.prod/a', { addrs: [`http://203.${i >> 8}.${i & 255}.9:80`] });
      harness.cancel('orders.prod/a');
    }
    const rcodeOf = (i: number) => harness.query(`9.${i & 255}.${i >> 8}.203.in-addr.arpa.`, 'PTR').rcode;
    const rcodes = Array.from({ length: 1100 }, (_, i) => rcodeOf(i));
    expect(rcodes).toEqual([...Array(100).fill('REFUSED'), ...Array(1000).fill('NOERROR')]);
  });
});

describe('a zone file', () => {
  const lines = (apex: string) => [
    `${apex} 3600 SOA ns.other. hostmaster.other. 7 3600 600 86400 60`,
    `${apex} 3600 NS ns.other.`,
  ];

  test('of a private range keeps its records, and the registry has the rest', () => {
    const apex = '10.in-addr.arpa.';
    const harness = new Harness({
      zones: { [apex]: [...lines(apex), `${seven} 60 PTR static.example.`, `1.${seven} 60 TXT below`] },
    });
    harness.register('orders.prod/a', { addrs: ['http://10.0.0.7:80', 'http://10.0.0.8:80'] });
    expect(harness.data(seven, 'PTR')).toEqual(['static.example.']);
    expect(harness.data(`1.${seven}`, 'TXT')).toEqual(['"below"']);
    expect(harness.data('8.0.0.10.in-addr.arpa.', 'PTR')).toEqual(['orders.prod.svc.']);
    expect(gist(harness.query(apex, 'NS'))).toBe('NOERROR AA ns.other.');
    // "No such name" must be forgotten soon here too.
    expect(gist(harness.query('9.0.0.10.in-addr.arpa.', 'PTR'))).toBe('NXDOMAIN AA SOA 5');
    expect(serialOf(harness, apex)).toBe(harness.registry.revision);
  });

  test('of other addresses stays when they go, and no zone is made below it', () => {
    const apex = '203.in-addr.arpa.';
    const harness = new Harness({
      zones: { [apex]: [...lines(apex), '1.113.0.203.in-addr.arpa. 60 PTR static.example.'] },
    });
    harness.register('orders.prod/a', { addrs: ['http://203.0.113.9:80'] });
    expect(harness.data('9.113.0.203.in-addr.arpa.', 'PTR')).toEqual(['orders.prod.svc.']);
    expect(harness.query('113.0.203.in-addr.arpa.', 'SOA').authority[0]?.owner).toBe(apex);
    harness.cancel('orders.prod/a');
    expect(gist(harness.query('9.113.0.203.in-addr.arpa.', 'PTR'))).toBe('NXDOMAIN AA SOA 5');
    expect(harness.data('1.113.0.203.in-addr.arpa.', 'PTR')).toEqual(['static.example.']);
  });

  test.each(['113.0.203.in-addr.arpa.', '0.203.in-addr.arpa.'])(
    'for %s that comes while the addresses are there takes the place of the zone that came with them',
    (apex) => {
      const harness = new Harness();
      harness.register('orders.prod/a', { addrs: ['http://203.0.113.9:80'] });
      harness.serveZone(zoneOf(apex, [...lines(apex), '1.113.0.203.in-addr.arpa. 60 PTR static.example.']));
      expect(harness.data('1.113.0.203.in-addr.arpa.', 'PTR')).toEqual(['static.example.']);
      expect(harness.data('9.113.0.203.in-addr.arpa.', 'PTR')).toEqual(['orders.prod.svc.']);
      harness.cancel('orders.prod/a');
      expect(harness.data('1.113.0.203.in-addr.arpa.', 'PTR')).toEqual(['static.example.']);
      expect(gist(harness.query('9.113.0.203.in-addr.arpa.', 'PTR'))).toBe('NXDOMAIN AA SOA 5');
    },
  );
});

test('the serial moves with PTR records, not with the rest of the registry, and never back', () => {
  const harness = one();
  const serial = () => serialOf(harness, '10.in-addr.arpa.');
  const first = serial();
  expect(first).toBe(harness.registry.revision);
  harness.patch('orders.prod/a', { tags: ['canary'], weight: 3, metadata: { k: 'v' } });
  harness.register('named.prod/a', { addrs: ['amqp://mq.example.org:5672'] });
  expect(serial()).toBe(first);
  let last = first;
  for (const patch of [{ status: 'waiting' }, { status: 'up' }, { dnsTtl: 1 }, { addrs: ['http://10.0.0.8:80'] }]) {
    harness.patch('orders.prod/a', patch);
    expect(serial()).toBeGreaterThan(last);
    last = serial();
  }
  harness.cancel('orders.prod/a');
  expect(serial()).toBe(harness.registry.revision);
  // In a negative answer as well, cached or not.
  const soa = () => harness.query(seven, 'PTR').authority[0]?.data.split(' ')[2];
  expect(soa()).toBe(`${serial()}`);
  harness.register('orders.prod/a', { addrs: ['http://10.0.0.9:80'] });
  expect(soa()).toBe(`${harness.registry.revision}`);
});
