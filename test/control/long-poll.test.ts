// Waiting for the next change of an app: who wakes, when, and with what.

import { describe, expect, test } from 'vitest';
import { anyApp, catalogue, LongPolls } from '../../src/control/long-poll.ts';
import type { Change } from '../../src/model/change.ts';
import {
  createWorld,
  FakeTimers,
  indexOf,
  type Json,
  problemOf,
  type Reply,
  type World,
} from '../kit/http/http-world.ts';

/** A call that is known to wait; in an object, since a promise in a promise would be awaited too. */
async function waiting(
  world: World,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ reply: Promise<Reply> }> {
  const before = world.longPolls.waiting;
  const reply = world.call('GET', path, undefined, headers);
  await expect.poll(() => world.longPolls.waiting).toBe(before + 1);
  return { reply };
}

const instancesOf = (reply: Reply) => (reply.json() as { instances: Json[] }).instances.map(({ instance }) => instance);

describe('a caller that waits for an app', () => {
  test('of an app without instances returns at the first registration', async () => {
    const world = createWorld();
    const { index } = (await world.call('GET', '/apps/prod/orders')).json() as { index: number };
    const { reply } = await waiting(world, `/apps/prod/orders?index=${index}&wait=5m`);
    await world.register('prod/other/a1');
    expect(world.longPolls.waiting).toBe(1);
    await world.register('prod/orders/a1');
    expect(instancesOf(await reply)).toEqual(['a1']);
    expect((await reply).json()).toMatchObject({ index: 102 });
    expect(world.longPolls.waiting).toBe(0);
    expect(world.timers.size).toBe(0);
  });

  test.each<[what: string, write: (world: World) => unknown, left: string[]]>([
    ['a replacement', (world) => world.register('prod/orders/a1', { weight: 1 }), ['a1']],
    ['a patch', (world) => world.call('PATCH', '/apps/prod/orders/a1', { status: 'waiting' }), ['a1']],
    ['the last instance leaving', (world) => world.call('DELETE', '/apps/prod/orders/a1'), []],
    [
      'an eviction',
      (world) => {
        world.clock.advance(90_000);
        world.registry.evictExpired(10);
      },
      [],
    ],
  ])('hears of %s', async (_what, write, left) => {
    const world = createWorld();
    await world.register('prod/orders/a1');
    const { reply } = await waiting(world, '/apps/prod/orders?index=101');
    await write(world);
    expect(instancesOf(await reply)).toEqual(left);
    expect((await reply).headers['x-rollcall-index']).toBe(indexOf(102));
  });

  test('is not woken by renewals, other apps or the same app of another env', async () => {
    const world = createWorld();
    await world.register('prod/orders/a1');
    const { reply } = await waiting(world, '/apps/prod/orders?wait=30s');
    await world.call('PUT', '/apps/prod/orders/a1/renew');
    await world.register('prod/orders/a1');
    await world.register('dev/orders/a1');
    await world.register('prod/com.orders/a1');
    expect(world.longPolls.waiting).toBe(1);
    world.timers.pass(30_000);
    expect((await reply).statusCode).toBe(200);
  });

  test.each([
    ['index=101', 30_000],
    ['index=101&wait=500ms', 500],
    ['index=101&wait=30', 30_000],
    ['index=101&wait=5m', 300_000],
    ['wait=2s', 2000],
  ])('with %s is answered with the same content after %i ms', async (query, ms) => {
    const world = createWorld();
    await world.register('prod/orders/a1');
    const { reply } = await waiting(world, `/apps/prod/orders?${query}`);
    world.timers.pass(ms - 1);
    expect(world.longPolls.waiting).toBe(1);
    world.timers.pass(1);
    expect((await reply).statusCode).toBe(200);
    expect((await reply).json()).toMatchObject({ index: 101, instances: [{ instance: 'a1' }] });
  });

  test('and shows its ETag gets a 304 when nothing came', async () => {
    const world = createWorld();
    await world.register('prod/orders/a1');
    const tag = (await world.call('GET', '/apps/prod/orders')).headers['etag'] as string;
    const { reply } = await waiting(world, '/apps/prod/orders?wait=1s', { 'if-none-match': tag });
    world.timers.pass(1000);
    expect((await reply).statusCode).toBe(304);
    expect((await reply).headers['x-rollcall-index']).toBe(indexOf(101));
  });
});

test('callers that are woken together get what each asked for', async () => {
  const world = createWorld();
  await world.register('prod/orders/a1', { zone: 'x' });
  const paths = ['?wait=30s', '?wait=30s&zone=x', '?wait=30s', '?wait=30s&zone=y', '?wait=30s&limit=1'];
  const replies: Promise<Reply>[] = [];
  for (const query of paths) replies.push((await waiting(world, `/apps/prod/orders${query}`)).reply);
  await world.register('prod/orders/a2', { zone: 'y' });
  const answers = (await Promise.all(replies)).map(instancesOf);
  expect(answers).toEqual([['a1', 'a2'], ['a1'], ['a1', 'a2'], ['a2'], ['a1']]);
});

describe('a caller does not wait', () => {
  test.each([
    ['whose number is behind', 'index=101'],
    ['who knows nothing', 'index=0'],
    ['whose number is from another life', 'index=5000'],
    ['who asks for no time', 'index=102&wait=0'],
  ])('%s', async (_what, query) => {
    const world = createWorld();
    await world.register('prod/orders/a1');
    await world.register('prod/orders/a2');
    const reply = await world.call(
      'GET',
      `/apps/prod/orders?wait=30s&${query}`.replace('wait=30s&index=102&wait=0', query),
    );
    expect(instancesOf(reply)).toEqual(['a1', 'a2']);
    expect(reply.json()).toMatchObject({ index: 102 });
  });

  test('whose ETag is an older one', async () => {
    const world = createWorld();
    await world.register('prod/orders/a1');
    const reply = await world.call('GET', '/apps/prod/orders?wait=30s', undefined, { 'if-none-match': 'W/"7-x"' });
    expect(reply.statusCode).toBe(200);
  });

  test('and never loops: the index of any reply makes the next call wait, also for an app without instances', async () => {
    const world = createWorld();
    for (const app of ['never', 'left', 'there']) {
      if (app !== 'never') await world.register(`prod/${app}/a1`);
      if (app === 'left') await world.call('DELETE', '/apps/prod/left/a1');
      const first = await world.call('GET', `/apps/prod/${app}?index=5000`);
      const { index } = first.json() as { index: number };
      const { reply } = await waiting(world, `/apps/prod/${app}?index=${index}&wait=1s`);
      world.timers.pass(1000);
      expect((await reply).json()).toMatchObject({ index });
    }
  });
});

test('an empty registry of revision 1 makes callers wait as well', async () => {
  const world = createWorld({ registry: { initialRevision: 1 } });
  const { reply } = await waiting(world, '/apps/prod/orders?index=1&wait=1s');
  await world.register('prod/orders/a1');
  expect((await reply).json()).toMatchObject({ index: 2 });
});

test('above the limit a caller is sent away with a time to come back', async () => {
  const world = createWorld({ waitingMax: 2 });
  const { reply: first } = await waiting(world, '/apps/prod/orders?wait=1s');
  const { reply: second } = await waiting(world, '/apps/prod/orders?wait=1s');
  const third = await world.call('GET', '/apps/prod/orders?wait=1s');
  expect(third.statusCode).toBe(503);
  expect(third.headers['retry-after']).toMatch(/^[3-6]$/);
  expect(problemOf(third)['type']).toBe('urn:rollcall:problem:overloaded');
  world.timers.pass(1000);
  expect([(await first).statusCode, (await second).statusCode]).toEqual([200, 200]);
  const { reply: fourth } = await waiting(world, '/apps/prod/orders?wait=1s');
  world.timers.pass(1000);
  await fourth;
});

test('a server that stops answers all at once', async () => {
  const world = createWorld();
  const { reply: one } = await waiting(world, '/apps/prod/orders?wait=5m');
  const { reply: two } = await waiting(world, '/apps/dev/orders?wait=5m');
  await world.app.close();
  expect([(await one).statusCode, (await two).statusCode]).toEqual([200, 200]);
  expect(world.longPolls.waiting).toBe(0);
});

describe('many waiters', () => {
  const change = { kind: 'cancelled', revision: 1, atMs: 0, before: { env: 'prod', appid: 'a' } } as Change;

  test('are woken in batches, none of them inside the write', () => {
    const turns: (() => void)[] = [];
    const timers = new FakeTimers();
    const nextTurn = (callback: () => void) => void turns.push(callback);
    const polls = new LongPolls({ waitingMax: 10_000, setTimer: timers.set, clearTimer: timers.clear, nextTurn });
    let woken = 0;
    for (let i = 0; i < 10_000; i++) polls.wait('prod', 'a', 1000, () => woken++);
    expect(polls.wait('prod', 'a', 1000, () => woken++)).toBeUndefined();
    polls.notify(change);
    polls.notify(change);
    expect([woken, turns.length]).toEqual([0, 1]);
    const perTurn: number[] = [];
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
      const before = woken;
      turn();
      perTurn.push(woken - before);
    }
    expect(woken).toBe(10_000);
    expect(Math.max(...perTurn)).toBeLessThanOrEqual(256);
    expect([polls.waiting, timers.size]).toEqual([0, 0]);
  });

  test('wake once: by a change, by time, by a stop or never, when they have gone', () => {
    const turns: (() => void)[] = [];
    const timers = new FakeTimers();
    const nextTurn = (callback: () => void) => void turns.push(callback);
    const polls = new LongPolls({ waitingMax: 10, setTimer: timers.set, clearTimer: timers.clear, nextTurn });
    const woken: string[] = [];
    const wait = (name: string, ms = 1000) => polls.wait('prod', 'a', ms, () => woken.push(name));
    const leave = wait('left before');
    leave?.();
    leave?.();
    wait('by time', 500);
    timers.pass(500);
    const leaveLate = wait('left between change and turn');
    wait('by change');
    polls.notify(change);
    leaveLate?.();
    wait('by stop');
    expect(woken).toEqual(['by time']);
    polls.stop();
    for (const turn of turns) turn();
    timers.pass(10_000);
    expect(woken).toEqual(['by time', 'by change', 'by stop']);
    expect(polls.waiting).toBe(0);
    expect(wait('too late')).toBeUndefined();
  });
});

describe('a caller that waits for an env', () => {
  function envWorld() {
    const timers = new FakeTimers();
    const longPolls = new LongPolls({
      waitingMax: 10,
      setTimer: timers.set,
      clearTimer: timers.clear,
      nextTurn: (run) => run(),
    });
    const world = createWorld();
    world.registry.onChange((change) => longPolls.notify(change));
    const woken: string[] = [];
    for (const [name, place] of [
      ['any', anyApp],
      ['catalogue', catalogue],
    ] as const)
      longPolls.wait('prod', place, 1000, (why) => woken.push(`${name} ${why}`));
    return { ...world, longPolls, timers, woken };
  }

  test('is woken by any app, or by names and tags alone', async () => {
    const { register, call, longPolls, woken } = envWorld();
    await register('dev/orders/a1');
    expect(woken).toEqual([]);
    await register('prod/orders/a1');
    expect(woken).toEqual(['any changed', 'catalogue changed']);
    longPolls.wait('prod', catalogue, 1000, (why) => woken.push(`again ${why}`));
    await register('prod/orders/a1', { weight: 3 });
    await call('POST', '/apps/prod/orders/a1/drain');
    expect(woken).toHaveLength(2);
    await call('PATCH', '/apps/prod/orders/a1', { tags: ['blue'] });
    expect(woken.at(-1)).toBe('again changed');
  });

  test('is given the reason when its time is over', () => {
    const { timers, woken } = envWorld();
    timers.pass(1000);
    expect(woken).toEqual(['any over', 'catalogue over']);
  });
});
