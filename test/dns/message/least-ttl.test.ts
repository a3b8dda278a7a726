// How long a reply may be kept, read from replies as they are sent.

import { expect, test } from 'vitest';
import { leastTtlOf } from '../../../src/dns/message/least-ttl.ts';
import { packet, type TypeName, typeNumbers } from '../../kit/dns/packet.ts';
import { Harness } from '../../kit/registry/harness.ts';

const lines = ['alias.svc. 7 CNAME orders.prod.svc.', 'long.svc. 3600 A 10.0.0.1'];

function leastOf(harness: Harness, name: string, type: TypeName = 'A', edns = true): number {
  return leastTtlOf(harness.send(packet({ name, type: typeNumbers[type], edns }), 'tcp') as Buffer);
}

test.each<[string, TypeName, number]>([
  ['long.svc.', 'A', 3600],
  ['alias.svc.', 'A', 5],
  ['orders.prod.svc.', 'A', 5],
  ['_http._tcp.orders.prod.svc.', 'SRV', 5],
  // The SOA of a negative answer.
  ['nope.prod.svc.', 'A', 5],
  ['orders.prod.svc.', 'MX', 5],
  // Refused: there is nothing to keep.
  ['example.com.', 'A', 0],
])('%s %s: %i', (name, type, least) => {
  const harness = new Harness({ lines });
  harness.register('orders.prod/a');
  for (const edns of [true, false]) expect(leastOf(harness, name, type, edns)).toBe(least);
});

test('is no more than what is left of the lease', () => {
  const harness = new Harness();
  harness.register('orders.prod/a', { dnsTtl: 60, leaseSeconds: 90 });
  expect(leastOf(harness, 'orders.prod.svc.')).toBe(60);
  harness.elapse(70_000);
  expect(leastOf(harness, 'orders.prod.svc.')).toBeLessThanOrEqual(20);
});
