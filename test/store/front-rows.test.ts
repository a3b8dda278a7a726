// Parts of fronts over a restart, and what becomes of damaged ones.

import { expect, test } from 'vitest';
import { partsIn } from '../../src/model/front-parts.ts';
import { parseRegistration, type Registration } from '../../src/model/instance.ts';
import { openWorld } from '../kit/history/kept-world.ts';
import { scratch } from '../kit/process/scratch.ts';
import { defaults, keyOf, someAddress } from '../kit/registry/harness.ts';

test('parts of fronts come back after a restart', async () => {
  const folder = scratch();
  const first = await openWorld(folder);
  const { registry, clock } = first.harness;
  const key = keyOf('orders.prod/a1');
  const fronts = { eureka: { appName: 'ORDERS', content: '{"hostName":"h"}' } };
  const registration = parseRegistration({ addrs: [someAddress] }, defaults) as Registration;
  const now = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
  const command = { kind: 'register', key, registration, fronts } as const;
  registry.settle(registry.decide(command, { kind: 'anonymous', front: 'eureka', address: '192.0.2.1' }, now), now);
  await first.close();
  const second = await openWorld(folder);
  expect(second.harness.registry.find(key)?.instance.fronts).toEqual(fronts);
  await second.close();
});

test('the deadline of checks that fail begins again after a restart', async () => {
  const folder = scratch();
  const first = await openWorld(folder);
  const key = keyOf('orders.prod/a1');
  const registration = parseRegistration({ addrs: [someAddress], checks: [{ type: 'tcp' }] }, defaults) as Registration;
  const liveness = { kind: 'checks', evictAfterSeconds: 60 } as const;
  const actor = { kind: 'anonymous', front: 'consul', address: '192.0.2.1' } as const;
  const { registry } = first.harness;
  registry.perform({ kind: 'register', key, registration, liveness }, actor);
  registry.judge(key, { verdict: 'critical', reason: 'tcp: connection refused' });
  await first.close();
  const second = await openWorld(folder);
  const { harness } = second;
  expect(harness.registry.find(key)?.instance).toMatchObject({ liveness, health: { verdict: 'critical' } });
  harness.elapse(59_999);
  expect(harness.registry.find(key)).toBeDefined();
  harness.elapse(1);
  expect(harness.registry.find(key)).toBeUndefined();
  await second.close();
});

test('what a lease and checks have found of one instance is kept apart', async () => {
  const folder = scratch();
  const first = await openWorld(folder);
  const key = keyOf('orders.prod/a1');
  const registration = parseRegistration({ addrs: [someAddress], checks: [{ type: 'tcp' }] }, defaults) as Registration;
  const actor = { kind: 'anonymous', front: 'consul', address: '192.0.2.1' } as const;
  const { registry } = first.harness;
  registry.perform({ kind: 'register', key, registration, liveness: { kind: 'lease-then-waiting' } }, actor);
  registry.judge(key, { verdict: 'warning', reason: 'tcp: slow' });
  const health = registry.find(key)?.instance.health;
  await first.close();
  const second = await openWorld(folder);
  expect(second.harness.registry.find(key)?.instance.health).toEqual(health);
  expect(health).toMatchObject({ verdict: 'warning', parts: { lease: { verdict: 'passing' } } });
  await second.close();
});

test('of stored parts those that can be read are taken', () => {
  const eureka = { appName: 'A', content: '{"a":1}' };
  expect(partsIn({ eureka, discovery: { appName: 'a', content: '{' }, other: eureka, tutorial: 7 })).toEqual({
    eureka,
  });
  expect(partsIn({ discovery: { appName: 1, content: '{}' } })).toBeUndefined();
});
