// A clock that notices that it was not read: what it takes off, which leases that spares, and that it spares none for ever.

import { describe, expect, test } from 'vitest';
import { parseRegistration, type Registration } from '../../src/model/instance.ts';
import { type Pause, PauseAwareClock, tickMs } from '../../src/runtime/pause-aware-clock.ts';
import { FakeClock } from '../kit/process/clock.ts';
import { CommandedRegistry } from '../kit/registry/commanded-registry.ts';

const hourMs = 3_600_000;

function world() {
  const raw = new FakeClock();
  const pauses: Pause[] = [];
  const clock = new PauseAwareClock(raw, (pause) => pauses.push(pause));
  const defaults = { leaseSeconds: 90, dnsTtl: 5 };
  const limits = { instancesMax: 100, instancesPerAppMax: 100, initialRevision: 0 };
  const registry = new CommandedRegistry({ clock, origin: 'svc.', defaults, ...limits });
  const register = (instance: string, leaseSeconds = 90) =>
    registry.register(
      { env: 'prod', appid: 'orders', instance },
      parseRegistration({ addrs: ['http://10.0.0.1:80'], leaseSeconds }, defaults) as Registration,
    );
  /** The process runs: the tick comes, and what is due is done. */
  const run = (ms: number) => {
    for (let passed = 0; passed < ms; passed += tickMs) {
      raw.advance(Math.min(tickMs, ms - passed));
      clock.tick();
      registry.evictExpired(100);
    }
  };
  return { raw, clock, pauses, registry, register, run };
}

describe('while the process runs', () => {
  test('time is the time of the clock behind it', () => {
    const { raw, clock, pauses, run } = world();
    const startMs = clock.monotonicMs();
    run(100_000);
    raw.advance(1000);
    expect(clock.monotonicMs() - startMs).toBe(101_000);
    expect([pauses, clock.resumedMs()]).toEqual([[], undefined]);
  });
});

describe('a pause', () => {
  test('is taken off, by the first read', () => {
    const { raw, clock, pauses } = world();
    const beforeMs = clock.monotonicMs();
    raw.advance(60_000);
    expect(clock.monotonicMs()).toBe(beforeMs);
    raw.advance(500);
    expect(clock.monotonicMs()).toBe(beforeMs + 500);
    expect(clock.resumedMs()).toBe(beforeMs);
    expect(pauses).toEqual([{ kind: 'stopped', pausedMs: 60_000 }]);
  });

  test('evicts none before one more interval of its own, and then those that stay silent', () => {
    const { raw, registry, register, run } = world();
    register('short', 6);
    register('long', 90);
    run(5000);
    raw.advance(60_000);
    // The eviction comes before the tick.
    expect(registry.evictExpired(100)).toBe(0);
    run(2750);
    expect(registry.instanceCount).toBe(2);
    const kept = registry.find({ env: 'prod', appid: 'orders', instance: 'short' });
    expect([kept?.isSuspect, registry.whySuspect(kept as never)]).toEqual([
      true,
      'their next heartbeat is awaited: this server was paused',
    ]);
    run(250);
    expect([
      registry.instanceCount,
      registry.find({ env: 'prod', appid: 'orders', instance: 'long' })?.isSuspect,
    ]).toEqual([1, false]);
    run(81_750);
    expect(registry.instanceCount).toBe(1);
    run(250);
    expect(registry.instanceCount).toBe(0);
  });

  test('gives its grace once: a second one is another pause', () => {
    const { raw, registry, register, run, pauses } = world();
    register('silent', 6);
    for (let i = 0; i < 3; i++) {
      run(1500);
      raw.advance(10_000);
      registry.evictExpired(100);
    }
    expect([registry.instanceCount, pauses.length]).toEqual([1, 3]);
    run(3000);
    expect(registry.instanceCount).toBe(0);
  });
});

describe('a wall clock that is set', () => {
  test.each([hourMs, -hourMs])('by %d ms neither evicts nor keeps', (stepMs) => {
    const { raw, clock, registry, register, run } = world();
    register('silent');
    run(60_000);
    const beforeMs = clock.monotonicMs();
    raw.stepWall(stepMs);
    clock.tick();
    expect(clock.monotonicMs()).toBe(beforeMs);
    expect(registry.evictExpired(100)).toBe(0);
    run(29_750);
    expect(registry.instanceCount).toBe(1);
    // One and a half heartbeats after the step at the latest.
    run(15_250);
    expect(registry.instanceCount).toBe(0);
  });

  test('again and again keeps none for ever', () => {
    const { raw, registry, register, run, pauses } = world();
    register('silent');
    for (let i = 0; i < 150; i++) {
      raw.stepWall(i % 2 === 0 ? hourMs : -hourMs);
      run(1000);
    }
    expect(registry.instanceCount).toBe(0);
    expect(pauses).toEqual([{ kind: 'jumped', pausedMs: hourMs }]);
  });

  test('ahead is what a suspended machine shows: an instance near expiry has time for a heartbeat', () => {
    const { raw, clock, registry, register, run } = world();
    register('silent');
    run(89_000);
    raw.stepWall(8 * hourMs);
    run(2000);
    expect(registry.instanceCount).toBe(1);
    run(43_250);
    expect([registry.instanceCount, clock.resumedMs()]).toEqual([0, expect.any(Number)]);
  });
});
