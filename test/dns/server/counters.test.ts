// What the DNS side counts: every query once, under a bounded set of labels, and the SOA serial beside it.

import { describe, expect, test } from 'vitest';
import { DnsCounters } from '../../../src/dns/server/counters.ts';
import { packet } from '../../kit/dns/packet.ts';
import { Harness } from '../../kit/registry/harness.ts';

function countsOf(counters: DnsCounters): string[] {
  return [...counters.queries()]
    .map(({ transport, type, rcode, count }) => `${transport} ${type} ${rcode} ${count}`)
    .sort();
}

test('every query is counted by transport, type and rcode', () => {
  const harness = new Harness();
  harness.register('orders.prod/a');
  harness.query('orders.prod.svc.');
  harness.query('orders.prod.svc.', 'A', { tcp: true });
  harness.query('orders.prod.svc.');
  harness.query('nope.svc.', 'SRV');
  harness.query('example.com.', 'AAAA');
  harness.query('svc.', 'A', { edns: { version: 1 } });
  harness.query('svc.', 666);
  harness.query('svc.', 'A', { opcode: 2 });
  harness.query('svc.', 'TSIG');
  harness.send(packet({ name: null }), 'tcp');
  harness.send(packet({ flags: 0x8000 }));
  harness.send(Buffer.alloc(3));
  expect(countsOf(harness.counters)).toEqual(
    [
      'udp A NOERROR 2',
      'tcp A NOERROR 1',
      'udp SRV NXDOMAIN 1',
      'udp AAAA REFUSED 1',
      'udp A BADVERS 1',
      'udp other NOERROR 1',
      'udp A NOTIMP 1',
      'udp other FORMERR 1',
      'tcp other FORMERR 1',
    ].sort(),
  );
  expect(harness.counters).toMatchObject({ dropped: 2, truncated: 0 });
});

test('cut answers are counted, served from the cache or not', () => {
  const harness = new Harness();
  for (let i = 1; i <= 60; i++) harness.register(`orders.prod/i${i}`, { addrs: [`http://10.0.0.${i}:80`] });
  for (let i = 0; i < 3; i++) harness.query('orders.prod.svc.');
  harness.query('orders.prod.svc.', 'A', { tcp: true });
  expect(harness.counters.truncated).toBe(3);
});

test('any type makes no more than one label', () => {
  const counters = new DnsCounters();
  for (let type = 0; type < 65_536; type++) counters.countQuery('udp', type, type % 17);
  const types = new Set([...counters.queries()].map(({ type }) => type));
  expect(types).toContain('other');
  expect(types.size).toBeLessThan(40);
  expect([...counters.queries()].reduce((sum, { count }) => sum + count, 0)).toBe(65_536);
});

describe('the SOA serial', () => {
  const serialOf = (harness: Harness) => Number(harness.query('svc.', 'SOA').answer[0]?.data.split(' ')[2]);

  test('moves with every change, by one, and with nothing else', () => {
    const harness = new Harness();
    const start = serialOf(harness);
    harness.register('orders.prod/a');
    expect(serialOf(harness)).toBe(start + 1);
    harness.renew('orders.prod/a');
    harness.register('orders.prod/a');
    harness.elapse(30_000);
    harness.query('orders.prod.svc.');
    expect(serialOf(harness)).toBe(start + 1);
    harness.patch('orders.prod/a', { status: 'waiting' });
    expect(serialOf(harness)).toBe(start + 2);
    harness.elapse(90_000);
    expect(serialOf(harness)).toBe(start + 3);
  });

  test('goes on at zero behind 2^32', () => {
    const harness = new Harness({ initialRevision: 2 ** 32 - 1 });
    expect(serialOf(harness)).toBe(2 ** 32 - 1);
    harness.register('orders.prod/a');
    expect(serialOf(harness)).toBe(0);
    expect(harness.query('nope.svc.').authority[0]?.data.split(' ')[2]).toBe('0');
  });
});
