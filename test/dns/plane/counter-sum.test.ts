// Counts of several threads in one.

import { expect, test } from 'vitest';
import { CounterSum } from '../../../src/dns/plane/counter-sum.ts';
import { DnsCounters } from '../../../src/dns/server/counters.ts';

test('sums what each has counted, by label and in all', () => {
  const memory = new SharedArrayBuffer(DnsCounters.octets);
  const parts = [new DnsCounters(memory), new DnsCounters()] as const;
  const sum = new CounterSum([new DnsCounters(memory), parts[1]]);
  for (const part of parts) part.countQuery('udp', 1, 0);
  parts[1].countQuery('tcp', 28, 3);
  parts[0].cacheHits += 2;
  parts[1].cacheHits++;
  parts[1].tcpConnections++;
  expect([...sum.queries()].map((one) => Object.values(one).join(' '))).toEqual([
    'udp A NOERROR 2',
    'tcp AAAA NXDOMAIN 1',
  ]);
  const { cacheHits, cacheMisses, truncated, dropped, sendErrors, tcpConnections, tcpRefused } = sum;
  expect([cacheHits, cacheMisses, truncated, dropped, sendErrors, tcpConnections, tcpRefused]).toEqual([
    3, 0, 0, 0, 0, 1, 0,
  ]);
});
