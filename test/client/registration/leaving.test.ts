// Draining and cancelling: what is waited for, what is left alone, and that nothing takes longer than it may.

import { describe, expect, test } from 'vitest';
import { type Answer, type Asked, problem } from '../../kit/client/client-scheduler.ts';
import { membershipWorld, orders } from '../../kit/client/membership-world.ts';

const safe = { safe: true, safeToStopAt: new Date('2026-11-21T10:00:00.000Z'), problem: undefined };

function versionsOf(asked: readonly Asked[]): (string | undefined)[] {
  const isWrite = ({ method }: Asked) => method === 'POST' || method === 'DELETE';
  return asked.filter(isWrite).map(({ headers }) => headers['if-match']);
}

describe('a drain', () => {
  test('asks at once, then waits until it is safe and a moment longer', async () => {
    const { registry, member, calls, asked, heard, outcomeOf } = membershipWorld();
    registry.drainsUntilSafe = 3;
    await member.registered();
    calls();
    const drained = member.drain({ reason: 'deploy', settleMs: 700 });
    expect(await outcomeOf(drained, 699)).toBe('pending');
    expect(calls()).toEqual([
      'POST /drain?reason=deploy',
      'POST /drain?wait=30000ms&reason=deploy',
      'POST /drain?wait=30000ms&reason=deploy',
    ]);
    expect(await outcomeOf(drained, 1)).toEqual(safe);
    expect({ heard, versions: versionsOf(asked) }).toEqual({
      heard: ['registered', 'drained'],
      versions: ['"1"', '"2"', '"2"'],
    });
    await member.abandon();
  });

  test('of a registry that answers early and never with safe is asked rarely, and ends', async () => {
    const { registry, member, calls, outcomeOf } = membershipWorld();
    registry.drainsUntilSafe = 1e9;
    await member.registered();
    calls();
    const drained = member.drain({ timeoutMs: 30_000 });
    expect(await outcomeOf(drained, 29_999)).toBe('pending');
    expect(calls().length).toBeLessThan(40);
    expect(await outcomeOf(drained, 1)).toMatchObject({ safe: false });
    await member.abandon();
  });

  test('keeps it out of the answers when the registry forgets it, until it is brought back', async () => {
    const { scheduler, registry, member, outcomeOf } = membershipWorld();
    await member.registered();
    await outcomeOf(member.drain(), 500);
    registry.instance = undefined;
    await scheduler.pass(27_001);
    expect(registry.instance).toMatchObject({ status: 'waiting' });
    await outcomeOf(member.update({ status: 'up' }));
    expect(registry.instance).toMatchObject({ status: 'up' });
    await member.abandon();
  });

  test('of what the registry does not know ends when no resolver can hold it', async () => {
    const { registry, member, heard, outcomeOf } = membershipWorld();
    await member.registered();
    registry.instance = undefined;
    const drained = member.drain();
    expect(await outcomeOf(drained, 4999)).toBe('pending');
    expect(await outcomeOf(drained, 1)).toMatchObject({ safe: true });
    expect(heard).toContain('drained');
    await member.abandon();
  });

  test('of what was never registered is safe at once, and asks nothing', async () => {
    const { scheduler, member, calls, heard, outcomeOf } = membershipWorld(() => 'refused');
    await scheduler.pass(0);
    calls();
    expect(await outcomeOf(member.drain())).toMatchObject({ safe: true });
    expect({ calls: calls(), heard: heard.includes('drained') }).toEqual({ calls: [], heard: false });
    await member.abandon();
  });

  test('waits for a registration under way, which would bring it back', async () => {
    let isSilent = true;
    const { scheduler, registry, member, calls, outcomeOf } = membershipWorld(() => (isSilent ? 'silence' : undefined));
    const drained = member.drain();
    expect(await outcomeOf(drained, 4000)).toBe('pending');
    expect(calls()).toEqual(['PUT']);
    isSilent = false;
    // The registration is given up on, and may have arrived: the instance is looked for before it is drained.
    await scheduler.pass(2000);
    expect(calls()).toContain('GET');
    expect(await outcomeOf(drained, 10_000)).toMatchObject({ safe: true });
    expect(registry.instance?.status ?? 'waiting').toBe('waiting');
    await member.abandon();
  });

  test('is tried again while the registry is overloaded', async () => {
    let failures = 2;
    const { member, outcomeOf } = membershipWorld(({ method }) =>
      method === 'POST' && failures-- > 0 ? problem(503, 'overloaded') : undefined,
    );
    await member.registered();
    expect(await outcomeOf(member.drain(), 4000)).toEqual(safe);
    await member.abandon();
  });

  test.each<[string, Answer, number]>([
    ['a refused connection', 'refused', 6000],
    ['a black hole', 'silence', 6000],
    ['Retry-After: 3600', { status: 503, headers: { 'retry-after': '3600' } }, 6000],
    ['a gateway in between', { status: 502, text: '' }, 6000],
    ['a page of an ingress', { status: 404, text: '<html>' }, 6000],
    ['a precondition that is refused without a word', { status: 412, text: '' }, 6000],
  ])('ends with its time: %s', async (_what, answer, timeoutMs) => {
    const { member, calls, outcomeOf } = membershipWorld(({ method }) => (method === 'POST' ? answer : undefined), {
      addresses: ['http://r1', 'http://r2', 'http://r3'],
    });
    await member.registered();
    calls();
    const drained = member.drain({ timeoutMs });
    expect(await outcomeOf(drained, timeoutMs)).toMatchObject({ safe: false, problem: expect.any(String) });
    expect(calls().length).toBeLessThan(40);
    await member.abandon();
  });

  test('ends after ten seconds where no registry can be reached', async () => {
    const { member, outcomeOf } = membershipWorld(({ method }) => (method === 'POST' ? 'refused' : undefined));
    await member.registered();
    const drained = member.drain({ timeoutMs: 60_000 });
    expect(await outcomeOf(drained, 9000)).toBe('pending');
    expect(await outcomeOf(drained, 5000)).toMatchObject({ safe: false });
    await member.abandon();
  });

  test('that does not become safe before the timeout gives the time to wait until', async () => {
    const { registry, member, outcomeOf } = membershipWorld(({ url }) =>
      url.includes('wait=') ? 'silence' : undefined,
    );
    registry.drainsUntilSafe = 99;
    await member.registered();
    expect(await outcomeOf(member.drain({ timeoutMs: 1000 }), 1000)).toMatchObject({
      safe: false,
      safeToStopAt: safe.safeToStopAt,
      // Not that the registry could not be reached: its last call was waiting.
      problem: expect.stringContaining(safe.safeToStopAt.toISOString()),
    });
    await member.abandon();
  });

  test('without a right to it is not tried again', async () => {
    const { member, calls, outcomeOf } = membershipWorld(({ method }) =>
      method === 'POST' ? problem(403, 'unauthorized', 'No right.') : undefined,
    );
    await member.registered();
    calls();
    expect(await outcomeOf(member.drain())).toMatchObject({ safe: false, problem: 'No right.' });
    expect(calls()).toHaveLength(1);
    await member.abandon();
  });

  test('ends with the reason of its signal', async () => {
    const { member } = membershipWorld(({ method }) => (method === 'POST' ? 'silence' : undefined));
    await member.registered();
    const controller = new AbortController();
    const drained = member.drain({ signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(drained).rejects.toThrow('enough');
    await member.abandon();
  });
});

describe('a cancellation', () => {
  test('ends the renewals first, is tried again, and the last version counts', async () => {
    let failures = 2;
    const { scheduler, registry, member, asked, calls, ends, outcomeOf } = membershipWorld(({ method }) =>
      method === 'DELETE' && failures-- > 0 ? { status: 503 } : undefined,
    );
    await member.registered();
    await outcomeOf(member.drain(), 500);
    calls();
    expect(await outcomeOf(member.cancel({ reason: 'the end' }), 4000)).toEqual({ gone: true, problem: undefined });
    expect({ state: member.state, ends: ends(), left: registry.instance }).toEqual({
      state: 'cancelled',
      ends: 1,
      left: undefined,
    });
    expect(calls()).toEqual(Array.from({ length: 3 }, () => 'DELETE ?reason=the+end'));
    expect(versionsOf(asked).at(-1)).toBe('"2"');
    await scheduler.pass(200_000);
    expect(calls()).toEqual([]);
    await expect(member.drain()).rejects.toMatchObject({ code: 'closed' });
    expect(scheduler.waiting).toBe(0);
  });

  test('of what the registry does not know has been done', async () => {
    const { registry, member, outcomeOf } = membershipWorld();
    await member.registered();
    registry.instance = undefined;
    expect(await outcomeOf(member.cancel())).toEqual({ gone: true, problem: undefined });
  });

  test.each<[string, Answer]>([
    ['a page of an ingress', { status: 404, text: '<html>' }],
    ['a black hole', 'silence'],
    ['Retry-After: 3600', { status: 503, headers: { 'retry-after': '3600' } }],
  ])('ends after five seconds, and is not done: %s', async (_what, answer) => {
    const { member, outcomeOf } = membershipWorld(({ method }) => (method === 'DELETE' ? answer : undefined));
    await member.registered();
    const cancelled = member.cancel();
    expect(await outcomeOf(cancelled, 4999)).toBe('pending');
    expect(await outcomeOf(cancelled, 1)).toMatchObject({ gone: false, problem: expect.any(String) });
  });

  test('is not held up by a call under way for longer than half of its time', async () => {
    const { scheduler, member, outcomeOf } = membershipWorld(({ url }) =>
      url.endsWith('/renew') ? 'silence' : undefined,
    );
    await member.registered();
    await scheduler.pass(27_001);
    expect(await outcomeOf(member.cancel({ timeoutMs: 4000 }), 2001)).toMatchObject({ gone: true });
  });

  test('of a registration that was never answered looks for it first: it may have arrived', async () => {
    const world = membershipWorld(({ method }) => (method === 'PUT' ? { status: 504, text: '' } : undefined));
    await world.scheduler.pass(0);
    world.registry.change({ addrs: orders.addrs });
    world.calls();
    expect(await world.outcomeOf(world.member.cancel())).toMatchObject({ gone: true });
    expect(world.calls()).toEqual(['GET', 'DELETE']);
    expect(versionsOf(world.asked)).toEqual(['"1"']);
  });
});
