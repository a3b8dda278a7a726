// Random histories of a small fleet with silences, returns, cancels, patches and time: for every history, explicit cancels and drains are
// obeyed, the budget is kept, no instance outlives lease and ceiling, every suspect has a reason, and what the guard counts
// is what is there.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MutableRecord } from '../../../src/registry/mutable-record.ts';
import { Harness, keyOf } from '../../kit/registry/harness.ts';
import { seeded } from './rules.ts';

const ceilingSeconds = 400;
const percentPerMinute = 15;
const places = Array.from({ length: 24 }, (_, i) => `app-${i % 3}.prod/i-${i}`);

type Step =
  | { readonly kind: 'register' | 'renew' | 'cancel'; readonly which: readonly number[] }
  | { readonly kind: 'patch'; readonly which: number; readonly leaseSeconds: number; readonly status: 'up' | 'waiting' }
  | { readonly kind: 'pass'; readonly seconds: number };

const which = fc.uniqueArray(fc.nat(places.length - 1), { minLength: 1, maxLength: places.length });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('register' as const), which }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('renew' as const), which }) },
  fc.record({ kind: fc.constant('cancel' as const), which: fc.uniqueArray(fc.nat(23), { maxLength: 2 }) }),
  fc.record({
    kind: fc.constant('patch' as const),
    which: fc.nat(23),
    leaseSeconds: fc.constantFrom(5, 20, 90, 300),
    status: fc.constantFrom('up' as const, 'waiting' as const),
  }),
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 45 }) }) },
);

class History {
  readonly harness = new Harness({
    guard: { guardPercent: 85, guardCeilingSeconds: ceilingSeconds, evictionPercentPerMinute: percentPerMinute },
    random: seeded(3),
  });
  /** Evictions other than by the ceiling. */
  readonly #evicted: { readonly atMs: number; readonly wasHeard: boolean }[] = [];
  /** Those that were heard again after their registration. */
  readonly #heard = new Set<string>();

  constructor() {
    const { registry, clock } = this.harness;
    registry.onChange(({ kind, cause, before }) => {
      if (before === undefined || (kind !== 'evicted' && kind !== 'cancelled')) return;
      const wasHeard = this.#heard.delete(`${before.appid}.${before.env}/${before.instance}`);
      if (cause.why !== 'evicted') return;
      const nowMs = clock.monotonicMs();
      if (cause.heldMs >= ceilingSeconds * 1000) return;
      this.#evicted.push({ atMs: nowMs, wasHeard });
      const inLastMinute = this.#evicted.filter(({ atMs }) => atMs > nowMs - 60_000);
      // Each kind has a budget of its own.
      const lastMinute = inLastMinute.filter((one) => one.wasHeard === wasHeard).length;
      const allowed = Math.max(3, Math.floor(((registry.instanceCount + lastMinute) * percentPerMinute) / 100));
      expect(lastMinute).toBeLessThanOrEqual(allowed);
    });
  }

  take(one: Step): void {
    const { harness } = this;
    const { registry } = harness;
    if (one.kind === 'pass') for (let i = 0; i < one.seconds; i++) harness.elapse(1000);
    else if (one.kind === 'patch')
      registry.patch(keyOf(places[one.which] as string), { leaseSeconds: one.leaseSeconds, status: one.status });
    else for (const index of one.which) this.#command(one.kind, places[index] as string);
    this.#check();
  }

  #command(kind: 'register' | 'renew' | 'cancel', place: string): void {
    const { harness } = this;
    const { registry } = harness;
    const wasThere = registry.find(keyOf(place)) !== undefined;
    if (wasThere && kind !== 'cancel') this.#heard.add(place);
    if (kind === 'register') harness.register(place);
    else {
      const outcome = registry[kind](keyOf(place)).kind;
      const done = kind === 'cancel' ? 'cancelled' : 'renewed';
      expect(outcome).toBe(wasThere ? done : 'unknown');
    }
    const stored = registry.find(keyOf(place));
    if (kind === 'cancel') expect(stored).toBeUndefined();
    else expect(stored?.isSuspect ?? false).toBe(false);
  }

  #check(): void {
    const { registry, clock } = this.harness;
    // A patch may have made an instance late.
    this.harness.elapse(0);
    const nowMs = clock.monotonicMs();
    const members = [...registry.apps()].flatMap((app) => [...(app.instances() as Iterable<MutableRecord>)]);
    const suspects = members.filter(({ isSuspect }) => isSuspect);
    const late = members.filter(
      ({ phase, instance }) => instance.status === 'up' && (phase === 'late' || phase === 'suspect'),
    );
    expect(registry.guard.status(9)).toMatchObject({
      members: members.length,
      suspects: suspects.length,
      late: late.length,
    });
    for (const one of suspects) {
      expect(registry.whySuspect(one)).not.toBe('');
      expect(one.deadlineMs).toBeLessThanOrEqual(nowMs);
    }
    for (const { deadlineMs, isSuspect } of members) {
      expect(deadlineMs + ceilingSeconds * 1000).toBeGreaterThan(nowMs);
      if (deadlineMs <= nowMs) expect(isSuspect).toBe(true);
    }
    const nextMs = registry.nextDeadlineMs();
    if (members.length > 0) expect(nextMs).toBeGreaterThan(nowMs);
  }

  /** All fall silent for good. */
  end(): void {
    for (let i = 0; i < 300 + ceilingSeconds; i++) this.harness.elapse(1000);
    expect(this.harness.registry.instanceCount).toBe(0);
    // Those that were evicted last are still counted as losses for a minute.
    this.harness.elapse(60_000);
    const rates = { late: 0, suspects: 0, isHolding: false, expectedRenewalsPerMinute: 0 };
    expect(this.harness.registry.guard.status(9)).toMatchObject(rates);
  }
}

test('the invariants of the guard hold for every history', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const history = new History();
      for (const place of places) history.harness.register(place);
      for (const one of steps) history.take(one);
      history.end();
    }),
    { numRuns: 150 },
  );
}, 120_000);
