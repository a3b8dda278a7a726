// Instances that rollcall checks itself, in the registry: they wait until they pass, no lease ends them, and what their
// owner wants and what their checks find are kept apart.

import { expect, test } from 'vitest';
import type { Removed } from '../../src/history/removed.ts';
import { restoreRemoved } from '../../src/history/undo.ts';
import type { Change } from '../../src/model/change.ts';
import { parseRegistration, type Registration } from '../../src/model/instance.ts';
import { FakeClock } from '../kit/process/clock.ts';
import { CommandedRegistry } from '../kit/registry/commanded-registry.ts';
import { performer } from '../kit/registry/performer.ts';

const defaults = { leaseSeconds: 90, dnsTtl: 5 };
const key = { env: 'prod', appid: 'orders', instance: 'one' };
const passing = { verdict: 'passing', reason: 'tcp: connected' } as const;
const critical = { verdict: 'critical', reason: 'tcp: connection refused' } as const;
const checks = [{ type: 'tcp' }];

function registrationOf(fields: Record<string, unknown>): Registration {
  const registration = parseRegistration({ addrs: ['http://10.0.0.7:80'], ...fields }, defaults);
  if (Array.isArray(registration)) throw new Error(JSON.stringify(registration));
  return registration;
}

function world() {
  const clock = new FakeClock();
  const registry = new CommandedRegistry({
    clock,
    origin: 'svc.',
    defaults,
    instancesMax: 100,
    instancesPerAppMax: 100,
    initialRevision: 0,
  });
  const changes: Change[] = [];
  registry.onChange((change) => changes.push(change));
  const register = (fields: Record<string, unknown>) => registry.register(key, registrationOf(fields));
  const pass = (ms: number): void => {
    clock.advance(ms);
    registry.evictExpired(100);
  };
  const now = () => registry.find(key)?.instance;
  return { clock, registry, changes, register, pass, now };
}

test('it waits until it passes, and waits again when it fails; each change has the reason', () => {
  const { registry, register, changes, now } = world();
  register({ checks });
  expect(now()).toMatchObject({ status: 'waiting', wanted: 'up', health: { verdict: 'unchecked' } });
  expect(registry.judge(key, passing)).toBe(true);
  expect(now()?.status).toBe('up');
  expect(registry.judge(key, passing)).toBe(false);
  expect(registry.judge(key, critical)).toBe(true);
  expect(now()).toMatchObject({ status: 'waiting', health: critical });
  expect(changes.map(({ cause }) => cause)).toEqual([
    { why: 'registered' },
    { why: 'checked', ...passing },
    { why: 'checked', ...critical },
  ]);
  expect(registry.find(key)?.upAtMs).toBe(changes[1]?.atMs);
});

test('no lease ends it, and the guard does not wait for it', () => {
  const { registry, register, pass, now } = world();
  register({ checks, leaseSeconds: 5 });
  expect(registry.nextDeadlineMs()).toBeUndefined();
  pass(86_400_000);
  expect(now()).toBeDefined();
  expect(registry.instanceCount).toBe(1);
  expect(registry.guard.status(0)).toMatchObject({ late: 0, expectedRenewalsPerMinute: 0 });
  expect(registry.renew(key).kind).toBe('renewed');
  expect(registry.cancel(key).kind).toBe('cancelled');
  expect(registry.instanceCount).toBe(0);
});

test('the guard goes by those that renew: checked ones beside them do not make a loss look small', () => {
  const { registry, pass } = world();
  const at = (appid: string, i: number) => ({ env: 'prod', appid, instance: `i${i}` });
  const renewing = [
    ...Array.from({ length: 3 }, (_, i) => at('lost', i)),
    ...Array.from({ length: 40 }, (_, i) => at('well', i)),
  ];
  for (const one of renewing) registry.register(one, registrationOf({ leaseSeconds: 60 }));
  for (let i = 0; i < 31; i++) registry.register(at('lost', 10 + i), registrationOf({ checks }));
  registry.cancel(at('lost', 40));
  const beat = (places: typeof renewing): void => {
    for (const one of places) registry.renew(one);
    pass(20_000);
  };
  // Long enough to be no newcomers any more; then three are silent.
  for (let i = 0; i < 30; i++) beat(renewing);
  for (let i = 0; i < 4; i++) beat(renewing.slice(3));
  const { isRegistryHeld, heldAppCount } = registry.guard.status(10);
  expect({ isRegistryHeld, heldAppCount, left: registry.instanceCount }).toEqual({
    isRegistryHeld: false,
    heldAppCount: 1,
    left: 73,
  });
});

test('what its owner has drained stays drained, with any results of its checks', () => {
  const { registry, register, now } = world();
  register({ checks });
  registry.judge(key, passing);
  expect(registry.drain(key).kind).toBe('drained');
  registry.judge(key, critical);
  registry.judge(key, passing);
  expect(now()).toMatchObject({ status: 'waiting', wanted: 'up', health: { verdict: 'passing' } });
  registry.patch(key, { status: 'up' });
  expect(now()?.status).toBe('up');
});

test('a patch of something else does not take a failing instance for a drained one', () => {
  const { registry, register, now } = world();
  register({ checks });
  registry.judge(key, critical);
  registry.patch(key, { weight: 3 });
  registry.judge(key, passing);
  expect(now()).toMatchObject({ status: 'up', weight: 3 });
});

test('the verdict stays with the addresses and checks that it is about', () => {
  const { registry, register, now } = world();
  register({ checks });
  registry.judge(key, passing);
  expect(register({ checks }).kind).toBe('unchanged');
  register({ checks, version: '2' });
  expect(now()?.status).toBe('up');
  register({ checks, addrs: ['http://10.0.0.8:80'] });
  expect(now()).toMatchObject({ status: 'waiting', health: { verdict: 'unchecked' } });
  registry.judge(key, passing);
  registry.patch(key, { checks: [{ type: 'http' }] });
  expect(now()?.status).toBe('waiting');
});

test('checks may come and go: with them no lease, without them one that starts then', () => {
  const { registry, register, pass, now } = world();
  register({ leaseSeconds: 10 });
  pass(9000);
  registry.patch(key, { checks });
  expect(now()?.status).toBe('waiting');
  pass(60_000);
  expect(now()).toBeDefined();
  registry.judge(key, passing);
  registry.patch(key, { checks: null });
  expect(now()).toMatchObject({ status: 'up', health: undefined });
  pass(9999);
  expect(now()).toBeDefined();
  pass(2);
  expect(now()).toBeUndefined();
  expect(registry.instanceCount).toBe(0);

  register({ checks });
  register({ leaseSeconds: 10 });
  pass(10_001);
  expect(now()).toBeUndefined();
});

test('after a restart it is as before, and still has no lease', () => {
  const { registry, now, pass } = world();
  const times = { registeredAtMs: 1, upAtMs: 1, renewedAtMs: 1, updatedAtMs: 1, dirtyAtMs: 1 };
  const health = { ...passing, file: 'a.yaml' } as const;
  const registration = registrationOf({ checks });
  registry.recover({ key, label: 'one', registration, times, revision: 1, supervision: { health } });
  expect(now()).toMatchObject({ status: 'up', health });
  pass(86_400_000);
  expect(now()?.status).toBe('up');
});

test('restored after a mistake it is what its owner wanted, and has to pass again', async () => {
  const { registry, clock, register, changes, now } = world();
  register({ checks });
  registry.judge(key, critical);
  registry.cancel(key);
  const change = changes.at(-1) as Change;
  const removed = { why: 'cancelled', change, instance: change.before } as Removed;
  const actor = { kind: 'anonymous', front: 'api', address: '127.0.0.1' } as const;
  expect((await restoreRemoved(registry, [removed], actor, performer(registry, clock))).done.length).toBe(1);
  expect(now()).toMatchObject({ status: 'waiting', wanted: 'up', health: { verdict: 'unchecked' } });
  registry.judge(key, passing);
  expect(now()?.status).toBe('up');
});

test('a judgement of one that has left, or has no checks, changes nothing', () => {
  const { registry, register, changes } = world();
  expect(registry.judge(key, critical)).toBe(false);
  register({});
  expect(registry.judge(key, critical)).toBe(false);
  expect(changes.length).toBe(1);
});
