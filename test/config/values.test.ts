// The accepted forms of each kind of value, and the problem reported for others.

import { describe, expect, test } from 'vitest';
import { readValue } from '../../src/config/values.ts';
import { configOf, problemsOf, yaml } from '../kit/cli/config-world.ts';

test.each([
  ['127.0.0.1:7171', [{ host: '127.0.0.1', port: 7171 }]],
  [
    '[::1]:0, 127.0.0.2:0',
    [
      { host: '::1', port: 0 },
      { host: '127.0.0.2', port: 0 },
    ],
  ],
  ['localhost:80', [{ host: '127.0.0.1', port: 80 }]],
  [
    '127.0.0.1:0,127.0.0.1:0',
    [
      { host: '127.0.0.1', port: 0 },
      { host: '127.0.0.1', port: 0 },
    ],
  ],
])('http %j', (text, listens) => {
  expect(configOf({ env: { ROLLCALL_HTTP: text } }).http).toEqual(listens);
  expect(configOf({ flags: { http: text.split(',') } }).http).toEqual(listens);
  expect(configOf(yaml(`http: ${JSON.stringify(text.split(','))}`)).http).toEqual(listens);
});

test.each([
  ['70000', '"70000" is not host:port; write it like 127.0.0.1:7171 or [::1]:7171'],
  ['127.0.0.1:70000', '"127.0.0.1:70000": the port must be 0-65535, received 70000'],
  ['::1:7171', '"::1:7171" is not host:port; write it like 127.0.0.1:7171 or [::1]:7171'],
  ['[::g]:1', '"[::g]:1": "::g" is not an IPv6 address'],
  [':7171', '":7171": write 0.0.0.0:7171 for every IPv4 address or [::]:7171 for every address'],
  ['127.1:53', '"127.1:53": "127.1" is not an address of this machine; write an IP address or localhost'],
  ['127.0.0.1:53,127.0.0.1:53', 'names 127.0.0.1:53 twice'],
  ['127.0.0.1:53,', '"" is not host:port; write it like 127.0.0.1:7171 or [::1]:7171'],
])('dns %j is refused', (text, problem) => {
  expect(problemsOf({ env: { ROLLCALL_DNS: text } })).toEqual([`ROLLCALL_DNS: ${problem}`]);
  expect(problemsOf({ flags: { dns: [text] } })).toEqual([`--dns: ${problem}`]);
});

test.each([
  ['svc', 'svc.'],
  ['SVC.Example.ORG.', 'svc.example.org.'],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example.'],
])('origin %j becomes %j', (text, origin) => {
  expect(configOf({ flags: { origin: text } }).origin).toBe(origin);
});

test.each([
  ['.', '"." is the DNS root; name a domain of your own, such as svc.'],
  ['a..b', '"a..b": label "" is empty'],
  ['a_b.c', '"a_b.c": label "a_b" may only hold letters, digits and hyphens'],
  ['-a', '"-a": label "-a" must not begin or end with a hyphen'],
  ['bücher', '"bücher": label "bücher" is not ASCII; write its xn-- form'],
  ['a'.repeat(64), `"${'a'.repeat(64)}": label "${'a'.repeat(64)}" has 64 octets, at most 63 are allowed`],
])('origin %j is refused', (text, problem) => {
  expect(problemsOf({ flags: { origin: text } })).toEqual([`--origin: ${problem}`]);
});

test('an origin leaves room for the names below it', () => {
  const long = Array.from({ length: 16 }, () => 'abcdefg').join('.');
  expect(configOf({ flags: { origin: long.slice(0, 125) } }).origin).toHaveLength(126);
  expect(problemsOf({ flags: { origin: long.slice(0, 126) } }).join()).toContain('leaves no room for names below it');
});

test('data: none keeps nothing', () => {
  expect(configOf({ flags: { data: 'none' } }).data).toBeUndefined();
  expect(configOf(yaml('data: /var/lib/rollcall')).data).toBe('/var/lib/rollcall');
});

test.each(['4', '86401', '-1', '1e2', '0x10', ' 7', '1_000', '', '99999999999999999999'])(
  'lease %j is refused',
  (text) => {
    expect(problemsOf({ env: { ROLLCALL_LEASE_SECONDS: text } })).toHaveLength(1);
  },
);

test.each(['5', '86400'])('lease %j is taken', (text) => {
  expect(configOf({ env: { ROLLCALL_LEASE_SECONDS: text } }).leaseSeconds).toBe(Number(text));
});

test('a very long value is reported shortened', () => {
  const [problem = ''] = problemsOf({ env: { ROLLCALL_LEASE_SECONDS: 'x'.repeat(5000) } });
  expect(problem.length).toBeLessThan(200);
});

describe('what the server reveals about itself', () => {
  test.each([
    ['serverId', 'ns1.example'],
    ['serverId', ''],
    ['serverVersion', 'rollcall 0.1'],
  ] as const)('%s may be %j', (key, text) => {
    expect(readValue(key, text)).toEqual({ value: text });
  });

  test.each(['é', 'a\nb', 'x'.repeat(101), ['ns1'], true])('serverId %j is refused', (raw) => {
    expect(readValue('serverId', raw)).toHaveProperty('problems');
  });

  test('the cookie key is 32 hexadecimal digits, and no message repeats it', () => {
    const key = '000102030405060708090A0b0c0d0e0f';
    expect(readValue('cookieSecret', key)).toEqual({ value: key.toLowerCase() });
    for (const wrong of [`${key}00`, key.slice(1), 'secret-secret-secret-secret-secr', 12345678]) {
      const outcome = readValue('cookieSecret', wrong);
      expect(outcome).toHaveProperty('problems');
      expect(JSON.stringify(outcome)).not.toContain(String(wrong));
    }
  });
});

describe('guards of DNS', () => {
  test('zones with networks: canonical names, several networks a zone', () => {
    const value = ['prod.svc.=10.1.0.0/16', 'prod.svc.=fd00::/8', 'test.svc.=10.2.0.0/16'];
    expect(readValue('dnsAllowZones', 'PROD.svc = 10.1.0.0/16,prod.svc.=fd00::/8,test.svc=10.2.0.0/16')).toEqual({
      value,
    });
    expect(readValue('dnsAllowZones', value)).toEqual({ value });
  });

  test.each(['prod.svc.', 'prod.svc.=10.0.0.1', '=10.0.0.0/8', 'a b=10.0.0.0/8', 'a..b=10.0.0.0/8', 7, { a: 1 }])(
    '%j is no zone with a network',
    (raw) => expect(readValue('dnsAllowZones', raw)).toHaveProperty('problems'),
  );

  test('more zones than an answer can carry are refused', () => {
    const zones = (count: number) => Array.from({ length: count }, (_, i) => `z${i}.svc.=10.0.0.0/8`);
    expect(readValue('dnsAllowZones', zones(30))).toHaveProperty('value');
    expect(readValue('dnsAllowZones', zones(31))).toHaveProperty('problems');
  });

  test.each([
    ['none', []],
    [[], []],
    ['192.0.2.0/24', ['192.0.2.0/24']],
  ])('rrlExempt %j', (raw, value) => expect(readValue('rrlExempt', raw)).toEqual({ value }));

  test.each([
    ['rrlExempt', '192.0.2.1'],
    ['rrlIpv4Prefix', 33],
    ['rrlIpv6Prefix', 0],
    ['rrlSlip', -1],
    ['udpUnprovenBytesMax', 511],
    ['udpUnprovenBytesMax', 1233],
    ['dnsTls', '8853'],
  ] as const)('%s: %j is refused', (key, raw) => expect(readValue(key, raw)).toHaveProperty('problems'));
});

test("the domain of Consul's names is one beside the origin", () => {
  expect(problemsOf({ env: { ROLLCALL_CONSUL_DOMAIN: 'consul' } })).toEqual([]);
  expect(problemsOf({ env: { ROLLCALL_CONSUL_DOMAIN: 'Lab.Consul.' } })).toEqual([]);
  for (const domain of ['svc', 'prod.svc', '-', 'a..b', '.'])
    expect(problemsOf({ env: { ROLLCALL_CONSUL_DOMAIN: domain } })).toHaveLength(1);
});
