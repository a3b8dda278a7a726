// Several addresses of a registry: who is asked, in which order, and who is left alone.

import { expect, test } from 'vitest';
import { backOffMs } from '../../../src/client/registry/back-off.ts';
import { RegistryLink } from '../../../src/client/registry/registry-link.ts';
import { retryAfterMs } from '../../../src/client/registry/retry-after.ts';
import { type Answer, FakeTime, fakeFetch } from '../../kit/client-time.ts';

const never = new AbortController().signal;
const done: Answer = { status: 200, document: { ok: true } };

function worldOf(answers: Record<string, Answer>) {
  const time = new FakeTime();
  const { fetch, asked } = fakeFetch(({ url }) => answers[new URL(url).host] ?? 'refused');
  const link = new RegistryLink({
    addresses: ['http://r1', 'http://r2', 'http://r3'],
    token: 'secret',
    fetch,
    time,
    replyWithinMs: 1000,
  });
  const call = async () => {
    const before = asked.length;
    const reply = await link.call({ method: 'GET', path: '/x' }, never);
    return [reply.kind, ...asked.slice(before).map(({ url }) => new URL(url).host)];
  };
  return { time, link, call, asked, answers };
}

test('the next address is asked where one is away, and first from then on', async () => {
  const { call, asked, answers } = worldOf({ r2: done, r3: done });
  expect(await call()).toEqual(['done', 'r1', 'r2']);
  answers['r1'] = done;
  expect(await call()).toEqual(['done', 'r2']);
  answers['r2'] = 'refused';
  expect(await call()).toEqual(['done', 'r2', 'r3']);
  expect(asked[0]?.headers).toMatchObject({ authorization: 'Bearer secret', accept: 'application/json' });
});

test('a refusal is an answer, an overload is not, and its Retry-After keeps callers away', async () => {
  const { call, time, answers } = worldOf({ r1: { status: 404 }, r2: done });
  expect(await call()).toEqual(['refused', 'r1']);
  answers['r1'] = { status: 503, headers: { 'retry-after': '5' } };
  expect(await call()).toEqual(['done', 'r1', 'r2']);
  answers['r2'] = { status: 429, headers: { 'retry-after': '2' } };
  expect(await call()).toEqual(['busy', 'r2', 'r3']);
  expect(await call()).toEqual(['busy', 'r3']);
  await time.pass(2001);
  answers['r2'] = done;
  expect(await call()).toEqual(['done', 'r2']);
});

test('what is said when nobody answers is the soonest time to ask again', async () => {
  const { link } = worldOf({
    r1: { status: 503, headers: { 'retry-after': '9' } },
    r2: { status: 503, headers: { 'retry-after': '4' }, document: { detail: 'busy' } },
  });
  expect(await link.call({ method: 'GET', path: '/x' }, never)).toEqual({
    kind: 'busy',
    status: 503,
    text: 'busy',
    waitMs: 4000,
  });
});

test('a reply that does not come is given up', async () => {
  const time = new FakeTime();
  const hanging = ((_: string, { signal }: RequestInit) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason as Error));
    })) as unknown as typeof fetch;
  const link = new RegistryLink({ addresses: ['http://r1'], fetch: hanging, time, replyWithinMs: 1000 });
  const [reply] = await Promise.all([link.call({ method: 'GET', path: '/x', moreMs: 500 }, never), time.pass(1501)]);
  expect(reply).toEqual({ kind: 'unreachable', text: 'cannot reach rollcall at http://r1: no reply within 1500 ms' });
});

test.each([
  [null, undefined],
  ['3', 3000],
  ['Thu, 01 Jan 2026 00:00:10 GMT', 10_000],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['99999999', 300_000],
  ['soon', undefined],
])('Retry-After: %s is %s ms', (header, ms) => {
  expect(retryAfterMs(header, Date.UTC(2026, 0, 1))).toBe(ms);
});

test('waits grow to the most there is, and chance spreads them over all of that', () => {
  const backOff = { leastMs: 100, mostMs: 1000 };
  expect([1, 2, 3, 4, 99].map((failures) => backOffMs(failures, backOff, () => 0.999_999))).toEqual([
    200, 400, 800, 1000, 1000,
  ]);
  expect([1, 4, 99].map((failures) => backOffMs(failures, backOff, () => 0))).toEqual([100, 100, 100]);
});
