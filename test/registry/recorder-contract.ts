// What every recorder of changes has to do, whatever it keeps them in. A recorder's own test calls `describeRecorder`
// with a function that opens one, empty, for a registry; it listens to that registry's changes itself.

import { afterEach, describe, expect, test } from 'vitest';
import type { EventQuery, Recorder } from '../../src/history/recorder.ts';
import type { Actor, Cause, Change } from '../../src/model/change.ts';
import { registrationToJson } from '../../src/model/instance.ts';
import type { Registry } from '../../src/registry/registry.ts';
import type { FakeClock } from '../kit/process/clock.ts';
import { Harness, keyOf } from '../kit/registry/harness.ts';

export interface OpenRecorder {
  readonly recorder: Recorder;
  close?(): Promise<void>;
}

type Open = (registry: Registry, clock: FakeClock) => OpenRecorder | Promise<OpenRecorder>;

const by: Actor = {
  kind: 'token',
  front: 'api',
  principal: 'deploy',
  address: '192.0.2.1',
  reason: 'a reason, “quoted”',
};

/** A change without what differs between two equal ones: maps, and members that are undefined. */
/** What the record keeps of a change: all but the lease. */
export function changeAsJson({ lease: _lease, ...change }: Change): unknown {
  const shown = (instance: Change['before']) =>
    instance && {
      ...registrationToJson(instance),
      id: [instance.env, instance.appid, instance.instance, instance.label],
    };
  return JSON.parse(JSON.stringify({ ...change, before: shown(change.before), after: shown(change.after) }));
}

export function describeRecorder(name: string, open: Open): void {
  describe(name, () => {
    const opened: OpenRecorder[] = [];
    afterEach(async () => {
      for (const one of opened.splice(0)) await one.close?.();
    });

    async function recorded() {
      const harness = new Harness();
      const changes: Change[] = [];
      harness.registry.onChange((change) => changes.push(change));
      const one = await open(harness.registry, harness.clock);
      opened.push(one);
      const ask = async (query: Partial<EventQuery> = {}) =>
        (await one.recorder.events({ limit: 100, ...query })).changes.map(({ revision }) => revision);
      return { harness, registry: harness.registry, clock: harness.clock, changes, ask, recorder: one.recorder };
    }

    /** Two apps, of which one has two instances; each cause once, a second apart. Revisions 101-107. */
    async function withHistory() {
      const world = await recorded();
      const { harness, registry, clock } = world;
      harness.register('orders.prod/a1', { leaseSeconds: 5 });
      clock.advance(1000);
      harness.register('pay.dev/b1', { metadata: { team: 'x' } }, { by });
      clock.advance(1000);
      registry.patch(keyOf('orders.prod/a1'), { weight: 1 }, by);
      clock.advance(1000);
      harness.register('orders.prod/A2', {}, { by });
      clock.advance(1000);
      harness.register('orders.prod/a1', { weight: 2, leaseSeconds: 5 });
      clock.advance(1000);
      registry.cancel(keyOf('pay.dev/b1'), by);
      harness.elapse(4000);
      return { ...world, startMs: clock.wallMs() - 9000 };
    }

    test('returns changes newest first, with everything they had', async () => {
      const { recorder, changes } = await withHistory();
      const page = await recorder.events({ limit: 100 });
      expect(page.changes.map(changeAsJson)).toEqual(changes.toReversed().map(changeAsJson));
      expect(changes.map(({ cause }) => cause.why)).toEqual([
        'registered',
        'registered',
        'patched',
        'registered',
        'replaced',
        'cancelled',
        'evicted',
      ]);
      for (const { before, after } of page.changes) {
        const { metadata } = after ?? before;
        expect(metadata).toBeInstanceOf(Map);
      }
    });

    test('is complete since it began', async () => {
      const { recorder, clock, harness } = await recorded();
      const startMs = clock.wallMs();
      const complete = { completeSince: 100, completeSinceMs: startMs, unreadable: [] };
      expect(await recorder.events({ limit: 1 })).toEqual({ changes: [], ...complete });
      clock.advance(5000);
      harness.register('orders.prod/a1');
      expect(await recorder.events({ limit: 1 })).toMatchObject(complete);
    });

    test.each<[query: Partial<EventQuery>, revisions: number[]]>([
      [{}, [107, 106, 105, 104, 103, 102, 101]],
      [{ env: 'prod' }, [107, 105, 104, 103, 101]],
      [{ env: 'dev', appid: 'pay' }, [106, 102]],
      [{ env: 'prod', appid: 'pay' }, []],
      [{ appid: 'orders', instance: 'a1' }, [107, 105, 103, 101]],
      [{ instance: 'a2' }, [104]],
      [{ instance: 'A1' }, [107, 105, 103, 101]],
      [{ why: ['cancelled', 'evicted'] }, [107, 106]],
      [{ why: ['patched'] }, [103]],
      [{ why: [] }, []],
      [{ before: 104 }, [103, 102, 101]],
      [{ before: 101 }, []],
      [{ limit: 2 }, [107, 106]],
      [{ before: 106, limit: 2, env: 'prod' }, [105, 104]],
      [{ env: 'prod', appid: 'orders', instance: 'a1', why: ['replaced', 'patched'], before: 105 }, [103]],
    ])('asked for %j answers %j', async (query, revisions) => {
      expect(await (await withHistory()).ask(query)).toEqual(revisions);
    });

    test('takes both bounds of time inclusively', async () => {
      const { ask, startMs } = await withHistory();
      expect(await ask({ fromMs: startMs + 2000, toMs: startMs + 4000 })).toEqual([105, 104, 103]);
      expect(await ask({ fromMs: startMs + 2001, toMs: startMs + 3999 })).toEqual([104]);
      expect(await ask({ toMs: startMs - 1 })).toEqual([]);
      expect(await ask({ toMs: startMs, limit: 1 })).toEqual([101]);
      expect(await ask({ fromMs: startMs + 9001 })).toEqual([]);
    });

    test('keeps the order of revisions where the wall clock was stepped back', async () => {
      const { harness, clock, ask } = await recorded();
      harness.register('orders.prod/a1');
      clock.stepWall(-3_600_000);
      harness.register('orders.prod/a2');
      const nowMs = clock.wallMs();
      expect(await ask()).toEqual([102, 101]);
      expect(await ask({ toMs: nowMs })).toEqual([102]);
      expect(await ask({ fromMs: nowMs + 1 })).toEqual([101]);
    });

    test('sees what was changed right before it was asked', async () => {
      const { harness, ask } = await recorded();
      for (let i = 0; i < 50; i++) harness.register(`orders.prod/i${i}`);
      const first = ask({ limit: 1 });
      harness.register('orders.prod/last');
      expect([await first, await ask({ limit: 1 })]).toEqual([[150], [151]]);
    });

    test('goes on over revisions that were no changes, and does not know those that were put back at a start', async () => {
      const { harness, registry, ask } = await recorded();
      harness.register('orders.prod/a1');
      registry.touch();
      const times = registry.find(keyOf('orders.prod/a1')) ?? expect.fail('not registered');
      registry.recover({
        key: keyOf('orders.prod/a9'),
        label: 'a9',
        registration: times.instance,
        times,
        revision: 50,
      });
      harness.cancel('orders.prod/a1');
      expect(await ask()).toEqual([103, 101]);
    });

    test('gives every cause back as it was', async () => {
      const { recorder } = await withHistory();
      const { changes } = await recorder.events({ limit: 100 });
      const causes = Object.fromEntries(
        changes.map(({ revision, cause, origin }) => [revision, { ...cause, by: origin }]),
      );
      const evicted: Cause = {
        why: 'evicted',
        silentMs: expect.any(Number) as number,
        heldMs: expect.any(Number) as number,
      };
      expect(causes).toMatchObject({ 106: { why: 'cancelled', by }, 103: { why: 'patched', by }, 107: evicted });
    });
  });
}
