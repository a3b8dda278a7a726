// Commands of fronts: parts, fields that are kept, names. Parts survive what else happens to an instance.

import { expect, test } from 'vitest';
import type { Actor } from '../../src/model/change.ts';
import type { Command } from '../../src/model/command.ts';
import { parseRegistration, type Registration } from '../../src/model/instance.ts';
import { defaults, Harness, keyOf, someAddress } from '../kit/registry/harness.ts';

const key = keyOf('orders.prod/a1');
const actor: Actor = { kind: 'anonymous', front: 'eureka', address: '192.0.2.1' };
const part = (appName: string, content = '{}') => ({ eureka: { appName, content } });

function registrationOf(fields: Readonly<Record<string, unknown>> = {}): Registration {
  return parseRegistration({ addrs: [someAddress], ...fields }, defaults) as Registration;
}

function world() {
  const harness = new Harness();
  const { registry, clock } = harness;
  const perform = <C extends Command>(command: C) => {
    const now = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
    return registry.settle(registry.decide(command, actor, now), now);
  };
  const stored = () => registry.find(key)?.instance;
  return { registry, perform, stored };
}

test('parts stay through patches, drains and registrations of other fronts, and go with the instance', () => {
  const { registry, perform, stored } = world();
  const fronts = part('ORDERS', '{"a":1}');
  perform({ kind: 'register', key, registration: registrationOf(), fronts });
  perform({ kind: 'patch', key, patch: { weight: 3 } });
  perform({ kind: 'drain', key, holdUntilMs: 'unbounded' });
  perform({ kind: 'up', key });
  perform({ kind: 'register', key, registration: registrationOf({ weight: 4 }) });
  expect(stored()).toMatchObject({ fronts, weight: 4 });
  perform({ kind: 'cancel', key });
  perform({ kind: 'register', key, registration: registrationOf() });
  expect(stored()?.fronts).toBeUndefined();
  expect(registry.instanceCount).toBe(1);
});

test('another part alone is a change, by registration and by patch', () => {
  const { perform } = world();
  const registration = registrationOf();
  perform({ kind: 'register', key, registration, fronts: part('ORDERS') });
  expect(perform({ kind: 'register', key, registration, fronts: part('ORDERS') }).kind).toBe('unchanged');
  expect(perform({ kind: 'register', key, registration, fronts: part('ORDERS', '{"a":1}') }).kind).toBe('replaced');
  expect(perform({ kind: 'patch', key, patch: {}, fronts: part('ORDERS', '{"a":1}') }).kind).toBe('unchanged');
  expect(perform({ kind: 'patch', key, patch: {}, fronts: part('ORDERS', '{"a":2}') }).kind).toBe('patched');
});

test('kept fields stay as they are; those that are not kept are replaced', () => {
  const { perform, stored } = world();
  perform({ kind: 'register', key, registration: registrationOf({ tags: ['x'], weight: 3, zone: 'eu' }) });
  perform({ kind: 'register', key, registration: registrationOf({ weight: 5 }), keeps: ['tags'] });
  expect(stored()).toMatchObject({ tags: ['x'], weight: 5, zone: '' });
});

test('checks that are kept must fit the new addresses', () => {
  const { perform } = world();
  const checks = [{ type: 'tcp', port: 'http' }];
  const first = parseRegistration({ addrs: ['http://10.0.0.7:80'], checks }, defaults);
  if (Array.isArray(first)) throw new Error(JSON.stringify(first));
  perform({ kind: 'register', key, registration: first });
  const registration = registrationOf({ addrs: ['grpc://10.0.0.7:90'] });
  expect(perform({ kind: 'register', key, registration, keeps: ['checks'] }).kind).toBe('invalid');
});

test('a second name of an app is refused with the first one; an instance alone may take another', () => {
  const { perform } = world();
  const registration = registrationOf();
  perform({ kind: 'register', key, registration, fronts: part('A_B') });
  const second = { kind: 'register', key: keyOf('orders.prod/a2'), registration, fronts: part('A-B') } as const;
  const outcome = perform(second);
  expect(outcome).toMatchObject({ kind: 'conflict', problem: { field: 'appid' } });
  expect(outcome.kind === 'conflict' && outcome.problem.message).toContain('A_B');
  expect(perform({ kind: 'register', key, registration, fronts: part('A-B') }).kind).toBe('replaced');
  expect(perform(second).kind).toBe('created');
});

test('a part that is too long is invalid, and nothing is registered', () => {
  const { registry, perform } = world();
  const fronts = part('A', JSON.stringify({ a: 'x'.repeat(5000) }));
  expect(perform({ kind: 'register', key, registration: registrationOf(), fronts }).kind).toBe('invalid');
  expect(registry.instanceCount).toBe(0);
});
