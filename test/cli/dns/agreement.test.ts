// A resolver's answer compared with rollcall's own.

import { expect, test } from 'vitest';
import { disagreement } from '../../../src/cli/dns/agreement.ts';
import type { DnsReply } from '../../../src/cli/dns/lookup.ts';

const record = (data: string, ttl = 3, type = 'A') => ({ name: 'orders.prod.svc.', type, ttl, data });
const reply = (given: Partial<DnsReply>): DnsReply => ({
  rcode: 'NOERROR',
  flags: ['qr', 'rd', 'ra'],
  answer: [],
  authority: [],
  additional: [],
  extendedErrors: [],
  transport: 'UDP',
  bytes: 0,
  ms: 0,
  ...given,
});
const own = (rcode: string, ...addresses: string[]) => ({
  rcode,
  answer: addresses.map((address) => `orders.prod.svc. 5 IN A ${address}`),
});

test('the same records agree, in any order and with any TTL', () => {
  const answer = [record('10.0.0.8'), record('10.0.0.7')];
  expect(disagreement(reply({ answer }), own('NOERROR', '10.0.0.7', '10.0.0.8'))).toBeUndefined();
  expect(disagreement(reply({ rcode: 'NXDOMAIN' }), own('NXDOMAIN'))).toBeUndefined();
});

test.each([
  [
    'another address',
    reply({ answer: [record('10.0.0.9', 600)] }),
    own('NOERROR', '10.0.0.7'),
    'NOERROR: 10.0.0.7',
    /old answer, for 10m/,
  ],
  ['a name from before', reply({ answer: [record('10.0.0.9')] }), own('NXDOMAIN'), 'NXDOMAIN', /old answer, for 3s/],
  [
    'a kept NXDOMAIN',
    reply({ rcode: 'NXDOMAIN', authority: [record('', 5, 'SOA')] }),
    own('NOERROR', '10.0.0.7'),
    'NOERROR: 10.0.0.7',
    /old answer, for 5s/,
  ],
  [
    'an address too many',
    reply({ answer: [record('10.0.0.7'), record('10.0.0.9')] }),
    own('NOERROR', '10.0.0.7'),
    'NOERROR: 10.0.0.7',
    /old/,
  ],
  ['no data any more', reply({ answer: [record('10.0.0.7')] }), own('NOERROR'), 'NOERROR without data (NODATA)', /old/],
  [
    'a resolver without a way',
    reply({ rcode: 'SERVFAIL' }),
    own('NOERROR', '10.0.0.7'),
    'NOERROR: 10.0.0.7',
    /rollcall doctor/,
  ],
  [
    'another server',
    reply({ flags: ['qr', 'aa'], rcode: 'NXDOMAIN' }),
    own('NOERROR', '10.0.0.7'),
    'NOERROR: 10.0.0.7',
    /data of its own/,
  ],
])('%s: both are reported', (_what, resolver, explanation, answers, why) => {
  expect(disagreement(resolver, explanation)).toEqual({ own: answers, why: expect.stringMatching(why) });
});

test('types that are written in several ways count only as there or not', () => {
  const txt = { rcode: 'NOERROR', answer: ['orders.prod.svc. 5 IN TXT "a" "b"'] };
  expect(disagreement(reply({ answer: [record('"ab"', 3, 'TXT')] }), txt)).toBeUndefined();
  expect(disagreement(reply({}), txt)).toBeDefined();
});
