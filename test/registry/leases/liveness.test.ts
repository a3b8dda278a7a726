// Liveness policies: what keeps an instance, and what happens when that ends.

import { describe, expect, test } from 'vitest';
import type { Actor, Change } from '../../../src/model/change.ts';
import type { Command } from '../../../src/model/command.ts';
import { parseRegistration, type Registration } from '../../../src/model/instance.ts';
import type { Liveness } from '../../../src/model/liveness.ts';
import { defaults, Harness, keyOf, someAddress } from '../../kit/registry/harness.ts';

const key = keyOf('orders.prod/a1');
const actor: Actor = { kind: 'anonymous', front: 'consul', address: '192.0.2.1' };

function registrationOf(fields: Readonly<Record<string, unknown>> = {}): Registration {
  return parseRegistration({ addrs: [someAddress], leaseSeconds: 30, ...fields }, defaults) as Registration;
}

function worldOf(liveness: Liveness, fields: Readonly<Record<string, unknown>> = {}) {
  const harness = new Harness({ guard: { evictionPercentPerMinute: 100 } });
  const { registry } = harness;
  const changes: Change[] = [];
  registry.onChange((change) => changes.push(change));
  const perform = <C extends Command>(command: C) => registry.perform(command, actor);
  const register = () => perform({ kind: 'register', key, registration: registrationOf(fields), liveness });
  register();
  const state = () => registry.find(key)?.instance.status ?? 'gone';
  const why = () => changes.map(({ cause }) => cause.why);
  return { harness, registry, changes, perform, register, state, why };
}

describe('checks that fail', () => {
  const checks = [{ type: 'tcp' }];
  const judge = (verdict: 'passing' | 'critical') => ({ kind: 'judge', key, verdict, reason: 'tcp' }) as const;

  test('end in an eviction at their deadline, counted from the verdict', () => {
    const { harness, perform, state } = worldOf({ kind: 'checks', evictAfterSeconds: 60 }, { checks });
    perform(judge('passing'));
    harness.elapse(7 * 24 * 3_600_000);
    expect(state()).toBe('up');
    perform(judge('critical'));
    harness.elapse(59_999);
    expect(state()).toBe('waiting');
    harness.elapse(1);
    expect(state()).toBe('gone');
  });

  test('and pass again in time leave nothing behind', () => {
    const { harness, registry, perform, state } = worldOf({ kind: 'checks', evictAfterSeconds: 60 }, { checks });
    perform(judge('critical'));
    harness.elapse(59_000);
    perform(judge('passing'));
    expect([state(), registry.nextDeadlineMs()]).toEqual(['up', undefined]);
  });

  test('leave it registered without a deadline', () => {
    const { harness, perform, state } = worldOf({ kind: 'checks' }, { checks });
    perform(judge('critical'));
    harness.elapse(7 * 24 * 3_600_000);
    expect(state()).toBe('waiting');
  });
});

describe('the health that a registrant reports', () => {
  const liveness = { kind: 'lease-then-waiting', evictAfterSeconds: 60 } as const;
  const critical = { verdict: 'critical', reason: 'not yet' } as const;
  const passing = { verdict: 'passing', reason: '' } as const;

  test('counts from the start, and a patch with `passing` begins a lease', () => {
    const { harness, perform, state, why } = worldOf(liveness);
    perform({ kind: 'patch', key, patch: {}, judgement: critical });
    expect(state()).toBe('waiting');
    harness.elapse(59_000);
    perform({ kind: 'patch', key, patch: {}, judgement: passing });
    harness.elapse(29_000);
    expect(state()).toBe('up');
    harness.elapse(1000);
    expect(state()).toBe('waiting');
    expect(why()).toEqual(['registered', 'checked', 'checked', 'lapsed']);
  });

  test('reported again it changes nothing', () => {
    const { registry, perform } = worldOf(liveness);
    perform({ kind: 'patch', key, patch: {}, judgement: critical });
    const { revision } = registry;
    expect(perform({ kind: 'patch', key, patch: {}, judgement: critical }).kind).toBe('unchanged');
    expect(registry.revision).toBe(revision);
  });

  test('is passed over where a lease alone decides', () => {
    const { perform, state } = worldOf({ kind: 'lease' });
    expect(perform({ kind: 'patch', key, patch: {}, judgement: critical }).kind).toBe('unchanged');
    expect(state()).toBe('up');
  });
});

describe('a lease that ends in waiting', () => {
  test('and then in an eviction, at its second deadline', () => {
    const { harness, state, why, changes } = worldOf({ kind: 'lease-then-waiting', evictAfterSeconds: 60 });
    harness.elapse(29_999);
    expect(state()).toBe('up');
    harness.elapse(1);
    expect(state()).toBe('waiting');
    expect(changes.at(-1)).toMatchObject({ cause: { why: 'lapsed', silentMs: 30_000 }, after: { wanted: 'up' } });
    expect(harness.data('orders.prod.svc')).toEqual([]);
    harness.elapse(59_999);
    expect(state()).toBe('waiting');
    harness.elapse(1);
    expect([state(), why()]).toEqual(['gone', ['registered', 'lapsed', 'evicted']]);
  });

  test('stays without a second one', () => {
    const { harness, registry, state } = worldOf({ kind: 'lease-then-waiting' });
    harness.elapse(30_000);
    expect([state(), registry.nextDeadlineMs()]).toEqual(['waiting', undefined]);
    harness.elapse(7 * 24 * 3_600_000);
    expect(state()).toBe('waiting');
  });

  test('is no longer renewed once it has ended', () => {
    const { harness, registry, state } = worldOf({ kind: 'lease-then-waiting', evictAfterSeconds: 60 });
    harness.elapse(30_000);
    expect(registry.renew(key).kind).toBe('lapsed');
    harness.elapse(59_999);
    expect(state()).toBe('waiting');
    harness.elapse(1);
    expect(state()).toBe('gone');
  });

  test.each<[string, (world: ReturnType<typeof worldOf>) => void]>([
    ['a verdict', ({ perform }) => void perform({ kind: 'judge', key, verdict: 'passing', reason: 'ttl' })],
    ['a registration', ({ register }) => void register()],
  ])('comes back by %s, with a lease of its own', (_name, act) => {
    const world = worldOf({ kind: 'lease-then-waiting', evictAfterSeconds: 60 });
    world.harness.elapse(80_000);
    act(world);
    expect(world.state()).toBe('up');
    world.harness.elapse(29_999);
    expect(world.state()).toBe('up');
    world.harness.elapse(1);
    expect(world.state()).toBe('waiting');
  });

  test('keeps its second deadline through a patch', () => {
    const { harness, state } = worldOf({ kind: 'lease-then-waiting', evictAfterSeconds: 60 });
    harness.elapse(30_000);
    harness.elapse(30_000);
    harness.patch('orders.prod/a1', { weight: 3 });
    harness.elapse(29_999);
    expect(state()).toBe('waiting');
    harness.elapse(1);
    expect(state()).toBe('gone');
  });
});

test.each<Liveness>([{ kind: 'none' }, { kind: 'remote' }])('%o: nothing ends it here but a cancel', (liveness) => {
  const { harness, registry, state } = worldOf(liveness);
  expect(registry.nextDeadlineMs()).toBeUndefined();
  harness.elapse(7 * 24 * 3_600_000);
  expect([state(), registry.guard.status(0).late, registry.renew(key).kind]).toEqual(['up', 0, 'renewed']);
  harness.cancel('orders.prod/a1');
  expect([state(), registry.instanceCount]).toEqual(['gone', 0]);
});

describe('a connection', () => {
  test('keeps it, and for 15 s after it has closed', () => {
    const { harness, registry, state, why } = worldOf({ kind: 'connection' });
    harness.elapse(3_600_000);
    expect(registry.disconnected(key)).toBe(true);
    harness.elapse(14_999);
    expect(state()).toBe('up');
    harness.elapse(1);
    expect([state(), why()]).toEqual(['gone', ['registered', 'evicted']]);
  });

  test('that comes back in time keeps it on, by a renewal or a registration', () => {
    const { harness, registry, register, state } = worldOf({ kind: 'connection' });
    for (const comeBack of [() => registry.renew(key), register]) {
      registry.disconnected(key);
      registry.disconnected(key);
      harness.elapse(14_000);
      comeBack();
      harness.elapse(3_600_000);
      expect([state(), registry.guard.status(0).late]).toEqual(['up', 0]);
    }
    expect(registry.guard.status(0)).toMatchObject({ members: 1, expectedRenewalsPerMinute: 0 });
  });

  test('is not asked of an instance that is kept otherwise', () => {
    const { registry } = worldOf({ kind: 'lease' });
    expect([registry.disconnected(key), registry.disconnected(keyOf('orders.prod/b1'))]).toEqual([false, false]);
  });

  test('that closes for many at once is held by the guard', () => {
    const harness = new Harness();
    const { registry } = harness;
    const keys = Array.from({ length: 10 }, (_, i) => keyOf(`orders.prod/a${i}`));
    for (const [i, one] of keys.entries()) {
      const from = { ...actor, address: `192.0.2.${i}` };
      const registration = registrationOf();
      registry.perform({ kind: 'register', key: one, registration, liveness: { kind: 'connection' } }, from);
    }
    for (const one of keys) registry.disconnected(one);
    harness.elapse(15_000);
    expect([registry.instanceCount, registry.guard.status(0).isHolding]).toEqual([10, true]);
    for (const one of keys) registry.renew(one);
    expect(registry.guard.status(0)).toMatchObject({ isHolding: false, late: 0, suspects: 0 });
  });
});

test('may be exchanged by the next registration', () => {
  const { harness, registry, perform, state } = worldOf({ kind: 'none' });
  perform({ kind: 'register', key, registration: registrationOf(), liveness: { kind: 'lease' } });
  expect(registry.find(key)?.instance.liveness).toEqual({ kind: 'lease' });
  harness.elapse(30_000);
  expect(state()).toBe('gone');
});

describe('a lease that ends in waiting beside checks', () => {
  const checks = [{ type: 'tcp' }];
  const judge = (verdict: 'passing' | 'critical') => ({ kind: 'judge', key, verdict, reason: 'tcp' }) as const;
  const mixed = () => worldOf({ kind: 'lease-then-waiting', evictAfterSeconds: 60 }, { checks });

  test('is up while both pass', () => {
    const { registry, perform, state } = mixed();
    expect(state()).toBe('waiting');
    perform(judge('passing'));
    expect(state()).toBe('up');
    perform(judge('critical'));
    expect(state()).toBe('waiting');
    expect(registry.renew(key)).toMatchObject({ kind: 'renewed' });
    expect(state()).toBe('waiting');
    perform(judge('passing'));
    expect(state()).toBe('up');
  });

  test('waits at its end though the checks pass, which bring it back as little as they renew it', () => {
    const { harness, registry, perform, state } = mixed();
    perform(judge('passing'));
    harness.elapse(30_000);
    expect(state()).toBe('waiting');
    expect(registry.renew(key)).toMatchObject({ kind: 'lapsed' });
    perform(judge('critical'));
    perform(judge('passing'));
    expect(state()).toBe('waiting');
    const judgement = { verdict: 'passing', reason: '' } as const;
    perform({ kind: 'patch', key, patch: {}, judgement });
    expect(state()).toBe('up');
    harness.elapse(30_000);
    harness.elapse(60_000);
    expect(state()).toBe('gone');
  });

  test('keeps what the checks have found when it is registered again with the same ones', () => {
    const { perform, register, state } = mixed();
    perform(judge('passing'));
    register();
    expect(state()).toBe('up');
    perform(judge('critical'));
    register();
    expect(state()).toBe('waiting');
  });
});
