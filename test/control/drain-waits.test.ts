// When a process may stop, and the callers that wait for it: until then, until their own time, or until something reports
// that waiting is of no use.

import { describe, expect, test } from 'vitest';
import { ApiClient } from '../kit/http/api-client.ts';
import {
  createWorld,
  type Json,
  problemOf,
  type Reply,
  type World,
  type WorldOptions,
} from '../kit/http/http-world.ts';

const place = '/apps/prod/orders/a1';
const key = { env: 'prod', appid: 'orders', instance: 'a1' };

/** An instance in answers that may be held for `heldMs` from the start on. */
async function heldWorld(heldMs: number, options: WorldOptions = {}): Promise<World & { heldUntilMs: number }> {
  const world = createWorld({
    answersHeld: () => ({ heldUntilMs: state.heldUntilMs, lastServedMs: state.heldUntilMs - 6500 }),
    ...options,
  });
  const state = { ...world, heldUntilMs: world.clock.monotonicMs() + heldMs };
  await world.register('prod/orders/a1');
  await world.register('prod/orders/a2');
  return state;
}

/** A call that is known to wait; in an object, since a promise in a promise would be awaited too. */
async function waiting(world: World, method: string, path: string): Promise<{ reply: Promise<Reply> }> {
  const before = world.drainWaits.waiting;
  const reply = world.call(method, path);
  await expect.poll(() => world.drainWaits.waiting).toBe(before + 1);
  return { reply };
}

/** Lets time pass on the clock and for the timers. */
function pass(world: World, ms: number): void {
  world.clock.advance(ms);
  world.timers.pass(ms);
}

const calls = [
  { what: 'a drain', method: 'POST', path: `${place}/drain` },
  { what: 'a cancellation', method: 'DELETE', path: place },
] as const;

describe.each(calls)('$what', ({ method, path }) => {
  test('has until when answers may be cached, and when the last was sent', async () => {
    const world = await heldWorld(5250.25);
    const reply = await world.call(method, path);
    expect(reply.json()).toMatchObject({
      safe: false,
      safeToStopAt: '2026-01-01T00:00:05.251Z',
      safeInSeconds: 6,
      lastServedAt: '2025-12-31T23:59:58.750Z',
    });
    expect(world.longPolls.waiting).toBe(0);
  });

  test('with wait returns when no resolver holds one any more', async () => {
    const world = await heldWorld(6500);
    const { reply } = await waiting(world, method, `${path}?wait=30s`);
    pass(world, 6499);
    await world.register('prod/other/a1');
    expect(world.drainWaits.waiting).toBe(1);
    pass(world, 1);
    expect((await reply).json()).toMatchObject({
      safe: true,
      safeInSeconds: 0,
      safeToStopAt: '2026-01-01T00:00:06.500Z',
    });
    expect([world.drainWaits.waiting, world.longPolls.waiting, world.timers.size]).toEqual([0, 0, 0]);
  });

  test('with a shorter wait returns then, with safe false', async () => {
    const world = await heldWorld(6500);
    const { reply } = await waiting(world, method, `${path}?wait=2s`);
    pass(world, 2000);
    expect((await reply).statusCode).toBe(200);
    expect((await reply).json()).toMatchObject({
      safe: false,
      safeInSeconds: 5,
      safeToStopAt: '2026-01-01T00:00:06.500Z',
    });
  });

  test('with wait=0 or nothing to wait for returns at once', async () => {
    const world = await heldWorld(6500);
    expect((await world.call(method, `${path}?wait=0`)).json()).toMatchObject({ safe: false });
    const other = await heldWorld(0);
    expect((await other.call(method, `${path}?wait=30s`)).json()).toMatchObject({ safe: true });
  });

  test('goes on waiting through changes of other instances of the app', async () => {
    const world = await heldWorld(6500);
    const { reply } = await waiting(world, method, `${path}?wait=30s`);
    for (let weight = 1; weight < 20; weight++) {
      await world.register('prod/orders/a2', { weight });
      await expect.poll(() => world.longPolls.waiting).toBe(1);
    }
    pass(world, 6500);
    expect((await reply).json()).toMatchObject({ safe: true });
  });

  test('ends with a 409 when the instance is registered as up again', async () => {
    const world = await heldWorld(6500);
    const { reply } = await waiting(world, method, `${path}?wait=30s`);
    await world.register('prod/orders/a1', { weight: 1 });
    expect((await reply).statusCode).toBe(409);
    expect(problemOf(await reply)).toMatchObject({
      type: 'urn:rollcall:problem:up-again',
    });
    expect([world.drainWaits.waiting, world.timers.size]).toEqual([0, 0]);
  });

  test('is answered when the server stops', async () => {
    const world = await heldWorld(6500);
    const { reply } = await waiting(world, method, `${path}?wait=30s`);
    await world.app.close();
    expect((await reply).statusCode).toBe(200);
    expect((await reply).json()).toMatchObject({ safe: false, safeInSeconds: 7 });
  });

  test('that finds no place to wait is a 503 with what it has done', async () => {
    const world = await heldWorld(6500, { waitingMax: 0 });
    const reply = await world.call(method, `${path}?wait=30s`);
    expect([reply.statusCode, Number(reply.headers['retry-after']) >= 3]).toEqual([503, true]);
    expect(problemOf(reply)).toMatchObject({
      type: 'urn:rollcall:problem:overloaded',
      safe: false,
      safeToStopAt: '2026-01-01T00:00:06.500Z',
    });
  });

  test('of a caller that goes away costs nothing more', async () => {
    const world = await heldWorld(6500, { realTimers: true });
    await world.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = world.app.server.address() as { port: number };
    const control = new AbortController();
    const call = fetch(`http://127.0.0.1:${port}/api/v1${path}?wait=5m`, { method, signal: control.signal });
    await expect.poll(() => world.drainWaits.waiting).toBe(1);
    control.abort();
    await expect(call).rejects.toThrow();
    await expect.poll(() => [world.drainWaits.waiting, world.longPolls.waiting]).toEqual([0, 0]);
    await world.app.close();
  });
});

test('a caller that goes away while its write goes to the disk waits for nothing', async () => {
  let written = Promise.resolve();
  const world = await heldWorld(6500, { realTimers: true, control: { durable: () => written } });
  const disk = Promise.withResolvers<void>();
  written = disk.promise;
  await world.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = world.app.server.address() as { port: number };
  let control = new AbortController();
  const api = new ApiClient(`http://127.0.0.1:${port}`);
  const drain = () => api.call('POST', `/api/v1${place}/drain?wait=5m`, { signal: control.signal });
  const first = drain();
  await expect.poll(() => world.registry.find(key)?.instance.status).toBe('waiting');
  control.abort();
  await expect(first).rejects.toThrow();
  const connections = () => new Promise((resolve) => world.app.server.getConnections((_, count) => resolve(count)));
  await expect.poll(connections).toBe(0);
  disk.resolve();
  // A later caller waits by the time at which the first one would.
  control = new AbortController();
  const second = drain();
  await expect.poll(() => world.drainWaits.waiting).toBeGreaterThan(0);
  expect([world.drainWaits.waiting, world.longPolls.waiting]).toEqual([1, 1]);
  control.abort();
  await expect(second).rejects.toThrow();
  await expect.poll(() => [world.drainWaits.waiting, world.longPolls.waiting]).toEqual([0, 0]);
  api.close();
  await world.app.close();
});

test('two drains of one instance wait together', async () => {
  const world = await heldWorld(6500);
  const { reply: first } = await waiting(world, 'POST', `${place}/drain?wait=30s`);
  const { reply: second } = await waiting(world, 'POST', `${place}/drain?wait=30s`);
  pass(world, 6500);
  const outcomes = [await first, await second].map((reply) => (reply.json() as Json)['outcome']);
  expect(outcomes).toEqual(['drained', 'unchanged']);
});

test.each([
  ['cancelled', (world: World) => world.call('DELETE', place)],
  ['patched but not up', (world: World) => world.call('PATCH', place, { weight: 3 })],
])('an instance that is %s while a drain waits is out of the answers anyway', async (_what, change) => {
  const world = await heldWorld(6500);
  const { reply } = await waiting(world, 'POST', `${place}/drain?wait=30s`);
  await change(world);
  await expect.poll(() => world.longPolls.waiting).toBe(1);
  pass(world, 6500);
  expect((await reply).json()).toMatchObject({ outcome: 'drained', safe: true });
});

test('an instance that was up again for a moment is waited for until its last answer is past', async () => {
  const world = await heldWorld(6500);
  const { reply } = await waiting(world, 'POST', `${place}/drain?wait=30s`);
  // Both before the waiter has its turn.
  world.registry.patch(key, { status: 'up' });
  world.registry.drain(key);
  world.heldUntilMs += 3000;
  await expect.poll(() => world.longPolls.waiting).toBe(1);
  pass(world, 6500);
  await expect.poll(() => world.longPolls.waiting).toBe(1);
  pass(world, 3000);
  expect((await reply).json()).toMatchObject({ safe: true, safeToStopAt: '2026-01-01T00:00:09.500Z' });
});
