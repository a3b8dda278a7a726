// A follower over time: what it writes, what it leaves alone, and what it keeps while the other registry is away.

import { describe, expect, onTestFinished, test } from 'vitest';
import type { SourceInstance } from '../../src/bridges/source.ts';
import { listed, mark, mirrorWorld } from '../kit/adapters/mirror-world.ts';
import { turns } from '../kit/client/client-scheduler.ts';

async function running() {
  const world = mirrorWorld();
  const end = await world.run();
  onTestFinished(end);
  const has = async (...instances: readonly SourceInstance[]): Promise<void> => {
    world.source.has(...instances);
    await world.scheduler.pass(200);
  };
  return { ...world, has, end };
}

const at = (id: string, last: number): SourceInstance => listed(`Web/${id}`, `10.0.0.${last}`);
const [a, b, c, d] = [at('a', 1), at('b', 2), at('c', 3), at('d', 4)];

describe('what it writes', () => {
  test('joins, changes and leaves with the other registry', async () => {
    const { has, target, kinds } = await running();
    await has(a, b);
    expect(target.names()).toEqual(['web/a', 'web/b']);
    await has(a, listed('Web/b', '10.0.0.2', { status: 'waiting' }));
    expect(target.apps.get('web')?.get('b')?.json['status']).toBe('waiting');
    await has(a);
    expect(target.names()).toEqual(['web/a']);
    expect(kinds()).toEqual(['compared', 'registered', 'registered', 'updated', 'cancelled']);
  });

  test('is its mark, so that another run of it goes on where the first has ended', async () => {
    const { has, target, events } = await running();
    target.put('web/old', { addrs: ['http://10.0.0.9:80'], metadata: { 'mirrored-from': mark } });
    await has(a);
    expect(target.names()).toEqual(['web/a']);
    expect(events.at(-1)).toMatchObject({ kind: 'cancelled', why: 'gone' });
  });

  test('is nothing where nothing differs', async () => {
    const { has, target, scheduler } = await running();
    await has(a);
    const { calls } = target;
    await has(a);
    await scheduler.pass(20_000);
    expect(target.calls).toBe(calls);
  });

  test('is tried again after a time where it is refused, and at once where it has changed', async () => {
    const { has, target, kinds, scheduler } = await running();
    target.refusal = 'there is no room';
    await has(a);
    await scheduler.pass(50_000);
    expect(kinds().filter((kind) => kind === 'refused')).toHaveLength(1);
    await scheduler.pass(15_000);
    expect(kinds().filter((kind) => kind === 'refused')).toHaveLength(2);
    target.refusal = undefined;
    await has(listed('Web/a', '10.0.0.8'));
    expect(target.names()).toEqual(['web/a']);
  });

  test('waits longer and longer while rollcall is away', async () => {
    const { has, target, kinds, scheduler } = await running();
    target.fault = { fault: 'nothing listens there' };
    await has(a);
    await scheduler.pass(120_000);
    expect(target.calls).toBeLessThan(25);
    target.fault = undefined;
    await scheduler.pass(20_000);
    expect(target.names()).toEqual(['web/a']);
    expect(kinds()).toEqual(['compared', 'target-lost', 'target-found', 'registered']);
  });
});

describe('clients that are registered here', () => {
  test('win under the same name, and are never renewed, changed or cancelled', async () => {
    const { has, target, scheduler } = await running();
    await has(a, b);
    target.put('web/a', { addrs: ['http://10.0.0.1:80'], metadata: {}, weight: 3 });
    target.renewed.length = 0;
    await has(listed('Web/a', '10.0.0.1', { weight: 7 }), b);
    await scheduler.pass(60_000);
    await has(b);
    expect(target.apps.get('web')?.get('a')?.json['weight']).toBe(3);
    expect(new Set(target.renewed)).toEqual(new Set(['web/b']));
  });

  test('win at the same address, under any name', async () => {
    const { has, target, events } = await running();
    await has(a, b);
    target.put('web/other', { addrs: ['grpc://10.0.0.1:80'] });
    await has(a, b);
    expect(target.names()).toEqual(['web/b', 'web/other']);
    expect(events.at(-1)).toMatchObject({ kind: 'cancelled', why: 'moved' });
    // The client is gone again, and its other registration has outlived it.
    target.apps.get('web')?.delete('other');
    await has(a, b);
    expect(target.names()).toEqual(['web/a', 'web/b']);
  });
});

describe('while the other registry', () => {
  test('is away, all stays and is renewed', async () => {
    const { source, has, target, kinds, scheduler } = await running();
    await has(a, b);
    source.isAway('no answer');
    source.isAway('no answer');
    target.renewed.length = 0;
    await scheduler.pass(300_000);
    expect(target.names()).toEqual(['web/a', 'web/b']);
    expect(target.renewed.length).toBeGreaterThanOrEqual(2 * 9);
    await has(a, b);
    expect(kinds().slice(3)).toEqual(['source-lost', 'source-found']);
  });

  test('is suddenly empty, it is not believed at once', async () => {
    const { has, target, events, scheduler } = await running();
    await has(a, b);
    await has();
    await scheduler.pass(30_000);
    expect(target.names()).toEqual(['web/a', 'web/b']);
    expect(events.at(-1)).toMatchObject({ kind: 'doubted', gone: 2, owned: 2 });
    await scheduler.pass(31_000);
    expect(target.names()).toEqual([]);
  });

  test('has lost more than half, what joins is written and what left is doubted', async () => {
    const { has, target, scheduler } = await running();
    await has(a, b, c, d);
    await has(a, listed('pay/x', '10.0.0.7'));
    expect(target.names()).toEqual(['pay/x', 'web/a', 'web/b', 'web/c', 'web/d']);
    await has(a, b, c, d);
    await scheduler.pass(61_000);
    expect(target.names()).toEqual(['web/a', 'web/b', 'web/c', 'web/d']);
  });
});

describe('once', () => {
  test.each([true, false])('compares, and with a dry run (%s) writes nothing', async (isDryRun) => {
    const { follower, source, target, stop } = mirrorWorld();
    target.put('web/mine', { addrs: ['http://10.0.0.9:80'] });
    const comparing = follower.once(isDryRun, stop.signal);
    await turns();
    source.has(a, listed('no name/x', 'not an address'));
    const report = await comparing;
    expect(report).toMatchObject({
      difference: { missing: [{ key: { appid: 'web', instance: 'a' } }], onlyHere: 1 },
      unmapped: [{ name: 'no name/x', why: expect.stringContaining('addrs') }],
    });
    expect(target.names()).toEqual(isDryRun ? ['web/mine'] : ['web/a', 'web/mine']);
  });

  test('fails where the other registry is away', async () => {
    const { follower, source, stop } = mirrorWorld();
    const comparing = follower.once(false, stop.signal);
    await turns();
    source.isAway('no answer');
    expect(await comparing).toEqual({ fault: 'no answer' });
  });
});

test('a stop leaves what is there, and leaving cancels what it owns alone', async () => {
  const { has, target, follower, end, stop } = await running();
  target.put('web/mine', { addrs: ['http://10.0.0.9:80'] });
  await has(a, b);
  await end();
  expect(target.names()).toEqual(['web/a', 'web/b', 'web/mine']);
  expect(stop.signal.aborted).toBe(true);
  expect(await follower.leave(new AbortController().signal)).toBeUndefined();
  expect(target.names()).toEqual(['web/mine']);
});
