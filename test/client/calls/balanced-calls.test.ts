// Calls of an app: what is repeated where, what holds an instance back, when it is tried again, and what the caller hears.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BalancedCalls, type BalanceOptions } from '../../../src/client/calls/balanced-calls.ts';
import { RetryBudget } from '../../../src/client/calls/retry-budget.ts';
import type { Discovery } from '../../../src/client/discovery/discovery.ts';
import type { Endpoint } from '../../../src/client/discovery/instance.ts';
import { isUnsent } from '../../../src/client/registry/unsent.ts';
import { FakeScheduler } from '../../kit/client/client-scheduler.ts';

// cockatiel goes by Date and setTimeout.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });

function endpoint(instance: string, fields: Partial<Endpoint> = {}): Endpoint {
  const base = { url: `http://${instance}:80`, portName: 'http', protocol: 'tcp', host: instance, port: 80 } as const;
  return { ...base, instance, zone: '', weight: 10, priority: 0, details: undefined, ...fields };
}

const defaults: BalanceOptions = {
  strategy: 'round-robin',
  retry: 'unsent',
  attemptsMax: 3,
  attemptTimeoutMs: 1000,
  breaker: { failures: 3, halfOpenAfterMs: 5000 },
  retryBudget: { ratio: 0.2, perSecond: 10 },
};

/** What each instance does with a call: an error is thrown, a text is the answer. */
function worldOf(behaviour: Record<string, Error | string>, options: Partial<BalanceOptions> = {}) {
  let follow: (endpoints: readonly Endpoint[]) => void = () => {};
  const discovery = {
    env: 'prod',
    appid: 'orders',
    source: 'registry',
    endpoints: Object.keys(behaviour).map((name) => endpoint(name)) as readonly Endpoint[],
    on: (_: string, listener: typeof follow) => {
      follow = listener;
    },
  };
  const states: string[] = [];
  const called: string[] = [];
  const calls = new BalancedCalls(
    { ...defaults, ...options },
    {
      discovery: discovery as object as Discovery,
      scheduler: new FakeScheduler(),
      random: () => 0,
      wallMs: () => Date.now(),
      onBreaker: ({ instance }, state) => states.push(`${instance} ${state}`),
      onRetry: () => {},
    },
  );
  const run = async ({ instance }: Endpoint): Promise<string> => {
    called.push(instance);
    const answer = behaviour[instance];
    if (answer instanceof Error) throw answer;
    return answer ?? '';
  };
  return {
    calls,
    run,
    called,
    states,
    behaviour,
    follow: (list: readonly Endpoint[]) => {
      discovery.endpoints = list;
      follow(list);
    },
  };
}

describe('a call that fails', () => {
  test('is made again elsewhere where the first one has not seen it', async () => {
    const { calls, run, called } = worldOf({ a: refused, b: 'yes' });
    expect(await calls.call(run, {})).toBe('yes');
    expect(called).toEqual(['a', 'b']);
  });

  test('is not made again where it may have been seen, unless it may be made twice', async () => {
    const { calls, run, called } = worldOf({ a: reset, b: 'yes' });
    await expect(calls.call(run, {})).rejects.toBe(reset);
    expect(called).toEqual(['a']);
    expect(await calls.call(run, { retry: 'always' })).toBe('yes');
    await expect(calls.call(run, { retry: 'never' })).rejects.toBe(reset);
  });

  test('is tried at three instances at most, each once, and throws what came last', async () => {
    const { calls, run, called } = worldOf({ a: refused, b: refused, c: reset, d: 'yes' });
    await expect(calls.call(run, { retry: 'always' })).rejects.toBe(reset);
    expect(called).toEqual(['a', 'b', 'c']);
    const two = worldOf({ a: refused, b: refused });
    await expect(two.calls.call(two.run, { retry: 'always' })).rejects.toBe(refused);
    expect(two.called).toHaveLength(2);
  });

  test('is made again only within the budget', async () => {
    const { calls, run, called } = worldOf(
      { a: refused, b: refused },
      { retryBudget: { ratio: 0, perSecond: 2 }, breaker: { failures: 99, halfOpenAfterMs: 1 } },
    );
    for (let i = 0; i < 10; i++) await calls.call(run, {}).catch(() => {});
    expect(called).toHaveLength(12);
  });

  test('may be a result; the last one is returned when there is no other', async () => {
    const { calls, run, called } = worldOf({ a: '503', b: '200' });
    const isFailure = (text: string) => text === '503';
    expect(await calls.call(run, { retry: 'always', isFailure })).toBe('200');
    expect(await calls.call(run, { isFailure, retry: 'never' })).toBe('503');
    expect(called).toEqual(['a', 'b', 'a']);
  });

  test('by no fault of the instance is thrown at once, and does not count', async () => {
    const { calls, run, called, states } = worldOf({ a: new TypeError('mine'), b: 'yes' });
    const isFault = (error: unknown) => !(error instanceof TypeError);
    for (let i = 0; i < 8; i++) await calls.call(run, { isFault, retry: 'always' }).catch(() => {});
    expect(called).toEqual(['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b']);
    expect(states).toEqual([]);
  });
});

describe('the breaker', () => {
  test('holds an instance back after failures in a row, and lets one call try it after a while', async () => {
    const { calls, run, called, states, behaviour } = worldOf({ a: refused, b: 'yes' });
    for (let i = 0; i < 6; i++) await calls.call(run, {});
    expect(states).toEqual(['a open']);
    called.length = 0;
    for (let i = 0; i < 4; i++) await calls.call(run, {});
    expect(called).toEqual(['b', 'b', 'b', 'b']);

    vi.setSystemTime(Date.now() + 5000);
    for (let i = 0; i < 4; i++) await calls.call(run, {});
    expect(called.filter((name) => name === 'a')).toHaveLength(1);
    expect(states).toEqual(['a open', 'a half-open', 'a open']);
    behaviour['a'] = 'again';
    vi.setSystemTime(Date.now() + 5000);
    for (let i = 0; i < 4; i++) await calls.call(run, {});
    expect(states.at(-1)).toBe('a closed');
  });

  test('holds back all: calls fail at once with their own code', async () => {
    const { calls, run, called } = worldOf({ a: refused });
    for (let i = 0; i < 3; i++) await calls.call(run, {}).catch(() => {});
    await expect(calls.call(run, {})).rejects.toMatchObject({
      code: 'circuit-open',
      message: 'Cannot call prod/orders: the circuit breakers of all 1 endpoints are open',
    });
    expect(() => calls.pick()).toThrow('are open');
    expect(called).toHaveLength(3);
  });

  test('is forgotten with the instance, and not by a change of its weight', async () => {
    const { calls, run, called, follow } = worldOf({ a: refused });
    for (let i = 0; i < 3; i++) await calls.call(run, {}).catch(() => {});
    follow([endpoint('a', { weight: 99 })]);
    await expect(calls.call(run, {})).rejects.toMatchObject({ code: 'circuit-open' });
    follow([]);
    await expect(calls.call(run, {})).rejects.toMatchObject({
      code: 'no-instances',
      message: 'Cannot call prod/orders: no instance takes traffic (registry)',
    });
    follow([endpoint('a')]);
    await expect(calls.call(run, {})).rejects.toBe(refused);
    expect(called).toHaveLength(4);
  });
});

describe('time and signals', () => {
  const hanging = (seen: AbortSignal[]) => (_: Endpoint, signal: AbortSignal) => {
    seen.push(signal);
    return new Promise<string>(() => {});
  };

  test('an attempt that takes too long ends with timeout, and its signal is aborted', async () => {
    const { calls } = worldOf({ a: '' });
    const seen: AbortSignal[] = [];
    const call = calls.call(hanging(seen), {});
    const rejected = expect(call).rejects.toMatchObject({
      code: 'timeout',
      message: 'http://a:80 did not answer within 1000 ms',
    });
    await vi.advanceTimersByTimeAsync(1001);
    await rejected;
    expect(seen[0]?.aborted).toBe(true);
  });

  test('late attempts count against the instance, callers that leave do not', async () => {
    const { calls, states } = worldOf({ a: '' });
    for (let i = 0; i < 5; i++) {
      const controller = new AbortController();
      const seen: AbortSignal[] = [];
      const call = calls.call(hanging(seen), { signal: controller.signal });
      const rejected = expect(call).rejects.toThrow('enough');
      controller.abort(new Error('enough'));
      await rejected;
      expect(seen[0]?.aborted).toBe(true);
    }
    expect(states).toEqual([]);
    for (let i = 0; i < 3; i++) {
      const late = expect(calls.call(hanging([]), { attemptTimeoutMs: 10 })).rejects.toMatchObject({ code: 'timeout' });
      await vi.advanceTimersByTimeAsync(11);
      await late;
    }
    expect(states).toEqual(['a open']);
  });

  test('calls under way are counted, so that the free instance is chosen', async () => {
    const { calls, run, called } = worldOf({ a: 'yes', b: 'yes' }, { strategy: 'least-pending' });
    const first = calls.call(hanging([]), {});
    first.catch(() => {});
    for (let i = 0; i < 5; i++) await calls.call(run, {});
    expect(new Set(called)).toEqual(new Set(['b']));
    await vi.advanceTimersByTimeAsync(1001);
    await expect(first).rejects.toMatchObject({ code: 'timeout' });
    expect(calls.pick().instance).toBe('a');
  });
});

test('the retry budget is a share of the calls beside a reserve of one second', async () => {
  const scheduler = new FakeScheduler();
  const budget = new RetryBudget({ ratio: 0.5, perSecond: 2 }, scheduler);
  expect([budget.spend(), budget.spend(), budget.spend()]).toEqual([true, true, false]);
  for (let i = 0; i < 4; i++) budget.earn();
  expect([budget.spend(), budget.spend(), budget.spend()]).toEqual([true, true, false]);
  await scheduler.pass(60_000);
  expect([budget.spend(), budget.spend(), budget.spend()]).toEqual([true, true, false]);
  for (let i = 0; i < 1000; i++) budget.earn();
  let saved = 0;
  while (budget.spend()) saved++;
  expect(saved).toBe(100);
});

test('what was not sent is known from error codes, wrapped as Node and undici wrap them', () => {
  expect(isUnsent(refused)).toBe(true);
  expect(isUnsent(new TypeError('fetch failed', { cause: refused }))).toBe(true);
  expect(isUnsent(new TypeError('fetch failed', { cause: new AggregateError([refused, refused]) }))).toBe(true);
  expect(isUnsent(new TypeError('fetch failed', { cause: new AggregateError([refused, reset]) }))).toBe(false);
  expect(isUnsent(reset)).toBe(false);
  expect(isUnsent('ECONNREFUSED')).toBe(false);
});
