// The registry's commands and what they return: register, renew, patch, cancel, and the end of a lease, under two
// clocks of which only one counts.

import { describe, expect, test } from 'vitest';
import type { InstanceRecord } from '../../src/model/instance-record.ts';
import { Harness, keyOf, unguarded } from '../kit/registry/harness.ts';

const place = 'orders.prod/orders-1';
const key = keyOf(place);

function storedOf(harness: Harness, at = place): InstanceRecord {
  const stored = harness.registry.find(keyOf(at));
  if (stored === undefined) throw new Error(`${at} is not there`);
  return stored;
}

describe('register', () => {
  test('makes an instance, then replaces it, then finds nothing new', () => {
    const harness = new Harness();
    expect(harness.register(place).kind).toBe('created');
    expect(harness.register(place, { weight: 20 }).kind).toBe('replaced');
    expect(harness.register(place, { weight: 20 }).kind).toBe('unchanged');
    expect(storedOf(harness).instance).toMatchObject({ ...key, label: 'orders-1', weight: 20 });
    expect(harness.registry.instanceCount).toBe(1);
  });

  test('replaces all: what a registration leaves out goes back to its default', () => {
    const harness = new Harness();
    harness.register(place, { weight: 20, tags: ['a'], leaseSeconds: 30 });
    harness.register(place, { version: '2' });
    expect(storedOf(harness).instance).toMatchObject({ weight: 10, tags: [], version: '2', leaseSeconds: 90 });
  });

  test('with ifAbsent leaves a stored instance and its lease alone', () => {
    const harness = new Harness();
    expect(harness.register(place, {}, { ifAbsent: true }).kind).toBe('created');
    const { deadlineMs } = storedOf(harness);
    harness.elapse(10_000);
    const outcome = harness.register(place, { weight: 99 }, { ifAbsent: true });
    expect(outcome).toMatchObject({ kind: 'exists', stored: { instance: { weight: 10 }, deadlineMs } });
  });

  test('renews, also where nothing is new', () => {
    const harness = new Harness();
    harness.register(place);
    harness.elapse(60_000);
    harness.register(place);
    harness.elapse(60_000);
    expect(storedOf(harness).deadlineMs - harness.clock.monotonicMs()).toBe(30_000);
  });

  test('takes a shorter lease, counted from now', () => {
    const harness = new Harness();
    harness.register(place);
    harness.register(place, { leaseSeconds: 5 });
    harness.elapse(4999);
    expect(harness.registry.instanceCount).toBe(1);
    harness.elapse(1);
    expect(harness.registry.instanceCount).toBe(0);
  });
});

describe('two writers of one instance', () => {
  test('the older registration leaves the newer in place, and its lease as it was', () => {
    const harness = new Harness();
    harness.register(place, { version: 'new' }, { dirtyAtMs: 2000 });
    const { deadlineMs } = storedOf(harness);
    harness.elapse(1000);
    expect(harness.register(place, { version: 'old' }, { dirtyAtMs: 1999 }).kind).toBe('outdated');
    expect(storedOf(harness)).toMatchObject({ instance: { version: 'new' }, deadlineMs, dirtyAtMs: 2000 });
    expect(harness.register(place, { version: 'same time' }, { dirtyAtMs: 2000 }).kind).toBe('replaced');
  });

  test('one without dirtyAt is the newest, though the wall clock steps back', () => {
    const harness = new Harness();
    harness.register(place, { version: '1' });
    const { dirtyAtMs } = storedOf(harness);
    harness.clock.stepWall(-3_600_000);
    expect(harness.register(place, { version: '2' }).kind).toBe('replaced');
    expect(storedOf(harness).dirtyAtMs).toBe(dirtyAtMs);
  });

  test('an unchanged registration moves the time all the same', () => {
    const harness = new Harness();
    harness.register(place, {}, { dirtyAtMs: 1000 });
    harness.register(place, {}, { dirtyAtMs: 3000 });
    expect(harness.register(place, { weight: 1 }, { dirtyAtMs: 2000 }).kind).toBe('outdated');
  });
});

describe('timestamps', () => {
  test('upAt is kept by a re-registration and moves when traffic begins again', () => {
    const harness = new Harness();
    harness.register(place);
    const { upAtMs } = storedOf(harness);
    harness.elapse(1000);
    harness.register(place, { version: '2' });
    expect(storedOf(harness)).toMatchObject({ upAtMs, registeredAtMs: (upAtMs ?? 0) + 1000 });
    harness.patch(place, { status: 'waiting' });
    expect(storedOf(harness).upAtMs).toBe(upAtMs);
    harness.elapse(1000);
    harness.patch(place, { status: 'up' });
    expect(storedOf(harness).upAtMs).toBe((upAtMs ?? 0) + 2000);
  });

  test('upAt is unknown until the first traffic', () => {
    const harness = new Harness();
    harness.register(place, { status: 'waiting' });
    expect(storedOf(harness).upAtMs).toBeUndefined();
  });

  test('each command moves its own', () => {
    const harness = new Harness();
    harness.register(place);
    const start = storedOf(harness).registeredAtMs;
    harness.elapse(1000);
    harness.renew(place);
    harness.elapse(1000);
    harness.patch(place, { weight: 1 });
    expect(storedOf(harness)).toMatchObject({
      registeredAtMs: start,
      renewedAtMs: start + 1000,
      updatedAtMs: start + 2000,
    });
  });
});

describe('renew', () => {
  test('moves the end of the lease', () => {
    const harness = new Harness();
    harness.register(place);
    harness.elapse(89_999);
    expect(harness.registry.renew(key).kind).toBe('renewed');
    harness.elapse(89_999);
    expect(harness.registry.instanceCount).toBe(1);
    harness.elapse(1);
    expect(harness.registry.renew(key).kind).toBe('unknown');
  });

  test('creates nothing', () => {
    const harness = new Harness();
    expect(harness.registry.renew(key)).toEqual({ kind: 'unknown' });
    expect(harness.registry.appCount).toBe(0);
  });
});

describe('patch', () => {
  test('changes what it names and removes what is null', () => {
    const harness = new Harness();
    harness.register(place, { weight: 20, metadata: { a: '1', b: '2' }, tags: ['x'] });
    harness.patch(place, { weight: null, metadata: { a: null, c: '3' }, tags: ['y'] });
    const { instance } = storedOf(harness);
    expect(instance).toMatchObject({ weight: 10, tags: ['y'], label: 'orders-1' });
    expect([...instance.metadata]).toEqual([
      ['b', '2'],
      ['c', '3'],
    ]);
  });

  test('with nothing new changes nothing', () => {
    const harness = new Harness();
    harness.register(place);
    for (const patch of [{}, { weight: 10 }, { version: null }, { metadata: { gone: null } }]) {
      expect(harness.registry.patch(key, patch).kind).toBe('unchanged');
    }
  });

  test.each([
    [{ weight: -1, colour: 'red' }, ['colour', 'weight']],
    [{ addrs: null }, ['addrs']],
    [{ addrs: [] }, ['addrs']],
    [{ metadata: { a: { b: 'c' } } }, ['metadata.a']],
    [null, ['']],
    [[1], ['']],
    ['text', ['']],
  ])('%j is refused as a whole, with all its problems', (patch, fields) => {
    const harness = new Harness();
    harness.register(place);
    const { revision } = harness.registry;
    const outcome = harness.registry.patch(key, patch);
    expect(outcome.kind === 'invalid' && outcome.problems.map(({ field }) => field)).toEqual(fields);
    expect(harness.registry.revision).toBe(revision);
  });

  test('of an unknown instance is unknown', () => {
    expect(new Harness().registry.patch(key, { weight: 1 })).toEqual({ kind: 'unknown' });
  });

  test('renews no lease', () => {
    const harness = new Harness();
    harness.register(place);
    harness.elapse(60_000);
    harness.patch(place, { weight: 1 });
    harness.elapse(30_000);
    expect(harness.registry.instanceCount).toBe(0);
  });

  test('to a longer lease adds the difference, to a shorter one lets that run from now', () => {
    const harness = new Harness();
    const left = () => storedOf(harness).deadlineMs - harness.clock.monotonicMs();
    harness.register(place);
    harness.elapse(60_000);
    harness.patch(place, { leaseSeconds: 120 });
    expect(left()).toBe(60_000);
    harness.patch(place, { leaseSeconds: 30 });
    expect(left()).toBe(30_000);
    harness.elapse(20_000);
    harness.patch(place, { leaseSeconds: 15 });
    expect(left()).toBe(10_000);
    harness.elapse(10_000);
    expect(harness.registry.instanceCount).toBe(0);
  });
});

describe('cancel', () => {
  test('removes at once; a second one is absent', () => {
    const harness = new Harness();
    harness.register(place);
    expect(harness.registry.cancel(key)).toMatchObject({ kind: 'cancelled', stored: { instance: key } });
    expect(harness.registry.cancel(key)).toEqual({ kind: 'unknown' });
    expect(harness.registry.find(key)).toBeUndefined();
    expect([harness.registry.instanceCount, harness.registry.appCount]).toEqual([0, 0]);
    expect(harness.registry.nextDeadlineMs()).toBeUndefined();
  });
});

describe('a lease', () => {
  test('ends at its deadline to the millisecond', () => {
    const harness = new Harness();
    harness.register(place, { leaseSeconds: 5 });
    harness.elapse(4999);
    expect(harness.registry.instanceCount).toBe(1);
    expect(harness.registry.nextDeadlineMs()).toBe(harness.clock.monotonicMs() + 1);
    harness.elapse(1);
    expect(harness.registry.instanceCount).toBe(0);
  });

  test('ignores the wall clock', () => {
    const harness = new Harness();
    harness.register(place);
    harness.clock.stepWall(86_400_000);
    harness.elapse(89_000);
    harness.clock.stepWall(-2 * 86_400_000);
    expect(harness.registry.evictExpired(10)).toBe(0);
    harness.elapse(1000);
    expect(harness.registry.instanceCount).toBe(0);
  });

  test('of many ends in turn, at most as many a call as allowed', () => {
    const harness = new Harness({ guard: unguarded });
    for (let i = 0; i < 10; i++) harness.register(`orders.prod/o-${i}`, { leaseSeconds: 5 + i });
    harness.clock.advance(10_000);
    expect(harness.registry.evictExpired(4)).toBe(4);
    expect(harness.registry.evictExpired(4)).toBe(2);
    expect(harness.registry.evictExpired(4)).toBe(0);
    expect(
      [...(harness.registry.app('prod', 'orders')?.instances() ?? [])].map((one) => one.instance.instance),
    ).toEqual(['o-6', 'o-7', 'o-8', 'o-9']);
  });
});

test('twenty thousand instances register, and their leases end', () => {
  const harness = new Harness({ guard: unguarded });
  for (let i = 0; i < 20_000; i++) harness.register(`app-${i % 2000}.prod/i-${i}`);
  harness.clock.advance(90_000);
  expect(harness.registry.evictExpired(Number.POSITIVE_INFINITY)).toBe(20_000);
  expect(harness.registry.appCount).toBe(0);
});
