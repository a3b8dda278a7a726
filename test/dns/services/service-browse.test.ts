// Browsing (RFC 6763, reference 48): which types there are, which instances of one, and the records of each of these.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { reasonOf } from '../../kit/dns/reason.ts';
import { gist, Harness } from '../../kit/registry/harness.ts';

const types = '_services._dns-sd._udp.prod.svc.';
const http = '_http._tcp.prod.svc.';

function world(): Harness {
  const harness = new Harness();
  harness.register('orders.prod/a', { addrs: ['http://10.0.0.1:80', 'grpc://10.0.0.1:90'], metadata: { path: '/v1' } });
  harness.register('orders.prod/b', { addrs: ['http://10.0.0.2:80'], status: 'waiting' });
  harness.register('com.acme.pay.prod/A 1', { addrs: ['http://10.0.0.3:8080', 'dns+udp://10.0.0.3:53'] });
  harness.register('orders.dev/d', { addrs: ['smtp://10.0.1.1:25'] });
  return harness;
}

describe('the service types of an env', () => {
  test('are those that are registered in it, whether they take traffic or not', () => {
    const harness = world();
    expect(harness.data(types, 'PTR')).toEqual(['_dns._udp.prod.svc.', '_grpc._tcp.prod.svc.', http]);
    expect(harness.data('_services._dns-sd._udp.dev.svc.', 'PTR')).toEqual(['_smtp._tcp.dev.svc.']);
    expect(harness.query(types, 'PTR')).toMatchObject({ aa: true, answer: [{ ttl: 5 }, { ttl: 5 }, { ttl: 5 }] });
    harness.register('mail.prod/a', { addrs: ['smtp://10.0.0.9:25'], status: 'waiting' });
    expect(harness.data(types, 'PTR')).toContain('_smtp._tcp.prod.svc.');
  });

  test('go with their last instance', () => {
    const harness = world();
    harness.patch('orders.prod/a', { addrs: ['http://10.0.0.1:80'] });
    expect(harness.data(types, 'PTR')).toEqual(['_dns._udp.prod.svc.', http]);
    harness.cancel('com.acme.pay.prod/A 1');
    harness.cancel('orders.prod/a');
    expect(harness.data(types, 'PTR')).toEqual([http]);
    harness.elapse(90_001);
    expect(gist(harness.query(types, 'PTR'))).toBe('NXDOMAIN AA SOA 5');
  });

  test('are at most a hundred, others with each TTL, and the answer reports it', () => {
    const harness = new Harness();
    for (let i = 0; i < 150; i++)
      harness.register(`app${i}.prod/a`, { addrs: [`p${i}://10.0.0.1:80`], leaseSeconds: 86_400 });
    const seen = new Set<string>();
    for (let i = 0; i < 40; i++) {
      harness.elapse(5000);
      const { answer } = harness.query(types, 'PTR', { tcp: true });
      expect(answer).toHaveLength(100);
      for (const { data } of answer) seen.add(data);
    }
    expect(seen.size).toBe(150);
    expect(reasonOf(harness.query(types, 'PTR', { tcp: true, edns: true }))?.text).toBe(
      '100 of 150 service types, chosen anew every 5 s',
    );
  });
});

describe('the instances of a type', () => {
  test('are those that take traffic, named by their label and app', () => {
    const harness = world();
    expect(harness.data(http, 'PTR')).toEqual([`a-1~com\\.acme\\.pay.${http}`, `a~orders.${http}`]);
    expect(harness.data('_grpc._tcp.prod.svc.', 'PTR')).toEqual(['a~orders._grpc._tcp.prod.svc.']);
    // What is compressed points into the question, in whose letter case it then is.
    expect(harness.data('_DNS._UDP.Prod.svc.', 'PTR')).toEqual(['a-1~com\\.acme\\.pay._DNS._UDP.Prod.svc.']);
    harness.patch('orders.prod/b', { status: 'up' });
    expect(harness.data(http, 'PTR')).toContain(`b~orders.${http}`);
    harness.cancel('orders.prod/a');
    expect(harness.data(http, 'PTR')).not.toContain(`a~orders.${http}`);
  });

  test('may be none, which is NODATA', () => {
    const harness = new Harness();
    harness.register('orders.prod/a', { status: 'waiting' });
    harness.register('orders.prod/b', { status: 'waiting' });
    expect(gist(harness.query(http, 'PTR'))).toBe('NOERROR AA SOA 5');
    expect(reasonOf(harness.query(http, 'PTR', { edns: true }))?.text).toBe('2 instances, all waiting');
  });

  test('are not listed where their names do not fit a label of 63 octets, and are served all the same', () => {
    const harness = new Harness();
    const [fits, tooLong] = ['x'.repeat(56), 'x'.repeat(57)];
    harness.register(`orders.prod/${fits}`);
    expect(harness.data(http, 'PTR')).toEqual([`${fits}~orders.${http}`]);
    expect(harness.data(`${fits}~orders.${http}`, 'SRV')).toHaveLength(1);
    harness.cancel(`orders.prod/${fits}`);
    harness.register(`orders.prod/${tooLong}`);
    expect(gist(harness.query(http, 'PTR'))).toBe('NOERROR AA SOA 5');
    expect(reasonOf(harness.query(http, 'PTR', { edns: true }))?.text).toBe(
      '1 instance up, none has a name that fits a label',
    );
    expect(harness.data(types, 'PTR')).toEqual([http]);
    expect(harness.data(`${tooLong}.orders.prod.svc.`)).toEqual(['10.0.0.1']);
  });

  test('are at most a hundred, others with each TTL, in proportion to their weights', () => {
    const harness = new Harness();
    for (let i = 0; i < 250; i++)
      harness.register(`orders.prod/i${i}`, { weight: i < 50 ? 100 : 10, leaseSeconds: 86_400 });
    const counts = new Map<string, number>();
    for (let i = 0; i < 2000; i++) {
      if (i % 50 === 0) harness.elapse(5000);
      const { answer } = harness.query(http, 'PTR', { tcp: true });
      expect(answer).toHaveLength(100);
      const first = answer[0]?.data ?? '';
      counts.set(first, (counts.get(first) ?? 0) + 1);
    }
    const heavy = Array.from({ length: 50 }, (_, i) => counts.get(`i${i}~orders.${http}`) ?? 0);
    expect(heavy.reduce((a, b) => a + b)).toBeGreaterThan(2000 * 0.6);
    expect(reasonOf(harness.query(http, 'PTR', { tcp: true, edns: true }))?.text).toBe(
      '100 of 250 instances listed, chosen anew every 5 s',
    );
  });

  test('of very many are looked at in part, of other apps with each TTL, and the answer reports it', () => {
    const harness = new Harness();
    for (let i = 0; i < 2500; i++) harness.register(`app${i % 50}.prod/i${i}`, { leaseSeconds: 86_400 });
    const apps = new Set<string>();
    for (let i = 0; i < 40; i++) {
      harness.elapse(5000);
      const { answer } = harness.query(http, 'PTR', { tcp: true });
      expect(answer).toHaveLength(100);
      for (const { data } of answer) apps.add(data.replace(/^.*~(app\d+)\..*$/, '$1'));
    }
    expect(apps.size).toBe(50);
    expect(reasonOf(harness.query(http, 'PTR', { tcp: true, edns: true }))?.text).toBe(
      '100 of 2500 instances listed, chosen anew every 5 s',
    );
  });

  test('of a large app are those that serve the type, whatever was asked of it before', () => {
    const harness = new Harness();
    for (let i = 0; i < 240; i++)
      harness.register(`orders.prod/i${i}`, { addrs: [`${i % 2 === 0 ? 'http' : 'grpc'}://10.0.1.${i}:80`] });
    harness.data('orders.prod.svc.', 'SRV');
    for (const [type, parity] of [
      [http, 0],
      ['_grpc._tcp.prod.svc.', 1],
      [http, 0],
    ] as const) {
      const listed = harness.data(type, 'PTR').map((target) => Number(/^i(\d+)~/.exec(target)?.[1]));
      expect(listed).toHaveLength(100);
      for (const i of listed) expect(i % 2).toBe(parity);
    }
  });

  test('are kept no longer than any of their leases', () => {
    const harness = world();
    harness.register('orders.prod/c', { addrs: ['http://10.0.0.4:80'], leaseSeconds: 5, dnsTtl: 60 });
    const ttls = () => new Set(harness.query(http, 'PTR').answer.map(({ ttl }) => ttl));
    expect(ttls()).toEqual(new Set([5]));
    harness.elapse(3100);
    expect(ttls()).toEqual(new Set([1]));
    harness.elapse(1900);
    expect(ttls()).toEqual(new Set([5]));
  });
});

describe('an instance that is advertised', () => {
  const harness = world();
  const orders = `a~orders.${http}`;
  const pay = ['a-1~com.acme.pay', '_http', '_tcp', 'prod', 'svc'];

  test('has SRV and TXT', () => {
    expect(harness.data(orders, 'SRV')).toEqual(['0 10 80 a.orders.prod.svc.']);
    expect(harness.data('a~orders._grpc._tcp.prod.svc.', 'SRV')).toEqual(['0 10 90 a.orders.prod.svc.']);
    expect(harness.query(orders, 'SRV').additional.map(({ data }) => data)).toEqual(['10.0.0.1']);
    expect(harness.data(orders, 'TXT')).toEqual(['"path=/v1"']);
    expect(harness.data(orders.toUpperCase(), 'TXT')).toEqual(['"path=/v1"']);
    expect(harness.data(pay, 'SRV')).toEqual(['0 10 8080 a-1.com.acme.pay.prod.svc.']);
    expect(harness.data(pay, 'TXT')).toEqual(['""']);
  });

  test('has no other type, and NODATA while it waits', () => {
    for (const type of ['A', 'AAAA', 'PTR', 'HTTPS'] as const)
      expect(gist(harness.query(orders, type))).toContain('SOA');
    for (const type of ['SRV', 'TXT'] as const)
      expect(gist(harness.query(`b~orders.${http}`, type))).toBe('NOERROR AA SOA 5');
  });

  test.each<[string, readonly string[]]>([
    ['of a port that it has not', ['a~orders', '_smtp', '_tcp', 'prod', 'svc']],
    ['of another protocol', ['a~orders', '_http', '_udp', 'prod', 'svc']],
    ['that is not registered', ['x~orders', '_http', '_tcp', 'prod', 'svc']],
    ['of no such app', ['a~order', '_http', '_tcp', 'prod', 'svc']],
    ['of a type that only another instance has', ['b~orders', '_grpc', '_tcp', 'prod', 'svc']],
    ['in another env', ['a~orders', '_http', '_tcp', 'dev', 'svc']],
    ['without its app', ['a', '_http', '_tcp', 'prod', 'svc']],
    ['without its label', ['~orders', '_http', '_tcp', 'prod', 'svc']],
    ['of the end of an appid', ['a-1~acme.pay', '_http', '_tcp', 'prod', 'svc']],
    ['with its appid as labels', ['a-1~com', 'acme', 'pay', '_http', '_tcp', 'prod', 'svc']],
    ['and a name below', ['x', 'a~orders', '_http', '_tcp', 'prod', 'svc']],
  ])('%s is NXDOMAIN', (_, name) => expect(gist(harness.query(name, 'SRV'))).toBe('NXDOMAIN AA SOA 5'));
});

describe('the names between', () => {
  const harness = world();

  test.each(['_udp.prod.svc.', '_dns-sd._udp.prod.svc.', '_tcp.prod.svc.', '_udp.dev.svc.', '_tcp.dev.svc.'])(
    '%s is NODATA',
    (name) => {
      for (const type of ['PTR', 'A', 'ANY'] as const) expect(gist(harness.query(name, type))).toBe('NOERROR AA SOA 5');
    },
  );

  test.each([
    '_sctp.prod.svc.',
    '_http._udp.prod.svc.',
    '_imap._tcp.prod.svc.',
    '_dns-sd._tcp.prod.svc.',
    'b._dns-sd._udp.prod.svc.',
    'x._services._dns-sd._udp.prod.svc.',
    '_services._dns-sd._udp.test.svc.',
    '_services._dns-sd._udp.svc.',
    '_tcp.svc.',
  ])('%s is NXDOMAIN', (name) => expect(gist(harness.query(name, 'PTR'))).toBe('NXDOMAIN AA SOA 5'));

  test('a dot inside a label separates nothing', () => {
    for (const name of [
      ['_services._dns-sd', '_udp', 'prod', 'svc'],
      ['_services', '_dns-sd._udp', 'prod', 'svc'],
      ['_services._dns-sd._udp', 'prod', 'svc'],
      ['_dns-sd._udp', 'prod', 'svc'],
      ['_http._tcp', 'prod', 'svc'],
      ['a~orders._http', '_tcp', 'prod', 'svc'],
    ])
      expect(gist(harness.query(name, 'PTR'))).toBe('NXDOMAIN AA SOA 5');
  });

  test('_tcp goes where all ports are UDP', () => {
    const udp = new Harness();
    udp.register('dns.prod/a', { addrs: ['dns+udp://10.0.0.3:53'] });
    expect(gist(udp.query('_tcp.prod.svc.', 'PTR'))).toBe('NXDOMAIN AA SOA 5');
    expect(gist(udp.query('_udp.prod.svc.', 'PTR'))).toBe('NOERROR AA SOA 5');
  });
});

test('for any history, what is listed is what is there: each type leads to instances, each of these to its ports', () => {
  const address = fc
    .tuple(fc.constantFrom('http', 'grpc', 'dns+udp', 'dns'), fc.integer({ min: 1, max: 3 }))
    .map(([scheme, host]) => `${scheme}://10.0.0.${host}:80`);
  const body = fc.record({
    addrs: fc.uniqueArray(address, { minLength: 1, maxLength: 3 }),
    status: fc.constantFrom('up', 'up', 'waiting'),
  });
  const step = fc.tuple(fc.constantFrom('orders', 'pay', 'acme.pay'), fc.constantFrom('a', 'b'), body, fc.nat(3));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const harness = new Harness();
      for (const [appid, id, registration, action] of steps) {
        const { kind } = harness.register(`${appid}.prod/${id}`, registration);
        if (action === 0 && kind === 'created') harness.cancel(`${appid}.prod/${id}`);
      }
      const all = [...harness.registry.apps()].flatMap((app) => [...app.instances()]).map(({ instance }) => instance);
      const expected = new Map<string, Set<string>>();
      for (const { addrs, label, appid, status } of all) {
        for (const { portName, protocol } of addrs) {
          const type = `_${portName}._${protocol}.prod.svc.`;
          const listed = expected.get(type) ?? new Set();
          expected.set(type, listed);
          if (status === 'up') listed.add(`${label}~${appid.replaceAll('.', '\\.')}.${type}`);
        }
      }
      const listed = all.length === 0 ? [] : harness.data(types, 'PTR');
      expect(listed).toEqual([...expected.keys()].sort());
      for (const type of listed) {
        const instances = harness.data(type, 'PTR');
        expect(instances).toEqual([...(expected.get(type) ?? [])].sort());
        for (const text of instances) {
          const [first = '', ...labels] = text.split(/(?<!\\)\./).filter((label) => label !== '');
          const name = [first.replaceAll('\\.', '.'), ...labels];
          expect(harness.data(name, 'SRV').length).toBeGreaterThan(0);
          expect(harness.data(name, 'TXT')).toEqual(['""']);
        }
      }
    }),
    { numRuns: 150 },
  );
});
