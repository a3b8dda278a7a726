// Checks as they are written: defaults, what is refused and where, and which addresses a check is about.

import { expect, test } from 'vitest';
import { checkTargets } from '../../src/model/checks.ts';
import { parseRegistration, type Registration, registrationToJson } from '../../src/model/instance.ts';

const defaults = { leaseSeconds: 90, dnsTtl: 5 };
const addrs = ['http://10.0.0.7:80', 'http://10.0.0.8:80', 'grpc://10.0.0.7:90', 'dns+udp://10.0.0.7:53'];

function parsed(checks: unknown, at: readonly string[] = addrs): Registration {
  const registration = parseRegistration({ addrs: at, checks }, defaults);
  if (Array.isArray(registration)) throw new Error(JSON.stringify(registration));
  return registration;
}

function faults(checks: unknown, at: readonly string[] = addrs): string[] {
  const registration = parseRegistration({ addrs: at, checks }, defaults);
  return Array.isArray(registration) ? registration.map(({ field, message }) => `${field} ${message}`) : [];
}

test('a type is enough; the rest has defaults, and reads back to the same', () => {
  const rhythm = { port: '', intervalSeconds: 10, timeoutSeconds: 2, failures: 3, successes: 1 };
  const registration = parsed([
    { type: 'http' },
    { type: 'tcp' },
    { type: 'grpc' },
    { type: 'dns', name: 'a.example' },
  ]);
  expect(registration.checks).toEqual([
    { type: 'http', ...rhythm, path: '/', status: '200-299', body: '', host: '' },
    { type: 'tcp', ...rhythm },
    { type: 'grpc', ...rhythm, service: '' },
    { type: 'dns', ...rhythm, name: 'a.example' },
  ]);
  expect(parseRegistration(registrationToJson(registration), defaults)).toEqual(registration);
});

test('fields that few checks have are there where they were given alone', () => {
  const rare = { method: 'POST', headers: { 'X-Key': 'a' }, requestBody: 'ping\n', warning: '429' };
  const registration = parsed([{ type: 'http', ...rare }]);
  expect(registration.checks[0]).toMatchObject(rare);
  expect(parseRegistration(registrationToJson(registration), defaults)).toEqual(registration);
});

test('a short interval brings a short time with it', () => {
  expect(parsed([{ type: 'tcp', intervalSeconds: 1 }]).checks[0]).toMatchObject({ timeoutSeconds: 1 });
});

test.each<[check: unknown, fault: RegExp]>([
  [{}, /^checks\[0\]\.type must be one of http, tcp, grpc, dns$/],
  ['tcp', /^checks\[0\] must be an object/],
  [{ type: 'tcp', path: '/' }, /^checks\[0\]\.path is not a field of a check of type tcp$/],
  [{ type: 'http', path: 'up' }, /^checks\[0\]\.path must begin with \//],
  [{ type: 'http', path: '/a b' }, /^checks\[0\]\.path must begin with \//],
  [{ type: 'http', status: '2xx' }, /^checks\[0\]\.status must list statuses/],
  [{ type: 'http', body: 'x'.repeat(201) }, /^checks\[0\]\.body must be at most 200 bytes$/],
  [{ type: 'http', body: 1 }, /^checks\[0\]\.body must be text$/],
  [{ type: 'http', host: 'a\r\nb' }, /^checks\[0\]\.host must be printable text$/],
  [{ type: 'http', method: 'TRACE' }, /^checks\[0\]\.method must be one of GET, /],
  [{ type: 'http', headers: ['a'] }, /^checks\[0\]\.headers must be an object/],
  [{ type: 'http', headers: { 'a b': 'c' } }, /^checks\[0\]\.headers\.a b is not the name of a header/],
  [{ type: 'http', headers: { a: 'b\r\nc: d' } }, /^checks\[0\]\.headers\.a must be printable ASCII text/],
  [{ type: 'http', headers: { Host: 'a' } }, /^checks\[0\]\.headers\.Host must not be given/],
  [{ type: 'http', headers: { a: 'b'.repeat(2048) } }, /^checks\[0\]\.headers must be at most 2048 bytes in all$/],
  [{ type: 'http', requestBody: 1 }, /^checks\[0\]\.requestBody must be text$/],
  [{ type: 'http', warning: 'often' }, /^checks\[0\]\.warning must list statuses/],
  [{ type: 'tcp', method: 'GET' }, /^checks\[0\]\.method is not a field of a check of type tcp$/],
  [{ type: 'dns' }, /^checks\[0\]\.name must be a domain name/],
  [{ type: 'tcp', intervalSeconds: 0 }, /^checks\[0\]\.intervalSeconds must be a whole number 1-3600$/],
  [{ type: 'tcp', timeoutSeconds: 0 }, /^checks\[0\]\.timeoutSeconds must be a number 0\.1-60$/],
  [{ type: 'tcp', intervalSeconds: 5, timeoutSeconds: 6 }, /^checks\[0\]\.timeoutSeconds must not be longer/],
  [{ type: 'tcp', failures: 1.5 }, /^checks\[0\]\.failures must be a whole number 1-100$/],
  [{ type: 'tcp', port: 'web' }, /^checks\[0\]\.port must be the name of a port/],
  [{ type: 'tcp', port: 'dns' }, /^checks\[0\]\.port must be the name of a port/],
])('%j is refused', (check, fault) => {
  expect(faults([check])).toEqual([expect.stringMatching(fault)]);
});

test('a list that is none, and one that is too long', () => {
  expect(faults('tcp')).toEqual(['checks must be a list of at most 8 checks']);
  expect(faults(Array.from({ length: 9 }, () => ({ type: 'tcp' })))).toEqual([
    'checks must be a list of at most 8 checks',
  ]);
});

test('every problem of every check is reported at once', () => {
  expect(
    faults([{ type: 'http', path: 'x', failures: 0 }, { type: 'icmp' }]).map((text) => text.split(' ')[0]),
  ).toEqual(['checks[0].failures', 'checks[0].path', 'checks[1].type']);
});

test.each<[check: Record<string, unknown>, at: readonly string[], hosts: string]>([
  [{ type: 'http' }, addrs, '10.0.0.7:80 10.0.0.8:80'],
  [{ type: 'grpc' }, addrs, '10.0.0.7:90'],
  [{ type: 'dns', name: 'a' }, addrs, '10.0.0.7:53'],
  [{ type: 'tcp' }, addrs, '10.0.0.7:80 10.0.0.8:80 10.0.0.7:90'],
  [{ type: 'tcp', port: 'grpc' }, addrs, '10.0.0.7:90'],
  [{ type: 'http' }, ['web://10.0.0.1:1', 'web://10.0.0.2:1'], '10.0.0.1:1 10.0.0.2:1'],
])('%j of %j is about %s', (check, at, hosts) => {
  const registration = parsed([check], at);
  const targets = checkTargets(registration.checks[0] as never, registration.addrs);
  expect(targets.map(({ host, port }) => `${host}:${port}`).join(' ')).toBe(hosts);
});

test('a check that could mean several ports has to name one', () => {
  expect(faults([{ type: 'http' }], ['a://10.0.0.1:1', 'b://10.0.0.1:2'])).toEqual([
    'checks[0].port must name one of the ports: none of the addresses is one that a check of type http is about by itself',
  ]);
  expect(faults([{ type: 'tcp' }], ['dns+udp://10.0.0.1:53']).length).toBe(1);
});

test('a check with an address of its own is about that alone', () => {
  const [check] = parsed([{ type: 'http', address: 'HTTP://10.0.0.7:8081' }]).checks;
  expect(check).toMatchObject({ address: 'http://10.0.0.7:8081' });
  expect(checkTargets(check as NonNullable<typeof check>, []).map(({ port }) => port)).toEqual([8081]);
  expect(faults([{ type: 'tcp', address: '10.0.0.7' }])).toEqual([expect.stringMatching(/^checks\[0\]\.address /)]);
  expect(faults([{ type: 'tcp', address: 'http://10.0.0.7:1', port: 'http' }])).toEqual([
    expect.stringMatching(/^checks\[0\]\.port /),
  ]);
});
