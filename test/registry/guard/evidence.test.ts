// Which losses are evidence of a broken network: those of instances that had been heard again after their registration,
// and of more than one client where there are more.

import { describe, expect, test } from 'vitest';
import type { Actor } from '../../../src/model/change.ts';
import { parseRegistration, type Registration } from '../../../src/model/instance.ts';
import { defaults, Harness, keyOf, someAddress } from '../../kit/registry/harness.ts';

const leaseSeconds = 30;

function worldOf(evictionPercentPerMinute = 100) {
  const harness = new Harness({ guard: { evictionPercentPerMinute } });
  const { registry } = harness;
  const register = (place: string, by: Partial<Actor>) => {
    const body = { addrs: [someAddress], leaseSeconds };
    const registration = parseRegistration(body, defaults) as Registration;
    const actor: Actor = { kind: 'anonymous', front: 'api', address: '192.0.2.1', ...by };
    registry.perform({ kind: 'register', key: keyOf(place), registration }, actor);
  };
  const group = (app: string, size: number, by: (index: number) => Partial<Actor>) => {
    const places = Array.from({ length: size }, (_, i) => `${app}.prod/${app}-${i}`);
    for (const [i, place] of places.entries()) register(place, by(i));
    return places;
  };
  /** For a minute those are renewed every 10 s. */
  const live = (places: readonly string[]) => {
    for (let i = 0; i < 6; i++) {
      harness.elapse(10_000);
      for (const place of places) harness.renew(place);
    }
  };
  const left = (app: string) => registry.app('prod', app)?.size ?? 0;
  return { harness, registry, group, live, left };
}

const own = (i: number) => ({ address: `192.0.2.${i}` });
const stranger = () => ({ address: '198.51.100.1' });

describe('instances that were never renewed', () => {
  test('are evicted at the end of their lease, however many', () => {
    const { harness, group, left } = worldOf();
    group('junk', 30, own);
    harness.elapse(leaseSeconds * 1000);
    expect(left('junk')).toBe(0);
  });

  test('keep no dead instance of another app in its answers', () => {
    const { harness, group, live, left } = worldOf();
    const honest = group('orders', 10, own);
    live(honest);
    group('junk', 30, stranger);
    for (let i = 0; i < 3; i++) {
      harness.elapse(10_000);
      for (const place of honest.slice(1)) harness.renew(place);
    }
    expect([left('orders'), left('junk')]).toEqual([9, 0]);
  });

  test('do not use up the evictions that are allowed a minute', () => {
    const { harness, registry, group, live, left } = worldOf(15);
    const honest = group('orders', 10, own);
    live(honest);
    for (let i = 0; i < 30; i++) group(`junk${i}`, 2, stranger);
    for (let i = 0; i < 3; i++) {
      harness.elapse(10_000);
      for (const place of honest.slice(1)) harness.renew(place);
    }
    expect(left('orders')).toBe(9);
    const junk = Array.from({ length: 30 }, (_, i) => left(`junk${i}`));
    // 15 % of 70 have left.
    expect(junk.reduce((sum, size) => sum + size, 0)).toBe(50);
    expect(registry.guard.status(9).evictions).toMatchObject({ lastMinute: 1, waiting: 50 });
  });

  test('do not dilute a fleet that is cut off', () => {
    const { harness, group, live, left } = worldOf();
    live(group('orders', 10, own));
    for (let i = 0; i < 10; i++) group(`junk${i}`, 30, stranger);
    harness.elapse(leaseSeconds * 1000);
    expect(left('orders')).toBe(10);
  });
});

describe('losses of one client', () => {
  test('hold nothing where there are others', () => {
    const { harness, registry, group, live, left } = worldOf();
    const honest = group('orders', 10, own);
    const junk = group('junk', 30, stranger);
    live([...honest, ...junk]);
    for (let i = 0; i < 3; i++) {
      harness.elapse(10_000);
      for (const place of honest) harness.renew(place);
    }
    // All of that client's own app is silent: there it counts as it would behind a proxy. The registry is not held.
    expect(registry.guard.status(9)).toMatchObject({ isRegistryHeld: false });
    expect(left('orders')).toBe(10);
  });

  test('hold the scope where all are of one, as behind a proxy', () => {
    const { harness, registry, group, live, left } = worldOf();
    live(group('orders', 10, stranger));
    harness.elapse(leaseSeconds * 1000);
    expect([left('orders'), registry.guard.status(0).isRegistryHeld]).toEqual([10, true]);
  });

  test('count as one where it has a principal, from wherever it calls', () => {
    const { harness, registry, group, live } = worldOf();
    const honest = group('orders', 5, own);
    const junk = group('junk', 30, (i) => ({ kind: 'token', principal: 'bot', address: `198.51.100.${i}` }));
    live([...honest, ...junk]);
    for (let i = 0; i < 3; i++) {
      harness.elapse(10_000);
      for (const place of honest) harness.renew(place);
    }
    expect(registry.guard.status(0).isRegistryHeld).toBe(false);
  });

  test('and of a second one hold again', () => {
    const { harness, registry, group, live } = worldOf();
    const honest = group('orders', 4, own);
    const junk = group('junk', 30, stranger);
    live([...honest, ...junk]);
    for (let i = 0; i < 3; i++) {
      harness.elapse(10_000);
      for (const place of honest.slice(1)) harness.renew(place);
    }
    expect(registry.guard.status(0).isRegistryHeld).toBe(true);
  });
});

test('an instance that another client takes over counts as its own', () => {
  const { harness, registry, group, live } = worldOf();
  const honest = group('orders', 4, own);
  live([...honest, ...group('junk', 30, stranger)]);
  const taken = { addrs: [someAddress], leaseSeconds, weight: 3 };
  for (let i = 0; i < 30; i++) {
    const registration = parseRegistration(taken, defaults) as Registration;
    const actor: Actor = { kind: 'anonymous', front: 'api', address: `203.0.113.${i}` };
    registry.perform({ kind: 'register', key: keyOf(`junk.prod/junk-${i}`), registration }, actor);
  }
  for (let i = 0; i < 3; i++) {
    harness.elapse(10_000);
    for (const place of honest) harness.renew(place);
  }
  expect(registry.guard.status(0).isRegistryHeld).toBe(true);
});
