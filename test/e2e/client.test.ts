// The client against a real registry and real HTTP services: load is spread, an instance that leaves is called no more at
// once, a dead one is held back, drains lose nothing.

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Endpoint } from '../../src/client/client.ts';
import { apiOf, ask, clientOf, patience, serverFor, threeBackends } from '../kit/client/client-world.ts';
import type { Backend } from '../kit/http/http-backends.ts';
import { until } from '../kit/process/until.ts';

test('calls are spread evenly, and an instance that leaves is called no more', async () => {
  const server = await serverFor();
  const backends = await threeBackends(21);
  const client = clientOf(server, { strategy: 'round-robin' });
  const members = backends.map(({ addr }, index) =>
    client.register({ env: 'prod', appid: 'orders', instance: `orders-${index}`, addrs: [addr] }),
  );
  await Promise.all(members.map((member) => member.registered(patience)));
  const discovery = client.discover('prod/orders');
  await until('three endpoints', () => discovery.endpoints.length === 3, patience);
  for (let i = 0; i < 30; i++) await ask(client);
  expect(backends.map(({ hits }) => hits)).toEqual([10, 10, 10]);

  // By the event, long before any lease ends.
  const change = new Promise<readonly Endpoint[]>((resolve) => void discovery.once('change', resolve));
  expect(await members[0]?.cancel()).toMatchObject({ gone: true });
  expect((await change).map(({ instance }) => instance).sort()).toEqual(['orders-1', 'orders-2']);
  for (let i = 0; i < 20; i++) await ask(client);
  expect(backends.map(({ hits }) => hits)).toEqual([10, 20, 20]);
  await client.close();
  await server.stop();
});

test('a dead instance costs a few calls nothing, and is called no more until it is back', async () => {
  const server = await serverFor();
  const backends = await threeBackends(24);
  const api = apiOf(server);
  for (const [index, { addr }] of backends.entries()) await api.register(`prod/orders/orders-${index}`, [addr]);
  const client = clientOf(server, { strategy: 'round-robin', breaker: { failures: 3, halfOpenAfterMs: 500 } });
  const states: string[] = [];
  const retries: string[] = [];
  client.on('breaker', ({ endpoint, state }) => states.push(`${endpoint.instance} ${state}`));
  client.on('retry', ({ endpoint }) => retries.push(endpoint.instance));
  const dead = backends[1] as Backend;
  await dead.stop();
  for (let i = 0; i < 30 && states.length === 0; i++) await ask(client);
  expect(states).toEqual(['orders-1 open']);
  expect(retries).toHaveLength(3);
  await dead.restart();
  await until(
    'the breaker being closed',
    async () => (await ask(client)) && states.includes('orders-1 closed'),
    patience,
  );
  expect(states.slice(0, 3)).toEqual(['orders-1 open', 'orders-1 half-open', 'orders-1 closed']);
  await client.close();
  await server.stop();
});

test('rolling restarts under load lose no call', async () => {
  const server = await serverFor();
  const backends = await threeBackends(25);
  const owner = clientOf(server);
  const members = backends.map(({ addr }, index) =>
    owner.register({ env: 'prod', appid: 'orders', instance: `orders-${index}`, addrs: [addr], dnsTtl: 1 }),
  );
  await Promise.all(members.map((member) => member.registered(patience)));
  // Nothing is repeated: a call that meets a stopped instance is a failure of the drain.
  const caller = clientOf(server, { retry: 'never' });
  await caller.discover('prod/orders').ready(patience);
  let isOver = false;
  let done = 0;
  const failures: unknown[] = [];
  const load = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      await ask(caller).then(
        () => done++,
        (error: unknown) => failures.push(error),
      );
      await sleep(2);
    }
  });
  const drained: boolean[] = [];
  for (const [index, member] of members.entries()) {
    const before = backends[index]?.hits ?? 0;
    await until('some load', () => (backends[index]?.hits ?? 0) > before, patience);
    drained.push((await member.drain({ reason: 'deploy', settleMs: 2000 })).safe);
    await backends[index]?.stop();
    await backends[index]?.restart();
    await member.update({ status: 'up' }, patience);
    const hits = backends[index]?.hits ?? 0;
    await until('its return', () => (backends[index]?.hits ?? 0) > hits, patience);
  }
  isOver = true;
  await Promise.all(load);
  expect({ failures, drained }).toEqual({ failures: [], drained: [true, true, true] });
  expect(done).toBeGreaterThan(30);
  expect(await members[0]?.leave()).toMatchObject({ safe: true });
  await Promise.all([owner.close(), caller.close()]);
  await server.stop();
}, 120_000);
