// A registration kept alive: the calls that the registry gets, and when, while it answers, forgets, refuses or is away.

import { expect, test } from 'vitest';
import { Membership } from '../../../src/client/registration/membership.ts';
import type { Registration } from '../../../src/client/registration/registration.ts';
import { RegistryLink } from '../../../src/client/registry/registry-link.ts';
import { type Answer, type Asked, FakeTime, fakeFetch } from '../../kit/client-time.ts';

const orders: Registration = { env: 'prod', appid: 'orders', instance: 'orders-1', addrs: ['http://10.0.0.7:8080'] };
const path = '/api/v1/apps/prod/orders/orders-1';
const accepted: Answer = { status: 201, document: { renewEverySeconds: 30, outcome: 'created' } };

interface World {
  readonly time: FakeTime;
  readonly member: Membership;
  /** `PUT`, and `renew` for short, since it was asked last. */
  calls(): string[];
  readonly asked: Asked[];
  readonly heard: string[];
  ends(): number;
}

/** `random` is the middle by default: a renewal every 27 s. */
function worldOf(script: (asked: Asked) => Answer, registration = orders, random = 0.5): World {
  const time = new FakeTime();
  const { fetch, asked } = fakeFetch(script);
  const link = new RegistryLink({ addresses: ['http://r1'], fetch, time, replyWithinMs: 10_000 });
  let ends = 0;
  const member = new Membership(registration, { link, time, random: () => random, onEnd: () => ends++ });
  const heard: string[] = [];
  for (const name of ['registered', 'renewed', 'forgotten', 'trouble', 'refused'] as const)
    member.on(name, () => heard.push(name));
  let seen = 0;
  const calls = (): string[] => {
    const now = asked
      .slice(seen)
      .map(({ method, url }) => (url.endsWith('/renew') ? 'renew' : `${method} ${url.slice('http://r1'.length)}`));
    seen = asked.length;
    return now;
  };
  return { time, member, calls, asked, heard, ends: () => ends };
}

test('registers with all its fields, then renews a little before a third of the lease', async () => {
  const { time, member, calls, asked, heard } = worldOf(() => accepted, { ...orders, zone: 'eu-1a', weight: 3 });
  await member.registered();
  expect(asked[0]?.body).toEqual({ addrs: ['http://10.0.0.7:8080'], zone: 'eu-1a', weight: 3 });
  expect(calls()).toEqual([`PUT ${path}`]);
  await time.pass(26_999);
  expect(calls()).toEqual([]);
  await time.pass(2);
  expect(calls()).toEqual(['renew']);
  await time.pass(54_000);
  expect(calls()).toEqual(['renew', 'renew']);
  expect(heard).toEqual(['registered', 'renewed', 'renewed', 'renewed']);
  expect(member.state).toBe('registered');
  await member.abandon();
  expect(time.waiting).toBe(0);
});

test.each([
  [0, 24_000],
  [0.999, 29_994],
])('chance %d renews after %d ms', async (random, ms) => {
  const { time, calls, member } = worldOf(() => accepted, orders, random);
  await time.pass(ms - 1);
  expect(calls()).toEqual([`PUT ${path}`]);
  await time.pass(2);
  expect(calls()).toEqual(['renew']);
  await member.abandon();
});

test('a registry that does not know it any more is told again at once', async () => {
  let isForgotten = false;
  const { time, member, calls, heard } = worldOf(({ url }) =>
    isForgotten && url.endsWith('/renew') ? { status: 404 } : accepted,
  );
  await time.pass(0);
  calls();
  isForgotten = true;
  await time.pass(27_001);
  expect(calls()).toEqual(['renew', `PUT ${path}`]);
  expect(heard).toEqual(['registered', 'forgotten', 'registered']);
  await member.abandon();
});

test('while the registry is away it is tried again, ever less often, and then it is registered', async () => {
  let isAway = true;
  const { time, member, calls, heard } = worldOf(() => (isAway ? 'refused' : accepted));
  await time.pass(60_000);
  const tries = calls().length;
  // Half a second doubled to 15 s, by halves of the span: 0.75, 1.25, 2.25, 4.25, then 7.75 s each.
  expect(tries).toBeGreaterThan(8);
  expect(tries).toBeLessThan(14);
  await expect(Promise.all([member.registered({ withinMs: 100 }), time.pass(101)])).rejects.toMatchObject({
    code: 'late',
    message: expect.stringMatching(
      /^Cannot register prod\/orders\/orders-1: cannot reach rollcall at http:\/\/r1: connect ECONNREFUSED/,
    ),
  });
  isAway = false;
  await Promise.all([member.registered(), time.pass(16_000)]);
  expect(heard.at(-1)).toBe('registered');
  await member.abandon();
});

test('Retry-After is respected', async () => {
  let isBusy = true;
  const { time, member, calls } = worldOf(() =>
    isBusy ? { status: 503, headers: { 'retry-after': '20' } } : accepted,
  );
  await time.pass(19_000);
  expect(calls()).toEqual([`PUT ${path}`]);
  isBusy = false;
  await time.pass(2000);
  expect(calls()).toEqual([`PUT ${path}`]);
  await member.abandon();
});

test('a registration that is wrong is refused for good; a token that is not taken is not', async () => {
  const wrong = worldOf(() => ({ status: 400, document: { detail: 'Cannot register: addrs[0] has no host.' } }));
  await wrong.time.pass(100_000);
  await expect(wrong.member.registered()).rejects.toMatchObject({
    code: 'refused',
    status: 400,
    message: 'Cannot register: addrs[0] has no host.',
  });
  expect(wrong.calls()).toHaveLength(1);
  expect(wrong.heard).toEqual(['refused']);
  expect(await wrong.member.drain()).toEqual({ safe: true, safeToStopAt: undefined });

  let hasToken = false;
  const { time, member } = worldOf(() =>
    hasToken ? accepted : { status: 401, document: { detail: 'A token is needed.' } },
  );
  await time.pass(10_000);
  hasToken = true;
  await Promise.all([member.registered(), time.pass(16_000)]);
  await member.abandon();
});

test('an update is said at once, also while a call is under way', async () => {
  const { time, member, asked } = worldOf(() => accepted);
  await member.registered();
  await Promise.all([member.update({ weight: 1 }), time.pass(0)]);
  await Promise.all([member.update({ weight: 2 }), member.update({ weight: 3 }), time.pass(0)]);
  expect(asked.map(({ body }) => (body as { weight?: number }).weight).at(-1)).toBe(3);
  const before = asked.length;
  await time.pass(27_001);
  expect(asked.slice(before).map(({ url }) => url)).toEqual([`http://r1${path}/renew`]);
  await member.abandon();
});

test('a drain waits until it is safe and a moment longer; who forgot it is told that it waits', async () => {
  let isForgotten = true;
  let drains = 0;
  const { time, member, asked } = worldOf(({ method, url }) => {
    if (method !== 'POST') return accepted;
    if (isForgotten) {
      isForgotten = false;
      return { status: 404 };
    }
    drains++;
    expect(url).toBe(`http://r1${path}/drain?wait=30s&reason=deploy`);
    return { status: 200, document: { safe: drains === 2, safeToStopAt: '2026-11-21T10:00:00.000Z' } };
  });
  await member.registered();
  let result: unknown;
  const drained = member.drain({ reason: 'deploy', settleMs: 700 }).then((one) => {
    result = one;
  });
  await time.pass(600);
  expect({ drains, result }).toEqual({ drains: 2, result: undefined });
  await time.pass(700);
  await drained;
  expect(result).toEqual({ safe: true, safeToStopAt: new Date('2026-11-21T10:00:00.000Z') });
  const bodies = asked.filter(({ method }) => method === 'PUT').map(({ body }) => (body as { status?: string }).status);
  expect(bodies).toEqual([undefined, 'waiting']);
  await member.abandon();
});

test('a drain that cannot be told ends with the time, and says that it is not safe', async () => {
  const { time, member } = worldOf(({ method }) => (method === 'POST' ? 'refused' : accepted));
  await member.registered();
  const [result] = await Promise.all([member.drain({ withinMs: 5000 }), time.pass(20_000)]);
  expect(result).toEqual({ safe: false, safeToStopAt: undefined });
  const controller = new AbortController();
  const drained = member.drain({ signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(drained).rejects.toThrow('enough');
  await member.abandon();
});

test('a cancel ends the renewals before it is said, is tried again, and 404 will do', async () => {
  let failures = 2;
  const { time, member, calls, ends } = worldOf(({ method }) => {
    if (method !== 'DELETE') return accepted;
    return failures-- > 0 ? { status: 503 } : { status: 404 };
  });
  await member.registered();
  calls();
  const [isGone] = await Promise.all([member.cancel({ reason: 'the end' }), time.pass(4000)]);
  expect({ isGone, state: member.state, ends: ends() }).toEqual({ isGone: true, state: 'cancelled', ends: 1 });
  expect(calls()).toEqual(Array.from({ length: 3 }, () => `DELETE ${path}?reason=the+end`));
  await time.pass(200_000);
  expect(calls()).toEqual([]);
  await expect(member.drain()).rejects.toMatchObject({ code: 'closed' });
  expect(time.waiting).toBe(0);
});

test.each([
  [{ ...orders, instance: '..' }, 'Cannot register: instance must not be . or .., received ".."'],
  [{ ...orders, env: '' }, 'Cannot register: env must be a text that is not empty, received ""'],
  [
    { env: 'prod', appid: 'orders', addrs: [] },
    'Cannot register: addrs must have at least one address, received "none"',
  ],
])('%j is refused here', (registration, message) => {
  expect(() => worldOf(() => accepted, registration)).toThrow(message);
});

test('the first address is the name of an instance that has none', async () => {
  const { member, calls } = worldOf(() => accepted, {
    env: 'prod',
    appid: 'orders',
    addrs: ['http://[2001:db8::7]:80'],
  });
  await member.registered();
  expect(calls()).toEqual(['PUT /api/v1/apps/prod/orders/%5B2001%3Adb8%3A%3A7%5D%3A80']);
  await member.abandon();
});
