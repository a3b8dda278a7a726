// Rows: what a DNS thread reads from them is what the registry has, in everything that DNS answers with.

import { expect, test } from 'vitest';
import { putRow, readUpdates, type ToldInstance } from '../../../src/dns/plane/update.ts';
import type { PlacedInstance } from '../../../src/registry/placed-instance.ts';
import { Harness, keyOf } from '../../kit/harness.ts';

function readBack(body: Record<string, unknown>): { there: ToldInstance; back: ReturnType<typeof readUpdates>[0] } {
  const harness = new Harness({ onLapsing: () => {} });
  harness.register('com.acme.pay.prod/Pay 1', body);
  const there = harness.registry.find(keyOf('com.acme.pay.prod/Pay 1')) as ToldInstance;
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
  const { addrs, profile } = there.instance as PlacedInstance;
  const { ports, health, ...said } = profile;
  expect(ports).toHaveLength(3);
  expect(back).toEqual({
    kind: 'put',
    revision: 101,
    env: 'prod',
    appid: 'com.acme.pay',
    id: 'Pay 1',
    label: 'pay-1',
    registration: { addrs, ...said },
    health,
    deadlineMs: Number.POSITIVE_INFINITY,
    why: undefined,
  });
});

test('a checked instance comes with what its checks say, and without the checks themselves', () => {
  const { there, back } = readBack({ addrs: ['http://10.0.0.7:8080'], checks: [{ type: 'tcp' }] });
  expect(there.instance.health).toMatchObject({ verdict: 'unchecked', wanted: 'up' });
  expect(back).toMatchObject({ health: there.instance.health, registration: { checks: [], status: 'waiting' } });
  expect(back).toMatchObject({ deadlineMs: Number.POSITIVE_INFINITY });
});

test('a lease that is no longer than its TTL has its deadline from the beginning', () => {
  const { there, back } = readBack({ leaseSeconds: 5, dnsTtl: 5 });
  expect(back).toMatchObject({ deadlineMs: there.deadlineMs });
});
