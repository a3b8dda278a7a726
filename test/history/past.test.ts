// The past, rebuilt: after any history, for every moment of it, what is rebuilt equals a full copy of then.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChangeLog } from '../../src/history/change-log.ts';
import { LogRecorder } from '../../src/history/log-recorder.ts';
import { appInThePast, type PastApp } from '../../src/history/past.ts';
import type { Recorder } from '../../src/history/recorder.ts';
import { registrationToJson } from '../../src/model/instance.ts';
import { Harness } from '../kit/registry/harness.ts';

const orders = { env: 'prod', appid: 'orders' };

function recorded(max = 10_000) {
  const harness = new Harness();
  const { registry, clock } = harness;
  const log = new ChangeLog(registry, { max });
  registry.onChange((change) => log.append(change));
  const recorder = new LogRecorder(log, clock.wallMs());
  const at = (ms: number, place = orders, undoneMax?: number) => appInThePast(registry, recorder, place, ms, undoneMax);
  return { harness, registry, clock, recorder, at };
}

function namesIn(past: PastApp): unknown {
  return past.kind === 'known' ? past.instances.map(({ instance, weight }) => `${instance} ${weight}`) : past;
}

describe('an app in the past', () => {
  test('has whom it had: added, changed, gone and come back', async () => {
    const { harness, clock, at } = recorded();
    const startMs = clock.wallMs();
    const steps = [
      () => harness.register('orders.prod/a1'),
      () => harness.register('orders.prod/A2'),
      () => harness.patch('orders.prod/a1', { weight: 1 }),
      () => harness.cancel('orders.prod/a1'),
      () => harness.register('orders.prod/a1', { weight: 7 }),
      () => harness.cancel('orders.prod/a1'),
    ];
    for (const step of steps) {
      clock.advance(1000);
      step();
    }
    harness.elapse(100_000);
    const states = [[], ['a1 10'], ['a1 10', 'A2 10'], ['a1 1', 'A2 10'], ['A2 10'], ['a1 7', 'A2 10'], ['A2 10']];
    for (const [second, names] of states.entries()) {
      expect(namesIn(await at(startMs + second * 1000 + 1))).toEqual(names);
    }
    expect(namesIn(await at(clock.wallMs() - 1))).toEqual(['A2 10']);
    expect(namesIn(await at(clock.wallMs()))).toEqual([]);
  });

  test('is not known from before the record, nor from what the record has dropped', async () => {
    const { harness, clock, at } = recorded(2);
    const startMs = clock.wallMs();
    for (let i = 0; i < 2; i++) {
      clock.advance(1000);
      harness.register(`orders.prod/i${i}`);
    }
    expect(await at(startMs - 1)).toEqual({ kind: 'forgotten', completeSinceMs: startMs });
    expect(namesIn(await at(startMs))).toEqual([]);
    clock.advance(1000);
    harness.register('orders.prod/i2');
    expect(await at(startMs)).toEqual({ kind: 'forgotten', completeSinceMs: startMs + 2000 });
    expect(namesIn(await at(startMs + 2000))).toEqual(['i0 10', 'i1 10']);
  });

  test('is one moment for all apps where a stepped clock showed a time twice', async () => {
    const { harness, clock, at } = recorded();
    const startMs = clock.wallMs();
    clock.advance(7200_000);
    harness.register('orders.prod/a1', { leaseSeconds: 86_400 });
    clock.stepWall(-3600_000);
    harness.register('pay.prod/b1', { leaseSeconds: 86_400 });
    clock.advance(1800_000);
    // An hour and a quarter after the start came once before a1 and once after b1: the last one is meant.
    expect(namesIn(await at(startMs + 4500_000))).toEqual(['a1 10']);
    expect(namesIn(await at(startMs + 3599_999))).toEqual([]);
  });

  test('stays what it was at the call while the registry goes on', async () => {
    const { harness, registry, clock, recorder } = recorded();
    for (let i = 0; i < 30; i++) harness.register(`orders.prod/i${i}`);
    const atMs = clock.wallMs();
    clock.advance(1000);
    harness.cancel('orders.prod/i3');
    const busy: Recorder = {
      events: async (query) => {
        harness.register(`orders.prod/i${registry.revision}`);
        harness.cancel(`orders.prod/i${registry.revision - 1}`);
        return recorder.events({ ...query, limit: Math.min(query.limit, 1000) });
      },
    };
    const past = await appInThePast(registry, busy, orders, atMs);
    expect(past).toMatchObject({ kind: 'known', revision: 130 });
    expect((namesIn(past) as string[]).length).toBe(30);
  });

  test('is not sought over more changes than a call may undo', async () => {
    const { harness, clock, at } = recorded();
    const startMs = clock.wallMs();
    clock.advance(1000);
    for (let i = 0; i < 4; i++) harness.register(`orders.prod/i${i}`);
    expect(await at(startMs, orders, 3)).toEqual({ kind: 'far', undoneMax: 3 });
    expect(namesIn(await at(startMs, orders, 4))).toEqual([]);
  });
});

const places = ['orders.prod/a', 'orders.prod/b', 'orders.prod/c', 'pay.prod/a', 'orders.dev/a'];
const place = fc.constantFrom(...places);
type Step = (harness: Harness) => void;
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(place, fc.constantFrom(1, 2, 3), fc.constantFrom(5, 90)).map(
    ([at, weight, leaseSeconds]): Step =>
      (harness) =>
        void harness.register(at, { weight, leaseSeconds, status: weight === 3 ? 'waiting' : 'up' }),
  ),
  place.map(
    (at): Step =>
      ({ registry }) =>
        void registry.cancel(keyIn(at)),
  ),
  place.map(
    (at): Step =>
      ({ registry }) =>
        void registry.patch(keyIn(at), { tags: ['x'] }),
  ),
  fc.constantFrom(1, 999, 6000, 100_000).map(
    (ms): Step =>
      (harness) =>
        harness.elapse(ms),
  ),
  fc.constantFrom(-3600_000, -1500, 1500, 3600_000).map(
    (ms): Step =>
      ({ clock }) =>
        clock.stepWall(ms),
  ),
);

function keyIn(text: string) {
  const [, appid = '', env = '', instance = ''] = /^(.*)\.(.*)\/(.*)$/.exec(text) ?? [];
  return { env, appid, instance };
}

const apps = [orders, { env: 'prod', appid: 'pay' }, { env: 'dev', appid: 'orders' }];

function copyOf({ registry }: Harness): string {
  return JSON.stringify(
    apps.map(({ env, appid }) =>
      contentsOf(Array.from(registry.app(env, appid)?.instances() ?? [], (s) => s.instance)),
    ),
  );
}

function contentsOf(instances: Parameters<typeof registrationToJson>[0][]): string[] {
  const texts = instances.map((one) =>
    JSON.stringify([(one as { instance?: string }).instance, registrationToJson(one)]),
  );
  return texts.sort();
}

test('any history, any moment: what is rebuilt equals a full copy', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { harness, registry, clock, at } = recorded();
      // The copies after every change, with the times of the changes, in the order of revisions.
      const copies = [{ revision: registry.revision, atMs: clock.wallMs(), text: copyOf(harness) }];
      registry.onChange(({ revision, atMs }) => copies.push({ revision, atMs, text: copyOf(harness) }));
      const moments = new Set<number>();
      for (const one of steps) {
        one(harness);
        for (const ms of [-1, 0]) moments.add(clock.wallMs() + ms);
      }
      for (const ms of moments) {
        const expected = copies.findLast(({ atMs }) => atMs <= ms);
        const rebuilt = await Promise.all(apps.map((app) => at(ms, app)));
        if (expected === undefined) expect(rebuilt.map(({ kind }) => kind)).toEqual(Array(3).fill('forgotten'));
        else {
          const text = JSON.stringify(
            rebuilt.map((past) => (past.kind === 'known' ? contentsOf([...past.instances]) : past)),
          );
          expect(text).toBe(expected.text);
        }
      }
    }),
    { numRuns: 300 },
  );
});
