// A registration kept alive: the calls that the registry gets, and when, while it answers, forgets, refuses or is down.

import { expect, test } from 'vitest';
import { type Answer, problem, unknownInstance } from '../../kit/client/client-scheduler.ts';
import { membershipWorld, orders, ordersPath } from '../../kit/client/membership-world.ts';

test('registers with all its fields, then renews a little before a third of the lease', async () => {
  const registration = { ...orders, zone: 'eu-1a', weight: 3 };
  const { scheduler, member, calls, asked, heard } = membershipWorld(undefined, { registration });
  await member.registered();
  expect(asked[0]?.body).toEqual({ addrs: ['http://10.0.0.7:8080'], zone: 'eu-1a', weight: 3 });
  expect(calls()).toEqual(['PUT']);
  await scheduler.pass(26_999);
  expect(calls()).toEqual([]);
  await scheduler.pass(2);
  expect(calls()).toEqual(['PUT /renew']);
  await scheduler.pass(54_000);
  expect(calls()).toEqual(['PUT /renew', 'PUT /renew']);
  expect(heard).toEqual(['registered', 'renewed', 'renewed', 'renewed']);
  expect(member.state).toBe('registered');
  await member.abandon();
  expect(scheduler.waiting).toBe(0);
});

test('the reply of a registration comes with the event', async () => {
  const { member } = membershipWorld();
  const reply = new Promise((resolve) => void member.once('registered', resolve));
  expect(await reply).toMatchObject({
    outcome: 'created',
    leaseSeconds: 90,
    dnsTtl: 5,
    dnsNames: ['orders.prod.svc.'],
  });
  await member.abandon();
});

test.each([
  [0, 24_000],
  [0.999, 29_994],
])('chance %d renews after %d ms', async (random, ms) => {
  const { scheduler, calls, member } = membershipWorld(undefined, { random });
  await scheduler.pass(ms - 1);
  expect(calls()).toEqual(['PUT']);
  await scheduler.pass(2);
  expect(calls()).toEqual(['PUT /renew']);
  await member.abandon();
});

test.each<[unknown, number]>([
  [1e300, 86_400],
  [0.0001, 5],
  [30, 30],
  [-1, 90],
  ['soon', 90],
  [null, 90],
])('a lease of %j s is renewed as one of %d s', async (leaseSeconds, taken) => {
  const world = membershipWorld(undefined, { leaseSeconds });
  await world.member.registered();
  world.calls();
  const everyMs = (taken * 1000 * 0.9) / 3;
  await world.scheduler.pass(everyMs - 1);
  expect(world.calls()).toEqual([]);
  await world.scheduler.pass(everyMs + 1);
  expect(world.calls()).toEqual(['PUT /renew', 'PUT /renew']);
  await world.member.abandon();
});

test('where the registry sends no lease that makes sense, the one that was asked for counts', async () => {
  const { member, scheduler, calls } = membershipWorld(undefined, {
    registration: { ...orders, leaseSeconds: 30 },
    leaseSeconds: '90',
  });
  await member.registered();
  calls();
  await scheduler.pass(10_001);
  expect(calls()).toEqual(['PUT /renew']);
  await member.abandon();
});

test('a lease that was shortened meanwhile is renewed in its time', async () => {
  const { scheduler, registry, member, calls } = membershipWorld();
  await member.registered();
  registry.leaseSeconds = 30;
  await scheduler.pass(27_001);
  calls();
  await scheduler.pass(9001);
  expect(calls()).toEqual(['PUT /renew']);
  await member.abandon();
});

test('a registry that does not know it any more gets it again at once', async () => {
  const { scheduler, registry, member, calls, heard } = membershipWorld();
  await member.registered();
  calls();
  registry.instance = undefined;
  await scheduler.pass(27_001);
  expect(calls()).toEqual(['PUT /renew', 'PUT']);
  expect(heard).toEqual(['registered', 'forgotten', 'registered']);
  await member.abandon();
});

test.each<[string, Answer]>([
  ['a page of an ingress', { status: 404, text: '<html>default backend - 404</html>' }],
  ['a document of a gateway', { status: 404, document: { type: 'about:blank', title: 'Not Found', status: 404 } }],
  ['another 404 of the registry', problem(404, 'unknown-route')],
])('%s does not mean that it is forgotten', async (_what, answer) => {
  let isAnswered = false;
  const { scheduler, member, calls, heard } = membershipWorld(({ url }) =>
    isAnswered && url.endsWith('/renew') ? answer : undefined,
  );
  await member.registered();
  isAnswered = true;
  await scheduler.pass(60_000);
  expect(new Set(calls())).toEqual(new Set(['PUT', 'PUT /renew']));
  expect(heard.slice(0, 2)).toEqual(['registered', 'trouble']);
  expect(heard).not.toContain('forgotten');
  expect(member.state).toBe('registered');
  await member.abandon();
});

test('while the registry is down it is tried again, ever less often, and then it is registered', async () => {
  let isDown = true;
  const { scheduler, member, calls, heard } = membershipWorld(() => (isDown ? 'refused' : undefined));
  await scheduler.pass(60_000);
  const tries = calls().length;
  // Half a second doubled to 15 s, by halves of the span: 0.75, 1.25, 2.25, 4.25, then 7.75 s each.
  expect(tries).toBeGreaterThan(8);
  expect(tries).toBeLessThan(14);
  await expect(Promise.all([member.registered({ timeoutMs: 100 }), scheduler.pass(101)])).rejects.toMatchObject({
    code: 'timeout',
  });
  isDown = false;
  await Promise.all([member.registered(), scheduler.pass(16_000)]);
  expect(heard.at(-1)).toBe('registered');
  await member.abandon();
});

test('Retry-After is respected, up to a minute', async () => {
  let seconds = '20';
  const { scheduler, member, calls } = membershipWorld(() => ({ status: 503, headers: { 'retry-after': seconds } }));
  await scheduler.pass(19_000);
  expect(calls()).toEqual(['PUT']);
  seconds = '3600';
  await scheduler.pass(2000);
  expect(calls()).toEqual(['PUT']);
  await scheduler.pass(58_000);
  expect(calls()).toEqual([]);
  await scheduler.pass(2000);
  expect(calls()).toEqual(['PUT']);
  await member.abandon();
});

test('a registration that is wrong is refused for good, with every error', async () => {
  const errors = [{ field: 'addrs[0]', message: 'has no host', value: 'http://:80' }];
  const { scheduler, member, calls, heard } = membershipWorld(() =>
    problem(400, 'invalid-request', 'Cannot register: addrs[0] has no host.', errors),
  );
  await scheduler.pass(100_000);
  await expect(member.registered()).rejects.toMatchObject({
    code: 'refused',
    status: 400,
    type: 'urn:rollcall:problem:invalid-request',
    message: 'Cannot register: addrs[0] has no host.',
    errors,
  });
  expect(calls()).toEqual(['PUT']);
  expect(heard).toEqual(['refused']);
  expect(await member.drain()).toMatchObject({ safe: true });
});

test.each([
  [401, 'unauthorized'],
  [403, 'foreign-origin'],
  [409, 'conflict'],
])('a refusal with %d may pass', async (status, kind) => {
  let isRefused = true;
  const { scheduler, member } = membershipWorld(() => (isRefused ? problem(status, kind) : undefined));
  await scheduler.pass(10_000);
  isRefused = false;
  await Promise.all([member.registered(), scheduler.pass(16_000)]);
  await member.abandon();
});

test('an update is sent at once, also while a call is under way', async () => {
  const { scheduler, member, asked, calls } = membershipWorld();
  await member.registered();
  await Promise.all([member.update({ weight: 1 }), scheduler.pass(0)]);
  await Promise.all([member.update({ weight: 2 }), member.update({ weight: 3 }), scheduler.pass(0)]);
  expect(asked.map(({ body }) => (body as { weight?: number }).weight).at(-1)).toBe(3);
  calls();
  await scheduler.pass(27_001);
  expect(calls()).toEqual(['PUT /renew']);
  await member.abandon();
});

test('an update of the addresses is ours after it, and was before', async () => {
  const { scheduler, registry, member, heard } = membershipWorld();
  await member.registered();
  registry.change({ status: 'up' });
  await Promise.all([member.update({ addrs: ['http://10.0.0.8:8080'] }), scheduler.pass(0)]);
  registry.change({ status: 'up' });
  await scheduler.pass(27_001);
  expect(registry.instance?.addrs).toEqual(['http://10.0.0.8:8080']);
  expect(heard).not.toContain('replaced');
  await member.abandon();
});

test.each([
  [{ ...orders, instance: '..' }, 'Cannot register: instance must not be . or .., received ".."'],
  [{ ...orders, env: '' }, 'Cannot register: env must be a text that is not empty, received ""'],
  [{ ...orders, instance: undefined, addrs: [] }, 'Cannot register: addrs must have at least one address'],
])('%j is invalid', (registration, message) => {
  expect(() => membershipWorld(undefined, { registration })).toThrow(message);
});

test('the first address is the id of an instance that has none', async () => {
  const registration = { env: 'prod', appid: 'orders', addrs: ['http://[2001:db8::7]:80'] };
  const { member, asked } = membershipWorld(() => ({ status: 201, document: {} }), { registration });
  await member.registered();
  expect(asked[0]?.url).toBe('http://r1/api/v1/apps/prod/orders/%5B2001%3Adb8%3A%3A7%5D%3A80');
  await member.abandon();
});

test('it is cancelled at the end of its scope', async () => {
  const { member, calls, ends } = membershipWorld();
  await member.registered();
  calls();
  await member[Symbol.asyncDispose]();
  expect(calls()).toEqual(['DELETE']);
  await member[Symbol.asyncDispose]();
  expect({ more: calls(), state: member.state, hasEnded: ends() > 0 }).toEqual({
    more: [],
    state: 'cancelled',
    hasEnded: true,
  });
});

test('a name that another registration has taken is left alone, and taken again once it is free', async () => {
  const { scheduler, registry, member, calls, heard } = membershipWorld();
  await member.registered();
  registry.change({ addrs: ['http://10.0.0.8:8080'] });
  calls();
  await scheduler.pass(27_001);
  expect(calls()).toEqual(['PUT /renew', 'GET']);
  expect({ state: member.state, heard }).toEqual({ state: 'replaced', heard: ['registered', 'renewed', 'replaced'] });
  await scheduler.pass(81_000);
  expect(calls()).toEqual(['GET', 'GET', 'GET']);
  registry.instance = undefined;
  await scheduler.pass(27_001);
  expect(calls()).toEqual(['GET', 'PUT']);
  expect(registry.instance).toMatchObject({ addrs: orders.addrs });
  expect(heard.filter((name) => name === 'replaced')).toHaveLength(1);
  await member.abandon();
});

test('what an operator has changed is still ours', async () => {
  const { scheduler, registry, member, calls, heard } = membershipWorld();
  await member.registered();
  registry.change({ status: 'up' });
  await scheduler.pass(27_001);
  calls();
  await scheduler.pass(27_001);
  expect(calls()).toEqual(['PUT /renew']);
  expect(heard).not.toContain('replaced');
  await member.abandon();
});

test('an update does not take the name back', async () => {
  const { scheduler, registry, member, asked } = membershipWorld();
  await member.registered();
  registry.change({ addrs: ['http://10.0.0.8:8080'] });
  void member.update({ weight: 7 }).catch(() => {});
  await scheduler.pass(1000);
  expect(registry.instance?.addrs).toEqual(['http://10.0.0.8:8080']);
  expect(member.state).toBe('replaced');
  expect(asked.filter(({ method, url }) => method === 'PUT' && url.endsWith(ordersPath)).at(-1)?.headers).toMatchObject(
    {
      'if-match': '"1"',
    },
  );
  await member.abandon();
});

test('a registration of which nothing is known any more is looked for again after a failure of the look', async () => {
  let isSilent = false;
  const { scheduler, registry, member, calls } = membershipWorld(({ method }) =>
    isSilent && method === 'GET' ? problem(503, 'overloaded') : undefined,
  );
  await member.registered();
  isSilent = true;
  registry.change({ addrs: ['http://10.0.0.8:8080'] });
  await scheduler.pass(27_001);
  expect(member.state).toBe('registered');
  isSilent = false;
  calls();
  await scheduler.pass(27_001);
  expect(calls()).toEqual(['PUT /renew', 'GET']);
  expect(member.state).toBe('replaced');
  await member.abandon();
});

test('an instance that vanishes between the renewal and the look is registered again', async () => {
  const { scheduler, registry, member, calls } = membershipWorld(({ method }) =>
    method === 'GET' ? unknownInstance : undefined,
  );
  await member.registered();
  registry.change({ status: 'up' });
  calls();
  await scheduler.pass(27_001);
  expect(calls()).toEqual(['PUT /renew', 'GET', 'PUT']);
  await member.abandon();
});
