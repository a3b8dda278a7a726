// Rows: what a DNS thread reads from them is what the registry has, in everything that DNS answers with.

import { expect, test } from 'vitest';
import { RowBatch } from '../../../src/dns/plane/row-batch.ts';
import { putRow, type ReplicaInstance, readUpdates } from '../../../src/dns/plane/update.ts';
import type { CompactInstance } from '../../../src/model/compact-instance.ts';
import { Harness, keyOf } from '../../kit/harness.ts';

function readBack(body: Record<string, unknown>): { there: ReplicaInstance; back: ReturnType<typeof readUpdates>[0] } {
  const harness = new Harness({ onNearExpiry: () => {} });
  harness.register('com.acme.pay.prod/Pay 1', body);
  const there = harness.registry.find(keyOf('com.acme.pay.prod/Pay 1')) as ReplicaInstance;
  const text = JSON.stringify([putRow(there, 101, '')]);
  return { there, back: readUpdates(text)[0] as ReturnType<typeof readUpdates>[0] };
}

test('an instance comes back as it was', () => {
  const { there, back } = readBack({
    addrs: ['http://10.0.0.7:8080', 'dns+udp://[2001:db8::7]:53', 'amqp://mq.example.org:5672'],
    version: '1.4.2',
    zone: 'eu-1a',
    group: 'blue',
    tags: ['canary', 'ä'],
    weight: 0,
    priority: 65_535,
    status: 'waiting',
    metadata: { team: 'checkout', note: 'a=b "ü" 漢' },
    leaseSeconds: 60,
    dnsTtl: 0,
  });
  const { addrs, profile } = there.instance as CompactInstance;
  const { services, health, override, wanted: _wanted, liveness: _liveness, ...fields } = profile;
  expect(services).toHaveLength(3);
  expect(back).toEqual({
    kind: 'put',
    revision: 101,
    env: 'prod',
    appid: 'com.acme.pay',
    id: 'Pay 1',
    label: 'pay-1',
    registration: { addrs, ...fields },
    supervision: { health, override },
    deadlineMs: Number.POSITIVE_INFINITY,
    why: undefined,
  });
});

test('a checked instance comes with the state of its checks, and without the checks themselves', () => {
  const { there, back } = readBack({ addrs: ['http://10.0.0.7:8080'], checks: [{ type: 'tcp' }] });
  expect(there.instance).toMatchObject({ wanted: 'up', health: { verdict: 'unchecked' } });
  const supervision = { health: { verdict: 'unchecked', reason: 'no check has passed yet' } };
  expect(back).toMatchObject({ supervision, registration: { checks: [], status: 'up' } });
  expect(back).toMatchObject({ deadlineMs: Number.POSITIVE_INFINITY });
});

test('a lease that is no longer than its TTL has its deadline from the beginning', () => {
  const { there, back } = readBack({ leaseSeconds: 5, dnsTtl: 5 });
  expect(back).toMatchObject({ deadlineMs: there.deadlineMs });
});

test('of instances with equal fields, the later ones are rebuilt whole from their differences', () => {
  const harness = new Harness({ onNearExpiry: () => {} });
  const bodies = [
    ['orders.prod/a', {}],
    ['orders.prod/b', {}],
    ['pay.prod/B 1', {}],
    ['pay.test/b', {}],
    ['pay.test/c', { weight: 3 }],
    ['pay.test/d', { weight: 3, addrs: ['http://10.0.0.7:1', 'http://10.0.0.8:1'] }],
    ['pay.test/e', { weight: 3, addrs: ['http://10.0.0.7:1', 'http://10.0.0.9:1'] }],
    ['pay.test/f', { leaseSeconds: 5, dnsTtl: 5 }],
    ['pay.test/g', { leaseSeconds: 5, dnsTtl: 5 }],
    ['pay.test/h', { addrs: ['http://[2001:db8::7]:1'] }],
    ['pay.test/i', { addrs: ['http://[2001:db8::8]:1'] }],
    ['pay.test/j', { checks: [{ type: 'tcp' }] }],
    ['pay.test/k', { checks: [{ type: 'tcp' }] }],
  ] as const;
  const there = bodies.map(([place, body], index) => {
    harness.register(place, { addrs: [`http://10.0.0.${index + 1}:8080`], ...body });
    return harness.registry.find(keyOf(place)) as ReplicaInstance;
  });
  const texts: string[] = [];
  const batch = new RowBatch(
    (rows) => texts.push(rows),
    () => 100,
  );
  for (const [index, stored] of there.entries()) batch.put(stored, 100 + index, '');
  // The same object, another instance.
  const first = there[0] as ReplicaInstance;
  harness.register('orders.prod/a', { addrs: ['http://10.0.0.99:8080'], weight: 4 });
  batch.put(first, 200, '');
  harness.register('orders.prod/a', { addrs: ['http://10.0.0.98:8080'], weight: 5 });
  batch.put(first, 201, '');
  batch.flush();
  const alone = there.map((stored, index) => readUpdates(JSON.stringify([putRow(stored, 100 + index, '')]))[0]);
  const back = readUpdates(texts.join());
  expect(texts).toHaveLength(1);
  expect(back.slice(1, -2)).toEqual(alone.slice(1));
  expect(back[0]).toMatchObject({ registration: { weight: 10, addrs: [{ host: '10.0.0.1' }] } });
  expect(back.slice(-2)).toMatchObject([
    { revision: 200, registration: { weight: 4, addrs: [{ host: '10.0.0.99' }] } },
    { revision: 201, registration: { weight: 5, addrs: [{ host: '10.0.0.98' }] } },
  ]);
  expect((JSON.parse(texts.join()) as string[][]).filter(([kind]) => kind === '=')).toHaveLength(4);
});
