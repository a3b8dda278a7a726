// What a bad removal took away comes back, and nothing else is touched.

import { describe, expect, test } from 'vitest';
import { ChangeLog } from '../../src/history/change-log.ts';
import { LogRecorder } from '../../src/history/log-recorder.ts';
import type { Recorder } from '../../src/history/recorder.ts';
import { findRemoved, type Removal, type RemovalFilter, type Removed } from '../../src/history/removed.ts';
import { planRestore, restoreRemoved } from '../../src/history/undo.ts';
import type { Actor } from '../../src/model/change.ts';
import { Harness, type HarnessOptions, keyOf } from '../kit/registry/harness.ts';
import { performer } from '../kit/registry/performer.ts';

const operator: Actor = { kind: 'token', front: 'api', address: '192.0.2.9', principal: 'operator' };

function recorded(options: HarnessOptions = {}) {
  const harness = new Harness(options);
  const { registry, clock } = harness;
  const log = new ChangeLog(registry, { max: 10_000 });
  registry.onChange((change) => log.append(change));
  const recorder = new LogRecorder(log, clock.wallMs());
  const startMs = clock.wallMs();
  const find = (filter: Partial<RemovalFilter> = {}, scannedMax?: number) =>
    findRemoved(recorder, { fromMs: startMs, toMs: clock.wallMs(), why: ['cancelled'], ...filter }, scannedMax);
  const restore = async (filter: Partial<RemovalFilter> = {}, planMax?: number) => {
    const plan = await planRestore(registry, recorder, (await find(filter)).removed, planMax);
    const outcome = await restoreRemoved(registry, plan.planned, operator, performer(registry, clock));
    const skipped = [...plan.skipped, ...outcome.skipped].map(({ removed, reason }) => `${idOf(removed)} ${reason}`);
    return { done: outcome.done.map(idOf), skipped, left: plan.left };
  };
  const register = (place: string, body = {}) => harness.register(place, { leaseSeconds: 3600, ...body });
  const find1 = (place: string) => registry.find(keyOf(place));
  return { harness, registry, clock, recorder, startMs, find, restore, register, stored: find1 };
}

function idOf({ instance }: Removed): string {
  return instance.instance;
}

describe('what was cancelled', () => {
  test('comes back as it was, in the order in which it left, with a fresh lease and the reason', async () => {
    const { harness, registry, clock, restore, register, stored } = recorded();
    register('orders.prod/a1', { weight: 3, metadata: { team: 'x' }, tags: ['t'] });
    register('orders.prod/A2');
    clock.advance(60_000);
    harness.cancel('orders.prod/a1');
    harness.cancel('orders.prod/A2');
    const changes: unknown[] = [];
    registry.onChange(({ cause, origin }) => changes.push({ ...cause, by: origin }));
    expect(await restore()).toEqual({ done: ['a1', 'A2'], skipped: [], left: 0 });
    const { instance, deadlineMs } = stored('orders.prod/a1') ?? expect.fail('absent');
    expect(instance).toMatchObject({ weight: 3, label: 'a1', tags: ['t'], metadata: new Map([['team', 'x']]) });
    expect(deadlineMs).toBe(clock.monotonicMs() + 3600_000);
    expect(changes).toEqual([
      { why: 'registered', by: { ...operator, reason: 'restored: cancelled at revision 103' } },
      { why: 'registered', by: { ...operator, reason: 'restored: cancelled at revision 104' } },
    ]);
    expect(harness.data('orders.prod.svc')).toEqual(['10.0.0.1']);
  });

  test('and is registered again is not touched', async () => {
    const { harness, registry, restore, register, stored } = recorded();
    register('orders.prod/a1');
    harness.cancel('orders.prod/a1');
    register('orders.prod/a1', { weight: 9 });
    const { revision } = registry;
    expect(await restore()).toEqual({ done: [], skipped: ['a1 is registered'], left: 0 });
    expect(registry.revision).toBe(revision);
    expect(stored('orders.prod/a1')?.instance.weight).toBe(9);
  });

  test('and came back, and left for another reason, stays away', async () => {
    const { harness, clock, restore, register, startMs } = recorded();
    register('orders.prod/a1');
    harness.cancel('orders.prod/a1');
    clock.advance(1000);
    register('orders.prod/a1', { leaseSeconds: 5 });
    harness.elapse(5000);
    expect(await restore()).toEqual({ done: [], skipped: ['a1 came back, and was evicted at revision 104'], left: 0 });
    expect(await restore({ why: ['evicted'], toMs: startMs + 500 })).toEqual({ done: [], skipped: [], left: 0 });
    expect(await restore({ why: ['evicted'] })).toMatchObject({ done: ['a1'] });
  });

  test('hundreds of one app ask the record a few times in all, and each is still judged by its own last change', async () => {
    const { harness, registry, recorder, clock, find, register } = recorded();
    const ids = Array.from({ length: 300 }, (_, i) => `i${i}`);
    for (const id of ids) register(`orders.prod/${id}`);
    register('pay.prod/i0');
    for (const id of ids) harness.cancel(`orders.prod/${id}`);
    harness.cancel('pay.prod/i0');
    register('orders.prod/i7', { leaseSeconds: 5 });
    register('orders.prod/i8');
    clock.advance(6000);
    registry.evictExpired(10);
    harness.cancel('orders.prod/i8');
    let asked = 0;
    const counting: Recorder = {
      events: (query) => {
        asked++;
        return recorder.events(query);
      },
    };
    const first = await find({ toMs: clock.wallMs() - 1 });
    const { planned, skipped } = await planRestore(registry, counting, first.removed);
    expect(planned.map(idOf)).toEqual([...ids.filter((id) => id !== 'i7' && id !== 'i8'), 'i0']);
    expect(skipped.map(({ removed, reason }) => `${idOf(removed)} ${reason.replace(/\d+$/, '')}`)).toEqual([
      'i7 came back, and was evicted at revision ',
      'i8 came back, and was cancelled at revision ',
    ]);
    expect(asked).toBeLessThan(10);
  });

  test('twice comes back as it was the last time', async () => {
    const { harness, restore, register, stored } = recorded();
    for (const weight of [1, 2]) {
      register('orders.prod/a1', { weight });
      harness.cancel('orders.prod/a1');
    }
    expect(await restore()).toEqual({ done: ['a1'], skipped: [], left: 0 });
    expect(stored('orders.prod/a1')?.instance.weight).toBe(2);
  });

  test('keeps its writer’s time, so that the writer’s next registration is not outdated', async () => {
    const { registry, restore, register, harness, stored } = recorded();
    harness.register('orders.prod/a1', {}, { dirtyAtMs: 1000 });
    harness.cancel('orders.prod/a1');
    register('other.prod/a1');
    await restore();
    expect(stored('orders.prod/a1')?.dirtyAtMs).toBe(1000);
    expect(registry.instanceCount).toBe(2);
    expect(harness.register('orders.prod/a1', { weight: 7 }, { dirtyAtMs: 1000 }).kind).toBe('replaced');
  });

  test('is evicted again when it is not renewed', async () => {
    const { harness, registry, restore } = recorded();
    harness.register('orders.prod/a1', { leaseSeconds: 5 });
    harness.cancel('orders.prod/a1');
    await restore();
    harness.elapse(5000);
    expect(registry.instanceCount).toBe(0);
  });
});

describe('the choice', () => {
  test.each<[filter: Partial<RemovalFilter>, ids: string[]]>([
    [{}, ['a1', 'a2', 'b1', 'c1']],
    [{ env: 'prod' }, ['a1', 'a2', 'b1']],
    [{ env: 'prod', appid: 'orders' }, ['a1', 'a2']],
    [{ by: { token: 'script' } }, ['a1', 'b1']],
    [{ by: { address: '192.0.2.2' } }, ['a2']],
    [{ by: { token: 'script', address: '192.0.2.2' } }, []],
  ])('%j means %j', async (filter, ids) => {
    const { registry, restore, register } = recorded();
    const script: Actor = { kind: 'token', front: 'api', address: '192.0.2.1', principal: 'script' };
    const callers = [
      ['orders.prod/a1', script],
      ['orders.prod/a2', { kind: 'anonymous', front: 'api', address: '192.0.2.2' } as Actor],
      ['pay.prod/b1', script],
      ['pay.dev/c1', undefined],
    ] as const;
    for (const [place] of callers) register(place);
    for (const [place, by] of callers) registry.cancel(keyOf(place), by);
    expect((await restore(filter)).done).toEqual(ids);
  });

  test('keeps to its times, both inclusive', async () => {
    const { harness, clock, restore, register, startMs } = recorded();
    for (const id of ['a1', 'a2', 'a3', 'a4']) register(`orders.prod/${id}`);
    for (const id of ['a1', 'a2', 'a3', 'a4']) {
      clock.advance(1000);
      harness.cancel(`orders.prod/${id}`);
    }
    expect((await restore({ fromMs: startMs + 2000, toMs: startMs + 3000 })).done).toEqual(['a2', 'a3']);
  });
});

describe('what was drained', () => {
  const why: Removal[] = ['drained'];

  test('takes traffic again if it did before and was not changed since', async () => {
    const { registry, restore, register, stored } = recorded();
    for (const id of ['a1', 'a2', 'a3', 'a5']) register(`orders.prod/${id}`);
    for (const id of ['a1', 'a2', 'a3', 'a5']) registry.drain(keyOf(`orders.prod/${id}`));
    registry.patch(keyOf('orders.prod/a2'), { weight: 1 });
    registry.patch(keyOf('orders.prod/a3'), { status: 'up' });
    registry.cancel(keyOf('orders.prod/a5'));
    expect(await restore({ why })).toEqual({
      done: ['a1'],
      skipped: ['a2 was changed since, at revision 109', 'a3 takes traffic', 'a5 is not registered any more'],
      left: 0,
    });
    expect(stored('orders.prod/a1')?.instance.status).toBe('up');
    expect(stored('orders.prod/a2')?.instance.status).toBe('waiting');
  });

  test('and then cancelled comes back as it was before both, if both are meant', async () => {
    const { harness, registry, restore, register, stored } = recorded();
    for (const id of ['a1', 'a2']) register(`orders.prod/${id}`);
    for (const id of ['a1', 'a2']) registry.drain(keyOf(`orders.prod/${id}`));
    harness.cancel('orders.prod/a1');
    expect((await restore()).done).toEqual(['a1']);
    expect(stored('orders.prod/a1')?.instance.status).toBe('waiting');
    harness.cancel('orders.prod/a1');
    harness.cancel('orders.prod/a2');
    await restore({ why: ['cancelled', 'drained'] });
    expect(stored('orders.prod/a2')?.instance.status).toBe('up');
  });
});

describe('limits', () => {
  test('what there is no room for, or whose name means something else now, is skipped with the reason', async () => {
    const { harness, restore, register } = recorded({ instancesPerAppMax: 2 });
    for (const id of ['a1', 'a2']) register(`orders.prod/${id}`);
    register('x.i.prod/a1');
    for (const place of ['orders.prod/a1', 'orders.prod/a2', 'x.i.prod/a1']) harness.cancel(place);
    register('orders.prod/a3');
    register('i.prod/x');
    const { done, skipped } = await restore();
    expect(done).toEqual(['a1']);
    expect(skipped).toEqual([
      'a2 instance cannot be added: the app is full, it holds 2 instances',
      'a1 appid would hide the name of instance x of app i',
    ]);
  });

  test('a call puts back so many, and the next one the rest', async () => {
    const { harness, restore, register } = recorded();
    for (let i = 0; i < 5; i++) register(`orders.prod/a${i}`);
    for (let i = 0; i < 5; i++) harness.cancel(`orders.prod/a${i}`);
    expect(await restore({}, 3)).toMatchObject({ done: ['a0', 'a1', 'a2'], left: 2 });
    expect(await restore({}, 3)).toMatchObject({ done: ['a3', 'a4'], left: 0 });
  });

  test('a call looks at so many removals and returns where it stopped, from where the next one goes on', async () => {
    const { harness, clock, find, register, startMs } = recorded();
    for (let i = 0; i < 5; i++) register(`orders.prod/a${i}`);
    for (let i = 0; i < 5; i++) {
      clock.advance(1000);
      harness.cancel(`orders.prod/a${i}`);
    }
    const first = await find({}, 3);
    expect(first.removed.map(idOf)).toEqual(['a4', 'a3', 'a2']);
    expect(first.scannedToMs).toBe(startMs + 3000);
    const rest = await find({ toMs: first.scannedToMs as number }, 4);
    expect(rest.removed.map(idOf)).toEqual(['a2', 'a1', 'a0']);
    expect(rest.scannedToMs).toBeUndefined();
  });
});
