// What leaves the registry: one numbered change for each difference, none without, in the order of the listeners.

import { describe, expect, test } from 'vitest';
import type { Actor, Change } from '../../src/model/change.ts';
import { Harness, keyOf } from '../kit/registry/harness.ts';

const place = 'orders.prod/orders-1';

function watched(): { harness: Harness; changes: Change[] } {
  const harness = new Harness();
  const changes: Change[] = [];
  harness.registry.onChange((change) => changes.push(change));
  return { harness, changes };
}

describe('each change', () => {
  test('adds one to the revision and has the instance before and after', () => {
    const { harness, changes } = watched();
    harness.register(place);
    harness.register(place, { weight: 20 });
    harness.patch(place, { status: 'waiting' });
    harness.cancel(place);
    harness.register(place, { leaseSeconds: 5 });
    harness.elapse(5000);
    expect(changes.map(({ revision, kind, before, after }) => [revision, kind, before?.weight, after?.weight])).toEqual(
      [
        [101, 'registered', undefined, 10],
        [102, 'updated', 10, 20],
        [103, 'updated', 20, 20],
        [104, 'cancelled', 20, undefined],
        [105, 'registered', undefined, 10],
        [106, 'evicted', 10, undefined],
      ],
    );
    expect(harness.registry.revision).toBe(106);
  });

  test('carries the wall clock’s time', () => {
    const { harness, changes } = watched();
    harness.elapse(1234);
    harness.register(place);
    expect(changes[0]?.atMs).toBe(harness.clock.wallMs());
  });

  test('is visible to reads from within the listener', () => {
    const harness = new Harness();
    const seen: unknown[] = [];
    harness.registry.onChange((change) => {
      seen.push([harness.registry.revision === change.revision, harness.registry.at('prod', 'orders') !== undefined]);
    });
    harness.register(place);
    harness.cancel(place);
    expect(seen).toEqual([
      [true, true],
      [true, false],
    ]);
  });
});

test('what changes nothing is no change', () => {
  const { harness, changes } = watched();
  harness.register(place, {}, { dirtyAtMs: 5000 });
  harness.register(place, {}, { dirtyAtMs: 5000 });
  harness.register(place, { weight: 1 }, { ifAbsent: true });
  harness.register(place, { weight: 1 }, { dirtyAtMs: 4999 });
  harness.register('orders.prod/ORDERS-1', { weight: 1 });
  harness.register('x.orders-1.orders.prod/a');
  harness.renew(place);
  harness.registry.renew(keyOf('orders.prod/none'));
  harness.registry.patch(keyOf(place), {});
  harness.registry.patch(keyOf(place), { weight: -1 });
  harness.registry.cancel(keyOf('orders.prod/none'));
  harness.registry.evictExpired(100);
  expect(changes).toHaveLength(1);
  expect(harness.registry.revision).toBe(101);
});

test('a drain is an update to waiting with its reason; of one that waits already it is none', () => {
  const { harness, changes } = watched();
  harness.register(place, { version: '2' });
  const by: Actor = { kind: 'anonymous', front: 'api', address: '10.0.0.9', reason: 'deploy' };
  expect(harness.registry.drain(keyOf(place), by).kind).toBe('drained');
  expect(harness.registry.drain(keyOf(place), by).kind).toBe('unchanged');
  expect(harness.registry.drain(keyOf('orders.prod/none'), by).kind).toBe('unknown');
  expect(changes.slice(1)).toMatchObject([
    {
      kind: 'updated',
      revision: 102,
      cause: { why: 'drained' },
      origin: by,
      before: { status: 'up', version: '2' },
      after: { status: 'waiting', version: '2' },
    },
  ]);
});

test('a touch takes a revision and is no change: the next one goes on behind it', () => {
  const { harness, changes } = watched();
  expect(harness.registry.touch()).toBe(101);
  expect(changes).toEqual([]);
  harness.register(place);
  expect(changes.map(({ revision }) => revision)).toEqual([102]);
});

describe('listeners', () => {
  test('are called in the order of adding, before the write returns', () => {
    const harness = new Harness();
    const calls: string[] = [];
    for (const name of ['first', 'second', 'third']) harness.registry.onChange(() => calls.push(name));
    harness.register(place);
    expect(calls).toEqual(['first', 'second', 'third']);
  });

  test('must not write, and a refused write leaves nothing half done', () => {
    const harness = new Harness();
    const attempts = [
      () => harness.register('other.prod/a'),
      () => harness.register(place, { weight: 3 }),
      () => harness.registry.patch(keyOf(place), { weight: 3 }),
      () => harness.registry.cancel(keyOf(place)),
    ];
    const errors: unknown[] = [];
    harness.registry.onChange(() => {
      for (const attempt of attempts.splice(0)) {
        try {
          attempt();
        } catch (error) {
          errors.push(error);
        }
      }
    });
    harness.register(place);
    expect(errors.map(String)).toEqual(Array(4).fill(expect.stringContaining('must not write to the registry')));
    expect(harness.registry.revision).toBe(101);
    expect(harness.registry.instanceCount).toBe(1);
    expect(harness.registry.find(keyOf(place))?.instance.weight).toBe(10);
    expect(harness.registry.at('prod', 'other')).toBeUndefined();
  });
});

describe('revisions of apps', () => {
  test('move with their own changes alone', () => {
    const { harness } = watched();
    harness.register(place);
    harness.register('pay.prod/a');
    expect(harness.registry.appRevision('prod', 'orders')).toBe(101);
    expect(harness.registry.appRevision('prod', 'pay')).toBe(102);
    harness.patch(place, { weight: 1 });
    expect(harness.registry.appRevision('prod', 'orders')).toBe(103);
  });

  test('move once more when the last instance leaves, and are remembered', () => {
    const { harness } = watched();
    harness.register(place);
    const app = harness.registry.app('prod', 'orders');
    harness.cancel(place);
    expect(app?.revision).toBe(102);
    expect(harness.registry.appRevision('prod', 'orders')).toBe(102);
    harness.register(place);
    expect(harness.registry.appRevision('prod', 'orders')).toBe(103);
    expect(harness.registry.appRevision('prod', 'never')).toBe(100);
  });

  test('instances carry the revision of their own last change', () => {
    const { harness } = watched();
    harness.register(place);
    harness.register('orders.prod/orders-2');
    expect(harness.registry.find(keyOf(place))?.revision).toBe(101);
  });
});

test('the first change has the number behind the initial one', () => {
  const harness = new Harness({ initialRevision: 4_294_967_295 });
  harness.register(place);
  expect(harness.registry.revision).toBe(4_294_967_296);
});

test('an app whose last instance left before a restart has changed since any earlier revision', () => {
  const before = new Harness({ initialRevision: 100 });
  before.register('orders.prod/a1');
  const seen = before.registry.appRevision('prod', 'orders');
  before.cancel('orders.prod/a1');
  const { registry } = new Harness({ initialRevision: before.registry.revision });
  expect(registry.appRevision('prod', 'orders')).toBeGreaterThan(seen);
});
