// Drains and holds: what ends them, and what does not.

import { describe, expect, test } from 'vitest';
import type { Actor, Change } from '../../src/model/change.ts';
import type { Command } from '../../src/model/command.ts';
import type { InstanceKey } from '../../src/model/names.ts';
import { holdMsMax } from '../../src/model/status.ts';
import { holdsMax } from '../../src/registry/holds.ts';
import { Harness, keyOf } from '../kit/registry/harness.ts';

const place = 'orders.prod/a1';
const key = keyOf(place);
const operator: Actor = { kind: 'token', front: 'api', principal: 'ops', address: '192.0.2.1', reason: 'disk' };
const hourMs = 3_600_000;

function worldOf() {
  const released: InstanceKey[] = [];
  const harness = new Harness({ onHoldReleased: (one) => released.push(one) });
  const { registry, clock } = harness;
  const changes: Change[] = [];
  registry.onChange((change) => changes.push(change));
  const now = () => ({ monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() });
  const perform = <C extends Command>(command: C) => registry.settle(registry.decide(command, operator, now()), now());
  const hold = (forMs: number | 'unbounded', one = key) =>
    perform({ kind: 'drain', key: one, holdUntilMs: forMs === 'unbounded' ? forMs : clock.wallMs() + forMs });
  const up = () => harness.data('orders.prod.svc').length;
  const instance = () => registry.find(key)?.instance;
  return { harness, registry, clock, changes, released, perform, hold, up, instance };
}

/** It leaves and comes back. */
function again(harness: Harness, leave: () => void, name = place): void {
  leave();
  harness.register(name);
}

describe('a plain drain', () => {
  test.each<[string, (world: ReturnType<typeof worldOf>) => void, number]>([
    ['a registration with up', ({ harness }) => void harness.register(place), 1],
    ['a patch with up', ({ harness }) => harness.patch(place, { status: 'up' }), 1],
    ['a patch that gives the status its default', ({ harness }) => harness.patch(place, { status: null }), 1],
    ['up', ({ perform }) => void perform({ kind: 'up', key }), 1],
    ['a new registration', ({ harness }) => again(harness, () => harness.cancel(place)), 1],
    ['no renewal', ({ harness }) => harness.renew(place), 0],
    ['no patch of something else', ({ harness }) => harness.patch(place, { weight: 20 }), 0],
    ['no registration with waiting', ({ harness }) => void harness.register(place, { status: 'waiting' }), 0],
  ])('is ended by %s', (_name, act, expected) => {
    const world = worldOf();
    world.harness.register(place);
    expect(world.perform({ kind: 'drain', key }).kind).toBe('drained');
    expect(world.up()).toBe(0);
    act(world);
    expect(world.up()).toBe(expected);
  });

  test('has who drained it and why, and leaves what the registrant wants', () => {
    const { harness, perform, instance } = worldOf();
    harness.register(place);
    perform({ kind: 'drain', key });
    const override = { status: 'waiting', by: 'ops', reason: 'disk', until: 'next-up' };
    expect(instance()).toMatchObject({ status: 'waiting', wanted: 'up', override });
  });

  test('of what waits already is no change', () => {
    const { harness, perform, changes } = worldOf();
    harness.register(place, { status: 'waiting' });
    expect(perform({ kind: 'drain', key }).kind).toBe('unchanged');
    expect(changes.length).toBe(1);
  });
});

describe('a hold', () => {
  test.each<[string, (world: ReturnType<typeof worldOf>) => void]>([
    ['a registration', ({ harness }) => void harness.register(place)],
    ['another registration', ({ harness }) => void harness.register(place, { weight: 20 })],
    ['a patch with up', ({ harness }) => harness.patch(place, { weight: 20, status: 'up' })],
    ['a plain drain', ({ perform }) => void perform({ kind: 'drain', key })],
    ['its lease', ({ harness }) => again(harness, () => harness.elapse(90_000))],
    ['a cancel, and another spelling', ({ harness }) => again(harness, () => harness.cancel(place), 'orders.prod/A1')],
  ])('outlives %s', (_name, act) => {
    const world = worldOf();
    world.harness.register(place);
    expect(world.hold(2 * hourMs).kind).toBe('drained');
    act(world);
    expect([world.registry.instanceCount, world.up()]).toEqual([1, 0]);
    expect(world.instance()?.override).toMatchObject({ by: 'ops' });
  });

  test('ends at its time by a change of the registry’s own', () => {
    const { harness, registry, clock, hold, up, changes } = worldOf();
    harness.register(place, { leaseSeconds: 86_400 });
    hold(2 * hourMs);
    expect(registry.nextDeadlineMs()).toBeLessThanOrEqual(clock.monotonicMs() + 60_000);
    harness.elapse(2 * hourMs - 1);
    expect(up()).toBe(0);
    harness.elapse(1);
    expect(up()).toBe(1);
    expect(changes.at(-1)).toMatchObject({ cause: { why: 'hold-ended' }, origin: { kind: 'system' } });
    expect(registry.nextDeadlineMs()).toBeGreaterThan(clock.monotonicMs());
  });

  test('follows the wall clock when that is set', () => {
    const { harness, registry, clock, hold, up } = worldOf();
    harness.register(place);
    hold(2 * hourMs);
    clock.stepWall(2 * hourMs);
    registry.evictExpired(10);
    expect(up()).toBe(1);
  });

  test('is lifted by up, for later registrations too', () => {
    const { harness, perform, hold, up } = worldOf();
    harness.register(place);
    hold('unbounded');
    expect(perform({ kind: 'up', key }).kind).toBe('resumed');
    harness.cancel(place);
    harness.register(place);
    expect(up()).toBe(1);
  });

  test('without an end waits for an instance that has left, until up', () => {
    const { harness, registry, perform, hold, up, released } = worldOf();
    harness.register(place);
    hold('unbounded');
    harness.elapse(30 * 24 * hourMs);
    expect([registry.instanceCount, released.length]).toEqual([0, 0]);
    const { revision } = registry;
    expect(perform({ kind: 'up', key }).kind).toBe('released');
    expect([perform({ kind: 'up', key }).kind, registry.revision, released]).toEqual(['unknown', revision, [key]]);
    harness.register(place);
    expect(up()).toBe(1);
  });

  test('of an instance that has left is forgotten at its time', () => {
    const { harness, hold, up, released } = worldOf();
    harness.register(place);
    hold(hourMs);
    harness.cancel(place);
    harness.elapse(hourMs);
    expect(released).toEqual([key]);
    harness.register(place);
    expect(up()).toBe(1);
  });

  test('can be given another time', () => {
    const { harness, hold, up, changes } = worldOf();
    harness.register(place, { leaseSeconds: 86_400 });
    expect([hold(hourMs).kind, hold(hourMs).kind, hold(2 * hourMs).kind]).toEqual(['drained', 'unchanged', 'drained']);
    harness.elapse(hourMs);
    expect(up()).toBe(0);
    harness.elapse(hourMs);
    expect([up(), changes.length]).toEqual([1, 4]);
  });

  test.each([0, -1, holdMsMax + 1, Number.NaN])('for %d ms is refused', (forMs) => {
    const { harness, hold, up } = worldOf();
    harness.register(place);
    expect(hold(forMs)).toMatchObject({ kind: 'invalid', problems: [{ field: 'hold' }] });
    expect(up()).toBe(1);
  });

  test('is refused where there are as many as there may be', () => {
    const { harness, registry, hold } = worldOf();
    const override = { status: 'waiting', by: 'ops', reason: undefined, until: 'unbounded' } as const;
    const others = Array.from({ length: holdsMax }, (_, i) => ({ key: { ...key, instance: `b${i}` }, override }));
    registry.recoverHolds(others);
    harness.register(place);
    harness.register('orders.prod/b7');
    expect(hold('unbounded')).toMatchObject({ kind: 'invalid', problems: [{ field: 'hold' }] });
    expect(hold(hourMs, keyOf('orders.prod/b7')).kind).toBe('drained');
  });

  test('of an instance that is not registered cannot be made', () => {
    const { hold } = worldOf();
    expect(hold(hourMs).kind).toBe('unknown');
  });
});
