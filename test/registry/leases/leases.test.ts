// What becomes of an instance whose lease ends: evicted at once where it is one of few, kept as a suspect where it is one
// of many, and for how long. Time is moved by hand; the registry is the real one.

import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/model/change.ts';
import type { GuardEvent } from '../../../src/model/guard-status.ts';
import { Harness, type HarnessOptions, keyOf } from '../../kit/registry/harness.ts';

const second = 1000;

interface Kept {
  readonly harness: Harness;
  readonly news: GuardEvent[];
  readonly evicted: Change[];
  suspects(): string[];
  /** So many seconds, one by one. */
  pass(seconds: number): void;
}

function world(options: HarnessOptions = {}): Kept {
  const harness = new Harness(options);
  const news: GuardEvent[] = [];
  const evicted: Change[] = [];
  harness.registry.guard.onEvent((one) => news.push(one));
  harness.registry.onChange((change) => {
    if (change.kind === 'evicted') evicted.push(change);
  });
  return {
    harness,
    news,
    evicted,
    suspects: () =>
      [...harness.registry.apps()]
        .flatMap((app) => [...app.instances()])
        .filter(({ isSuspect }) => isSuspect)
        .map(({ instance }) => instance.instance),
    pass(seconds) {
      for (let i = 0; i < seconds; i++) harness.elapse(second);
    },
  };
}

/** An app of ten that has run for a while; the first `silent` then fall silent, and 60 s later their lease ends. */
function withLosses(silent: number, options: HarnessOptions = {}): Kept & { beat(from?: number): void } {
  const kept = world(options);
  const { harness } = kept;
  for (let i = 0; i < 10; i++) harness.register(`orders.prod/o-${i}`);
  const beat = (from = silent) => {
    for (let i = from; i < 10; i++) harness.registry.renew(keyOf(`orders.prod/o-${i}`));
  };
  for (let i = 0; i < 20; i++) {
    kept.pass(30);
    beat(0);
  }
  for (let i = 0; i < 2; i++) {
    kept.pass(30);
    beat();
  }
  return { ...kept, beat };
}

describe('losses', () => {
  test.each([1, 2])('of %d in ten are evicted at their deadline to the millisecond, without a hold', (silent) => {
    const { harness, news, evicted, suspects } = withLosses(silent);
    harness.elapse(29_999);
    expect(harness.registry.instanceCount).toBe(10);
    harness.elapse(1);
    expect(evicted.length).toBe(silent);
    expect(evicted[0]?.cause).toEqual({ why: 'evicted', silentMs: 90_000, heldMs: 0 });
    expect([news, suspects()]).toEqual([[], []]);
  });

  test('of three in ten are held: the revision stays, the reason has numbers', () => {
    const { harness, news, evicted, suspects, pass } = withLosses(3);
    const { revision } = harness.registry;
    pass(30);
    expect(suspects()).toEqual(['o-0', 'o-1', 'o-2']);
    expect([evicted, harness.registry.revision]).toEqual([[], revision]);
    const reason = "3 of the app's 10 instances are silent, more than 15 %";
    // The app is all there is, so the registry is held as well.
    expect(news.map(({ kind, app }) => [kind, app?.appid])).toEqual([
      ['held', undefined],
      ['held', 'orders'],
    ]);
    expect(news[1]).toMatchObject({
      kind: 'held',
      app: { env: 'prod', appid: 'orders' },
      reason,
      members: 10,
      late: 3,
    });
    const status = harness.registry.guard.status(10);
    expect(status).toMatchObject({ isHolding: true, isRegistryHeld: true, suspects: 3, late: 3, heldAppCount: 1 });
    expect(status.heldApps[0]).toMatchObject({ reason, members: 10, suspects: 3 });
  });

  test('of one app leave the others alone', () => {
    const { harness, pass, suspects, evicted } = world();
    for (let i = 0; i < 40; i++) harness.register(`app-${i % 10}.prod/i-${i}`);
    for (let round = 0; round < 40; round++) {
      pass(30);
      // App 0 falls silent, and one instance of app 1, after ten minutes.
      for (let i = 0; i < 40; i++) {
        const isSilent = round >= 20 && (i % 10 === 0 || i === 1);
        if (!isSilent) harness.registry.renew(keyOf(`app-${i % 10}.prod/i-${i}`));
      }
      if (round === 22) break;
    }
    expect(suspects()).toEqual(['i-0', 'i-10', 'i-20', 'i-30']);
    expect(evicted.map(({ before }) => before?.instance)).toEqual(['i-1']);
    expect(harness.registry.guard.status(10)).toMatchObject({ isRegistryHeld: false, heldAppCount: 1 });
  });

  test('do not exist with the guard off', () => {
    const { evicted, pass } = withLosses(5, { guard: { guardPercent: 0, evictionPercentPerMinute: 100 } });
    pass(30);
    expect(evicted.length).toBe(5);
  });
});

describe('a suspect', () => {
  test.each<[string, (harness: Harness) => void]>([
    ['renews', (harness) => harness.renew('orders.prod/o-0')],
    ['registers again', (harness) => harness.register('orders.prod/o-0')],
    ['registers again with something new', (harness) => harness.register('orders.prod/o-0', { version: '2' })],
  ])('that %s is none any more, and has a whole lease', (_, comeBack) => {
    const { harness, suspects, pass } = withLosses(3);
    pass(30);
    comeBack(harness);
    expect(suspects()).toEqual(['o-1', 'o-2']);
    const left = (harness.registry.find(keyOf('orders.prod/o-0'))?.deadlineMs ?? 0) - harness.clock.monotonicMs();
    expect(left).toBe(90_000);
    expect(harness.registry.guard.status(1)).toMatchObject({ late: 2, suspects: 2, isHolding: false });
  });

  test('that is cancelled is gone at once, one that is drained or patched is what was asked for', () => {
    const { harness, suspects, pass, beat } = withLosses(5);
    pass(30);
    beat();
    harness.cancel('orders.prod/o-0');
    expect(harness.registry.drain(keyOf('orders.prod/o-1')).kind).toBe('drained');
    harness.patch('orders.prod/o-2', { weight: 0 });
    expect(suspects()).toEqual(['o-1', 'o-2', 'o-3', 'o-4']);
    expect(harness.registry.find(keyOf('orders.prod/o-1'))?.instance.status).toBe('waiting');
    expect(harness.registry.guard.status(1)).toMatchObject({ members: 9, late: 3, suspects: 4 });
  });

  test('whose lease is made longer is trusted until that ends', () => {
    const { harness, suspects, pass, beat } = withLosses(5);
    pass(30);
    beat();
    harness.patch('orders.prod/o-0', { leaseSeconds: 150 });
    expect(suspects()).not.toContain('o-0');
    for (let i = 0; i < 2; i++) {
      pass(30);
      beat();
    }
    expect(suspects()).toContain('o-0');
  });

  test('has time for one more heartbeat when the hold ends, and that is no fault of its own', () => {
    const { harness, news, evicted, suspects, pass, beat } = withLosses(4);
    pass(30);
    beat();
    pass(10);
    harness.renew('orders.prod/o-0');
    harness.renew('orders.prod/o-1');
    expect(news.filter(({ kind }) => kind === 'released').map(({ heldMs }) => heldMs)).toEqual([10_000, 10_000]);
    expect(harness.registry.whySuspect(harness.registry.find(keyOf('orders.prod/o-2')) as never)).toBe(
      'their next heartbeat is awaited: a hold has just ended',
    );
    pass(20);
    beat(0);
    harness.cancel('orders.prod/o-0');
    pass(30);
    expect(suspects()).toEqual([]);
    expect(evicted).toEqual([]);
  });

  test('that stays silent after a hold leaves a grace later', () => {
    const { harness, evicted, suspects, pass, beat } = withLosses(4);
    const renew = (...which: number[]) => {
      for (const i of which) harness.renew(`orders.prod/o-${i}`);
    };
    pass(30);
    beat();
    renew(0, 1);
    expect(suspects()).toEqual(['o-2', 'o-3']);
    pass(44);
    expect(evicted).toEqual([]);
    beat();
    renew(0, 1);
    pass(1);
    expect(evicted.map(({ before }) => before?.instance).sort()).toEqual(['o-2', 'o-3']);
    expect(evicted[0]?.cause).toEqual({ why: 'evicted', silentMs: 135_000, heldMs: 45_000 });
  });

  test('is evicted at the ceiling in spite of guard and budget', () => {
    const { evicted, suspects, pass, beat } = withLosses(8, { guard: { guardCeilingSeconds: 300 } });
    pass(30);
    beat();
    for (let i = 0; i < 10; i++) {
      expect(suspects().length).toBe(8);
      pass(30);
      beat();
    }
    expect(evicted.length).toBe(8);
    expect(evicted.map(({ cause }) => cause)).toContainEqual({ why: 'evicted', silentMs: 390_000, heldMs: 300_000 });
  });
});

describe('the budget', () => {
  test('lets three a minute go in a small registry; the others wait as suspects with the reason', () => {
    const guard = { guardPercent: 0, evictionPercentPerMinute: 15 };
    const { harness, evicted, suspects, pass } = withLosses(10, { guard });
    pass(30);
    expect([evicted.length, suspects().length]).toEqual([3, 7]);
    const [one] = harness.registry.app('prod', 'orders')?.instances() ?? [];
    expect(harness.registry.whySuspect(one as never)).toBe('not more than 15 % of the registry are evicted a minute');
    pass(59);
    expect(evicted.length).toBe(3);
    pass(3);
    expect([evicted.length, suspects().length]).toEqual([6, 4]);
    pass(200);
    expect(evicted.length).toBe(10);
  });
});

describe('an interval', () => {
  test('is learned: who renews slowly is not late between two heartbeats', () => {
    const { harness, pass } = world();
    harness.register('orders.prod/slow');
    const isLate = () => harness.registry.guard.status(0).late === 1;
    expect(harness.registry.guard.status(0).expectedRenewalsPerMinute).toBe(2);
    pass(80);
    expect(isLate()).toBe(true);
    for (let i = 0; i < 20; i++) {
      harness.renew('orders.prod/slow');
      expect(isLate()).toBe(false);
      pass(80);
    }
    expect(isLate()).toBe(false);
    expect(harness.registry.guard.status(0).expectedRenewalsPerMinute).toBe(1);
    pass(10);
    expect(harness.registry.instanceCount).toBe(0);
    expect(harness.registry.guard.status(0).expectedRenewalsPerMinute).toBe(0);
  });

  test('changes with the lease', () => {
    const { harness } = world();
    harness.register('orders.prod/o');
    harness.patch('orders.prod/o', { leaseSeconds: 9 });
    expect(harness.registry.guard.status(0).expectedRenewalsPerMinute).toBe(20);
    harness.register('orders.prod/o', { leaseSeconds: 45 });
    expect(harness.registry.guard.status(0).expectedRenewalsPerMinute).toBe(4);
  });
});
