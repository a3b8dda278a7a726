// Rows: what a DNS thread reads from them is what the registry has, in everything that DNS answers with.

import { expect, test } from 'vitest';
import { putRow, readUpdates } from '../../../src/dns/plane/update.ts';
import type { AppView, LeasedInstance } from '../../../src/registry/view.ts';
import { Harness } from '../../kit/harness.ts';

function readBack(body: Record<string, unknown>): { there: LeasedInstance; back: ReturnType<typeof readUpdates>[0] } {
  const harness = new Harness();
  harness.register('com.acme.pay.prod/Pay 1', body);
  const there = (harness.registry.at('prod', 'com.acme.pay') as AppView).byLabel('pay-1') as LeasedInstance;
  const text = JSON.stringify([putRow(there, 101, harness.clock.monotonicMs())]);
  return { there, back: readUpdates(text)[0] as ReturnType<typeof readUpdates>[0] };
}

test('an instance comes back as it was, but for its id', () => {
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
  const instance = { ...there.instance, instance: 'pay-1' };
  expect(back).toEqual({
    kind: 'put',
    revision: 101,
    instance,
    deadlineMs: Number.POSITIVE_INFINITY,
    isSuspect: false,
  });
});

test('a lease that is no longer than its TTL has its deadline from the beginning', () => {
  const { there, back } = readBack({ leaseSeconds: 5, dnsTtl: 5 });
  expect(back).toMatchObject({ deadlineMs: there.deadlineMs });
});
