// HTTPS and SVCB (RFC 9460): where to connect to an http or https port, with hints, in one record an endpoint.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packet } from '../../../kit/dns/packet.ts';
import { reasonOf } from '../../../kit/dns/reason.ts';
import { gist, Harness } from '../../../kit/registry/harness.ts';

const app = 'orders.prod.svc.';

function appOf(...bodies: readonly Record<string, unknown>[]): Harness {
  const harness = new Harness();
  for (const [index, body] of bodies.entries()) harness.register(`orders.prod/i${index}`, body);
  return harness;
}

describe('the record of an endpoint', () => {
  test('has a priority, its target, alpn, port and hints, in the order of their keys', () => {
    const harness = appOf({
      addrs: ['https://10.0.0.1:8443', 'https://10.0.0.2:8443', 'https://[2001:db8::1]:8443'],
      metadata: { alpn: 'h2,h3' },
      priority: 4,
    });
    const record = `5 i0.${app} alpn=h2,h3 port=8443 ipv4hint=10.0.0.1,10.0.0.2 ipv6hint=2001:db8::1`;
    for (const type of ['HTTPS', 'SVCB'] as const) {
      expect(harness.data(app, type)).toEqual([record]);
      expect(harness.data(`i0.${app}`, type)).toEqual([record]);
    }
    const { answer, additional } = harness.query(app, 'HTTPS');
    expect(answer).toMatchObject([{ owner: app, type: 'HTTPS', ttl: 5 }]);
    expect(additional.map(({ owner, type, data }) => `${owner} ${type} ${data}`)).toEqual([
      `i0.${app} A 10.0.0.1`,
      `i0.${app} A 10.0.0.2`,
      `i0.${app} AAAA 2001:db8::1`,
    ]);
  });

  test('octet by octet', () => {
    const harness = appOf({ addrs: ['https://10.0.0.1:443'], metadata: { alpn: 'h2' } });
    const bytes = harness.send(packet({ type: 65 })) ?? Buffer.alloc(0);
    const record = bytes.subarray(12 + 17 + 4).toString('hex');
    const target = '026930 066f7264657273 0470726f64 03737663 00';
    expect(record.slice(0, 24 + 2 * 43)).toBe(
      `c00c 0041 0001 00000005 002b 0001 ${target} 0001 0003 026832 0003 0002 01bb 0004 0004 0a000001`.replaceAll(
        ' ',
        '',
      ),
    );
  });

  test.each([
    [0, '1'],
    [65_534, '65535'],
    [65_535, '65535'],
  ])('of priority %i has %s: 0 would be an alias', (priority, expected) => {
    expect(
      appOf({ addrs: ['https://10.0.0.1:443'], priority })
        .data(app, 'HTTPS')[0]
        ?.split(' ')[0],
    ).toBe(expected);
  });

  test.each<[string, string]>([
    ['h2', 'alpn=h2 '],
    [' h2 , http/1.1 ', 'alpn=h2,http/1.1 '],
    [',,', ''],
    ['', ''],
    ['x'.repeat(255), `alpn=${'x'.repeat(255)} `],
    ['x'.repeat(256), ''],
    [`h2,${'x'.repeat(256)}`, 'alpn=h2 '],
    ['ü', 'alpn=ü '],
  ])('with alpn %j in the metadata has %j', (alpn, expected) => {
    expect(appOf({ addrs: ['https://10.0.0.1:443'], metadata: { alpn } }).data(app, 'HTTPS')).toEqual([
      `1 i0.${app} ${expected}port=443 ipv4hint=10.0.0.1`,
    ]);
  });

  test('at a host name has that as its target, without hints', () => {
    const harness = appOf({ addrs: ['https://www.Example.org:8443'] });
    expect(harness.data(app, 'HTTPS')).toEqual(['1 www.example.org. port=8443']);
    expect(harness.query(app, 'HTTPS').additional).toEqual([]);
  });

  test('is kept no longer than its lease', () => {
    const harness = appOf({ addrs: ['https://10.0.0.1:443'], leaseSeconds: 10, dnsTtl: 60 });
    expect(harness.query(app, 'HTTPS').answer[0]?.ttl).toBe(10);
    harness.elapse(8001);
    const { answer, additional } = harness.query(app, 'HTTPS');
    expect([answer[0]?.ttl, additional[0]?.ttl]).toEqual([1, 1]);
  });
});

describe('which ports', () => {
  test('https and http for SVCB; for HTTPS https alone', () => {
    const harness = appOf(
      { addrs: ['http://10.0.0.1:80', 'https://10.0.0.1:443', 'grpc://10.0.0.1:90'] },
      { addrs: ['http://10.0.0.2:8080'] },
    );
    expect(harness.data(app, 'HTTPS')).toEqual([`1 i0.${app} port=443 ipv4hint=10.0.0.1`]);
    expect(harness.data(`i1.${app}`, 'HTTPS')).toEqual([]);
    expect(harness.data(app, 'SVCB')).toEqual([
      `1 i0.${app} port=443 ipv4hint=10.0.0.1`,
      `1 i0.${app} port=80 ipv4hint=10.0.0.1`,
      `1 i1.${app} port=8080 ipv4hint=10.0.0.2`,
    ]);
  });

  test('none of others: NODATA, with the reason', () => {
    const harness = appOf({ addrs: ['grpc://10.0.0.1:90'] }, { addrs: ['http://10.0.0.2:80'], status: 'waiting' });
    for (const type of ['HTTPS', 'SVCB'] as const) {
      expect(gist(harness.query(app, type))).toBe('NOERROR AA SOA 5');
      expect(reasonOf(harness.query(app, type, { edns: true }))?.text).toBe(
        `1 instance up, none has an address for this type: i0 (no port named ${type === 'HTTPS' ? 'https' : 'http or https'})`,
      );
    }
  });

  test('of instances that take traffic', () => {
    const harness = appOf({ addrs: ['https://10.0.0.1:443'] }, { addrs: ['https://10.0.0.2:443'], status: 'waiting' });
    expect(harness.data(app, 'HTTPS')).toHaveLength(1);
  });

  test('narrowed by selectors, the port’s own included', () => {
    const harness = appOf(
      { addrs: ['http://10.0.0.1:80', 'https://10.0.0.1:443'], version: '2' },
      { addrs: ['https://10.0.0.2:443'] },
    );
    expect(harness.data(`2._version.${app}`, 'HTTPS')).toEqual([`1 i0.${app} port=443 ipv4hint=10.0.0.1`]);
    expect(harness.data(`https._port.${app}`, 'SVCB')).toHaveLength(2);
    expect(harness.data(`http._port.${app}`, 'SVCB')).toEqual([`1 i0.${app} port=80 ipv4hint=10.0.0.1`]);
    // Its https would be wrong here, and its http alone would make a browser speak TLS to it.
    expect(harness.data(`http._port.${app}`, 'HTTPS')).toEqual([]);
  });

  test('names without such records have NODATA', () => {
    const harness = appOf({ addrs: ['https://10.0.0.1:443'] });
    for (const name of [`_https._tcp.${app}`, `https.i0.${app}`, 'prod.svc.', '_https._tcp.prod.svc.'])
      expect(gist(harness.query(name, 'HTTPS'))).toBe('NOERROR AA SOA 5');
  });
});

describe('two instances', () => {
  test('behind one host name and port are one record, with the weight of both', () => {
    const same = { addrs: ['https://www.example.org:443'] };
    expect(appOf(same, same, same).data(app, 'HTTPS')).toEqual(['1 www.example.org. port=443']);
  });

  test.each([
    [33_000, 33_001],
    [0xfffe, 0xffff],
    [0x80c1, 0xc180],
    [80, 81],
  ])('at ports %i and %i of one host are two: octets are compared, not their text', (one, other) => {
    const harness = appOf(
      { addrs: [`https://www.example.org:${one}`] },
      { addrs: [`https://www.example.org:${other}`] },
    );
    expect(harness.data(app, 'HTTPS')).toHaveLength(2);
    const own = appOf({ addrs: [`https://10.0.0.1:${one}`, `https://10.0.0.1:${other}`] });
    expect(own.data(app, 'HTTPS')).toHaveLength(2);
  });

  test('that differ in alpn or priority are two', () => {
    const addrs = ['https://www.example.org:443'];
    expect(
      appOf({ addrs }, { addrs, metadata: { alpn: 'h2' } }, { addrs, priority: 1 }).data(app, 'HTTPS'),
    ).toHaveLength(3);
  });

  test('stand in the order of their priorities', () => {
    const harness = appOf(
      ...[3, 1, 2, 0].map((priority) => ({ addrs: [`https://10.0.0.${priority + 1}:443`], priority })),
    );
    const priorities = harness.query(app, 'HTTPS').answer.map(({ data }) => data.split(' ')[0]);
    expect(priorities).toEqual(['1', '2', '3', '4']);
  });
});

test('each target’s hints are its addresses, and each endpoint of SRV that is http or https has its record', () => {
  const address = fc
    .tuple(fc.constantFrom('http', 'https', 'grpc'), fc.nat(5), fc.constantFrom(80, 443, 33_000, 33_001))
    .map(([port, host, number]) => {
      const text = host === 5 ? 'www.example.org' : host < 3 ? `10.0.0.${host + 200}` : `[2001:db8::${host}]`;
      return `${port}://${text}:${number}`;
    });
  const body = fc.record({
    addrs: fc.uniqueArray(address, { minLength: 1, maxLength: 6 }),
    status: fc.constantFrom('up', 'up', 'waiting'),
  });
  fc.assert(
    fc.property(fc.array(body, { minLength: 1, maxLength: 3 }), (bodies) => {
      const harness = appOf(...bodies);
      const found = harness.data(app, 'SVCB');
      expect(new Set(found).size).toBe(found.length);
      const places = new Set<string>();
      for (const data of found) {
        const [, target = '', ...parameters] = data.split(' ');
        const values = new Map(parameters.map((text) => text.split('=') as [string, string]));
        const hints = [...(values.get('ipv4hint')?.split(',') ?? []), ...(values.get('ipv6hint')?.split(',') ?? [])];
        if (target === 'www.example.org.') expect(hints).toEqual([]);
        else expect(hints.sort()).toEqual([...harness.data(target), ...harness.data(target, 'AAAA')].sort());
        places.add(`${values.get('port')} ${target}`);
      }
      const srv = ['_http._tcp.', '_https._tcp.'].flatMap((prefix) => harness.data(`${prefix}${app}`, 'SRV'));
      expect(places).toEqual(new Set(srv.map((data) => data.split(' ').slice(2).join(' '))));
    }),
    { numRuns: 200 },
  );
});
