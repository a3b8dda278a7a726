// What the registry's names answer: addresses, SRV and its targets, TXT, and TTLs that no lease ends before.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Reply } from '../../../kit/dns/reply.ts';
import { gist, Harness, longMetadata, unguarded } from '../../../kit/registry/harness.ts';

const app = 'orders.prod.svc.';
const ttls = (reply: Reply) => [...new Set(reply.answer.map(({ ttl }) => ttl))];

describe('addresses', () => {
  test('are those of the instances that take traffic, of one family', () => {
    const harness = new Harness();
    harness.register('orders.prod/a', { addrs: ['http://10.0.0.1:80', 'http://[2001:db8::1]:80'] });
    harness.register('orders.prod/b', { addrs: ['http://10.0.0.2:80'] });
    harness.register('orders.prod/c', { addrs: ['http://10.0.0.3:80'], status: 'waiting' });
    expect(harness.data(app)).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(harness.data(app, 'AAAA')).toEqual(['2001:db8::1']);
  });

  test('that two instances or two ports share are one record', () => {
    const harness = new Harness();
    harness.register('orders.prod/a', { addrs: ['http://10.0.0.1:80', 'grpc://10.0.0.1:90'] });
    harness.register('orders.prod/b', { addrs: ['http://10.0.0.1:81'] });
    expect(harness.query(app).answer.map(({ data }) => data)).toEqual(['10.0.0.1']);
    expect(harness.data(app, 'SRV')).toHaveLength(3);
  });

  test('of IPv4 alone make AAAA NODATA, and the other way round', () => {
    const harness = new Harness();
    harness.register('orders.prod/a');
    harness.register('six.prod/a', { addrs: ['http://[2001:db8::1]:80'] });
    for (const name of [app, `a.${app}`, `http.a.${app}`, `http._port.${app}`]) {
      expect(gist(harness.query(name, 'AAAA'))).toBe('NOERROR AA SOA 5');
    }
    expect(gist(harness.query('six.prod.svc.'))).toBe('NOERROR AA SOA 5');
    expect(gist(harness.query('six.prod.svc.', 'AAAA'))).toBe('NOERROR AA 2001:db8::1');
  });

  test('are narrowed to those that serve a port', () => {
    const harness = new Harness();
    harness.register('orders.prod/a', { addrs: ['http://10.0.0.1:80', 'grpc://10.0.0.2:90'] });
    expect(harness.data(`grpc._port.${app}`)).toEqual(['10.0.0.2']);
    expect(harness.data(`http._port.${app}`)).toEqual(['10.0.0.1']);
    expect(harness.data(`grpc._port.${app}`, 'SRV')).toEqual(['0 10 90 grpc.a.orders.prod.svc.']);
    expect(harness.data(`a.${app}`)).toEqual(['10.0.0.1', '10.0.0.2']);
  });
});

describe('SRV', () => {
  test('is one record an address and port, with the target’s addresses in ADDITIONAL', () => {
    const harness = new Harness();
    harness.register('orders.prod/a', {
      addrs: ['http://10.0.0.1:80', 'http://[2001:db8::1]:80'],
      weight: 7,
      priority: 2,
    });
    const reply = harness.query(`_http._tcp.${app}`, 'SRV');
    expect(gist(reply)).toBe('NOERROR AA 2 7 80 a.orders.prod.svc.');
    expect(reply.additional.map(({ owner, type, ttl, data }) => `${owner} ${ttl} ${type} ${data}`)).toEqual([
      'a.orders.prod.svc. 5 A 10.0.0.1',
      'a.orders.prod.svc. 5 AAAA 2001:db8::1',
    ]);
  });

  test('has a host name as its target, as it is', () => {
    const harness = new Harness();
    harness.register('orders.prod/a', { addrs: ['amqp://mq.Example.org:5672', 'http://10.0.0.1:80'] });
    expect(harness.data(app, 'SRV')).toEqual(['0 10 5672 mq.example.org.', '0 10 80 a.orders.prod.svc.']);
    expect(harness.query(`_amqp._tcp.${app}`, 'SRV').additional).toEqual([]);
    expect(harness.data(app)).toEqual(['10.0.0.1']);
  });

  test('of instances behind one host name is one record, with the weight of all', () => {
    const harness = new Harness();
    for (const id of ['a', 'b', 'c']) harness.register(`orders.prod/${id}`, { addrs: ['amqp://mq.example.org:5672'] });
    expect(harness.data(app, 'SRV')).toEqual(['0 30 5672 mq.example.org.']);
    harness.patch('orders.prod/a', { weight: 65_535 });
    expect(harness.data(app, 'SRV')).toEqual(['0 65535 5672 mq.example.org.']);
    harness.patch('orders.prod/a', { priority: 1 });
    expect(harness.data(app, 'SRV')).toEqual(['0 20 5672 mq.example.org.', '1 65535 5672 mq.example.org.']);
  });

  test.each([
    ['all ports at one host', ['http://10.0.0.1:80', 'grpc://10.0.0.1:90'], ['80 a', '90 a']],
    ['all ports at both hosts', ['http://10.0.0.1:80', 'http://10.0.0.2:80'], ['80 a']],
    ['each port at its host', ['http://10.0.0.1:80', 'grpc://10.0.0.2:90'], ['80 http.a', '90 grpc.a']],
    [
      'one port name, two numbers',
      ['http://10.0.0.1:80', 'http://10.0.0.2:81'],
      ['80 80-tcp.http.a', '81 81-tcp.http.a'],
    ],
    ['one number, two protocols', ['d://10.0.0.1:53', 'd+udp://10.0.0.2:53'], ['53 53-tcp.d.a', '53 53-udp.d.a']],
    ['two names of one endpoint', ['http://10.0.0.1:80', 'web://10.0.0.1:80'], ['80 a']],
  ])('targets for %s', (_, addrs, expected) => {
    const harness = new Harness();
    harness.register('orders.prod/a', { addrs });
    expect(harness.data(app, 'SRV')).toEqual(expected.map((text) => `0 10 ${text}.orders.prod.svc.`));
  });

  test('lists what is preferred first', () => {
    const harness = new Harness();
    for (const [id, priority] of Object.entries({ c: 2, b: 1, a: 0 }))
      harness.register(`orders.prod/${id}`, { priority });
    const priorities = harness.query(app, 'SRV').answer.map(({ data }) => data.split(' ')[0]);
    expect(priorities).toEqual(['0', '1', '2']);
  });
});

describe('each SRV target resolves to exactly the hosts that serve its port', () => {
  const address = fc
    .tuple(fc.constantFrom('http', 'grpc', 'dns+udp', 'http+udp'), fc.nat(4), fc.constantFrom(80, 81))
    .map(([scheme, host, port]) => `${scheme}://${host < 3 ? `10.0.0.${host + 1}` : `[2001:db8::${host}]`}:${port}`);
  const instances = fc.array(fc.uniqueArray(address, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 3 });
  const form = /^(\w+)(?:\+(\w+))?:\/\/\[?([^\]]*?)\]?:(\d+)$/;

  test('for any addresses, at every name that has SRV', () => {
    fc.assert(
      fc.property(instances, (all) => {
        const harness = new Harness();
        for (const [index, addrs] of all.entries()) harness.register(`orders.prod/i${index}`, { addrs });
        for (const [index, addrs] of all.entries()) {
          const parts = addrs.map((text) => form.exec(text) ?? []);
          for (const [, port, protocol = 'tcp'] of parts) {
            const reply = harness.query(`_${port}._${protocol}.i${index}.${app}`, 'SRV', { tcp: true });
            const served = new Set<string>();
            for (const { data } of reply.answer) {
              const [, , number, target = ''] = data.split(' ');
              const hosts = [...harness.data(target), ...harness.data(target, 'AAAA')].sort();
              const same = parts.filter(([, p, q = 'tcp', , n]) => p === port && q === protocol && n === number);
              expect(hosts).toEqual([...new Set(same.map(([, , , host = '']) => host))].sort());
              const inAdditional = reply.additional
                .filter(({ owner }) => owner === target)
                .map(({ data: host }) => host);
              expect(inAdditional.sort()).toEqual(hosts);
              served.add(`${number}`);
            }
            const numbers = parts.filter(([, p, q = 'tcp']) => p === port && q === protocol).map(([, , , , n]) => n);
            expect(served).toEqual(new Set(numbers));
          }
        }
        // The app's own SRV is all of them, each once.
        const records = harness.data(app, 'SRV');
        expect(new Set(records).size).toBe(records.length);
      }),
      { numRuns: 150 },
    );
  });
});

describe('TXT', () => {
  test('of an app has the instance of each record, of an instance its metadata', () => {
    const harness = new Harness();
    harness.register('orders.prod/A.1', { metadata: { team: 'pay', note: 'a="b" \\ ü', empty: '' } });
    harness.register('orders.prod/b');
    expect(harness.data(app, 'TXT')).toEqual([
      '"instance=a-1" "team=pay" "note=a=\\"b\\" \\\\ ü" "empty="',
      '"instance=b"',
    ]);
    expect(harness.data(`a-1.${app}`, 'TXT')).toEqual(['"team=pay" "note=a=\\"b\\" \\\\ ü" "empty="']);
    expect(harness.data(`b.${app}`, 'TXT')).toEqual(['""']);
  });

  test('leaves out pairs over 255 octets: what went on in a next string would be an attribute of its own', () => {
    const harness = new Harness();
    harness.register('orders.prod/a', { metadata: { k: 'x'.repeat(253), l: 'y'.repeat(254), m: 'z' } });
    expect(harness.data(`a.${app}`, 'TXT')).toEqual([`"k=${'x'.repeat(253)}" "m=z"`]);
  });

  test('over the room of a datagram sets TC, and TCP brings it', () => {
    const harness = new Harness();
    harness.register('orders.prod/a', { metadata: longMetadata(7000) });
    expect(harness.query(`a.${app}`, 'TXT', { edns: true })).toMatchObject({ tc: true, answer: [] });
    expect(harness.query(`a.${app}`, 'TXT', { tcp: true })).toMatchObject({ tc: false, answer: [{}] });
  });
});

describe('TTL', () => {
  test.each([
    [0, 5],
    [84_000, 5],
    [85_000, 5],
    [85_001, 4],
    [86_000, 4],
    [88_500, 1],
    [89_000, 1],
    [89_001, 0],
    [89_999, 0],
  ])('%i ms into a lease of 90 s is %i', (ms, ttl) => {
    const harness = new Harness();
    harness.register('orders.prod/a');
    harness.query(app);
    harness.elapse(ms);
    expect(ttls(harness.query(app))).toEqual([ttl]);
    expect(ttls(harness.query(app, 'SRV'))).toEqual([ttl]);
    expect(ttls(harness.query(`a.${app}`, 'TXT'))).toEqual([ttl]);
  });

  test('is what the instance has, zero included', () => {
    const harness = new Harness();
    harness.register('orders.prod/a', { dnsTtl: 0 });
    harness.register('pay.prod/a', { dnsTtl: 3600, leaseSeconds: 86_400 });
    expect(ttls(harness.query(app))).toEqual([0]);
    expect(ttls(harness.query('pay.prod.svc.'))).toEqual([3600]);
  });

  test('of an RRset is the lowest in it', () => {
    const harness = new Harness();
    harness.register('orders.prod/a', { addrs: ['http://10.0.0.1:80'], dnsTtl: 60 });
    harness.register('orders.prod/b', { addrs: ['http://10.0.0.2:80'], dnsTtl: 30 });
    harness.register('orders.prod/c', { addrs: ['http://10.0.0.3:80'], leaseSeconds: 10, dnsTtl: 60 });
    expect(ttls(harness.query(app))).toEqual([10]);
    expect(ttls(harness.query(`a.${app}`))).toEqual([60]);
  });

  test('is never more than what is left of any lease, in ADDITIONAL neither, cached or not', () => {
    const leases = fc.array(
      fc.record({ leaseSeconds: fc.integer({ min: 5, max: 40 }), dnsTtl: fc.constantFrom(0, 5, 3600) }),
      {
        minLength: 1,
        maxLength: 4,
      },
    );
    const steps = fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 5, maxLength: 20 });
    fc.assert(
      fc.property(leases, steps, (bodies, waits) => {
        const harness = new Harness({ guard: unguarded });
        for (const [i, body] of bodies.entries()) {
          harness.register(`orders.prod/i${i}`, { addrs: [`http://10.0.0.${(i % 2) + 1}:80`], ...body });
        }
        for (const ms of waits) {
          harness.elapse(ms);
          const left = new Map<string, number>();
          for (const { instance, deadlineMs } of harness.registry.app('prod', 'orders')?.instances() ?? []) {
            left.set(`${instance.label}.${app}`, (deadlineMs - harness.clock.monotonicMs()) / 1000);
          }
          const least = Math.min(...left.values());
          for (const type of ['A', 'SRV', 'TXT'] as const) {
            const reply = harness.query(app, type);
            for (const { ttl } of reply.answer) expect(ttl).toBeLessThanOrEqual(least);
            for (const { owner, ttl } of reply.additional) expect(ttl).toBeLessThanOrEqual(left.get(owner) ?? 0);
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});

test('ANY is one RRset of what there is', () => {
  const harness = new Harness();
  harness.register('orders.prod/a', { addrs: ['http://[2001:db8::1]:80'] });
  expect(gist(harness.query(app, 'ANY'))).toBe('NOERROR AA 2001:db8::1');
  expect(gist(harness.query(`_http._tcp.${app}`, 'ANY'))).toBe('NOERROR AA 0 10 80 a.orders.prod.svc.');
});

test('of a TXT set that no message could hold, as much as fits is chosen, without TC, another part each TTL', () => {
  const harness = new Harness();
  for (let i = 0; i < 60; i++)
    harness.register(`orders.prod/i${i}`, { metadata: longMetadata(7000), leaseSeconds: 86_400 });
  const seen = new Set<string>();
  for (let i = 0; i < 50; i++) {
    harness.elapse(5000);
    const reply = harness.query('orders.prod.svc.', 'TXT', { tcp: true, edns: true });
    expect(reply).toMatchObject({ rcode: 'NOERROR', tc: false });
    expect(reply.answer.length).toBeGreaterThan(5);
    for (const { data } of reply.answer) seen.add(data.slice(0, 15));
  }
  expect(seen.size).toBe(60);
});

test('ADDITIONAL has whole targets, and no more addresses than the answer is worth', () => {
  const harness = new Harness();
  for (let i = 0; i < 110; i++) {
    const addrs = Array.from({ length: 30 }, (_, k) => `http://10.${k}.0.${i}:80`);
    harness.register(`orders.prod/i${i}`, { addrs });
  }
  const { answer, additional, tc } = harness.query('orders.prod.svc.', 'SRV', { tcp: true });
  expect([answer.length, tc]).toEqual([100, false]);
  const ofTarget = new Map<string, number>();
  for (const { owner } of additional) ofTarget.set(owner, (ofTarget.get(owner) ?? 0) + 1);
  expect([...ofTarget.values()]).toEqual(Array(13).fill(30));
  for (const target of ofTarget.keys()) expect(harness.query(target, 'A', { tcp: true }).answer).toHaveLength(30);
});
