// Three nodes without etcd, as processes: what is registered at one is answered by all, what renews at any node stays, what is
// cancelled stays away, and a node that is killed, stopped or cut off finds its way back.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addressesAt, api } from '../../kit/cluster/cluster-world.ts';
import { PeersWorld } from '../../kit/cluster/peers-world.ts';
import type { ServerProcess } from '../../kit/process/server-process.ts';
import { until } from '../../kit/process/until.ts';

const leaseSeconds = 6;

function register(node: ServerProcess, app: string, id: string, address: string, more: object = {}) {
  return api(node, 'PUT', `/apps/prod/${app}/${id}`, { addrs: [`http://${address}:80`], leaseSeconds, ...more });
}

async function stateOf(node: ServerProcess): Promise<unknown> {
  return (await api(node, 'GET', '/nodes')).body['state'];
}

/** Renews until it is disposed, each time at the next of these nodes that answers. */
function renewing(nodes: () => readonly ServerProcess[], app: string, id: string) {
  const statuses: number[] = [];
  let turn = 0;
  let calls = Promise.resolve();
  const timer = setInterval(() => {
    calls = calls.then(async () => {
      const all = nodes();
      const node = all[turn++ % all.length];
      const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 1500).unref());
      const call = node && api(node, 'PUT', `/apps/prod/${app}/${id}/renew`).catch(() => undefined);
      const reply = await Promise.race([call, late]);
      if (reply !== undefined) statuses.push(reply.status);
    });
  }, 700);
  return {
    statuses,
    [Symbol.dispose]() {
      clearInterval(timer);
    },
  };
}

function alike(nodes: readonly ServerProcess[], app: string, addresses: readonly string[]): Promise<true> {
  return until(
    `${app} is ${addresses.join(', ')} everywhere`,
    async () => {
      const all = await Promise.all(nodes.map((node) => addressesAt(node, app)));
      return all.every((one) => one.toSorted().join() === addresses.toSorted().join());
    },
    { withinMs: 40_000 },
  );
}

function joined(nodes: readonly ServerProcess[]): Promise<true> {
  return until('all are joined', async () => (await Promise.all(nodes.map(stateOf))).every((one) => one === 'joined'), {
    withinMs: 30_000,
  });
}

describe('three nodes without etcd', () => {
  let world: PeersWorld;
  beforeAll(async () => {
    world = await PeersWorld.start();
    await joined(world.running);
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  test('show what was registered at one of them, and report that every node has it', async () => {
    const reply = await register(world.node(0), 'shown', 'a', '10.0.0.1');
    expect([reply.status, reply.body['replicated']]).toEqual([201, true]);
    for (const node of world.running) expect(await addressesAt(node, 'shown')).toEqual(['10.0.0.1']);
    const patched = await api(world.node(1), 'PATCH', '/apps/prod/shown/a', { addrs: ['http://10.0.0.2:80'] });
    expect([patched.status, patched.body['replicated']]).toEqual([200, true]);
    for (const node of world.running) expect(await addressesAt(node, 'shown')).toEqual(['10.0.0.2']);
    const cancelled = await api(world.node(2), 'DELETE', '/apps/prod/shown/a');
    expect([cancelled.status, cancelled.body['replicated']]).toEqual([200, true]);
    for (const node of world.running) expect(await addressesAt(node, 'shown')).toEqual([]);
  });

  test('keep what renews at another node than its own, and let go of what does not', async () => {
    await register(world.node(0), 'kept', 'a', '10.0.0.1');
    await register(world.node(0), 'kept', 'b', '10.0.0.2');
    using beating = renewing(() => [world.node(1), world.node(2)], 'kept', 'a');
    await alike(world.running, 'kept', ['10.0.0.1']);
    expect(new Set(beating.statuses)).toEqual(new Set([200]));
    const { body } = await api(world.node(2), 'GET', '/nodes');
    expect(body['nodes']).toMatchObject([{ state: 'joined' }, { state: 'joined' }, { state: 'joined' }]);
  });

  test('answer a question that one node cannot: what the others hold, and what is to be compared', async () => {
    await register(world.node(0), 'drained', 'a', '10.0.0.1');
    await addressesAt(world.node(2), 'drained');
    const drained = await api(world.node(1), 'POST', '/apps/prod/drained/a/drain?wait=20s');
    expect(drained.body).toMatchObject({ replicated: true, safe: true });
    const read = await api(world.node(1), 'GET', '/apps/prod/drained/a?consistent=true');
    expect([read.status, read.body['type']]).toEqual([501, expect.stringContaining('not-in-this-mode')]);
    const unknown = await api(world.node(1), 'PUT', '/apps/prod/drained/nobody/renew');
    expect(unknown.status).toBe(404);
  });

  test('a node that is killed: who renews elsewhere stays, who does not leaves, and it comes back', async () => {
    await register(world.node(0), 'killed', 'a', '10.0.0.1');
    await register(world.node(0), 'killed', 'b', '10.0.0.2');
    using beating = renewing(() => [world.node(1), world.node(2)], 'killed', 'a');
    await world.kill(0);
    const others = [world.node(1), world.node(2)];
    await alike(others, 'killed', ['10.0.0.1']);
    await until('it is missed', async () => (await api(world.node(1), 'GET', '/nodes')).body['executorFor']);
    await api(world.node(1), 'DELETE', '/apps/prod/shown/gone').catch(() => undefined);
    await world.startNode(0);
    await joined(world.running);
    await alike(world.running, 'killed', ['10.0.0.1']);
    expect(new Set(beating.statuses)).toEqual(new Set([200]));
  });

  test('a node that starts without its data folder has everything again, what it ran itself too', async () => {
    await register(world.node(0), 'lost', 'a', '10.0.0.1', { leaseSeconds: 60 });
    await register(world.node(1), 'lost', 'b', '10.0.0.2', { leaseSeconds: 60 });
    await register(world.node(0), 'lost', 'c', '10.0.0.3', { leaseSeconds: 60 });
    await alike(world.running, 'lost', ['10.0.0.1', '10.0.0.2', '10.0.0.3']);
    await world.kill(0);
    await api(world.node(2), 'DELETE', '/apps/prod/lost/c');
    world.loseData(0);
    await world.startNode(0);
    expect((await addressesAt(world.node(0), 'lost')).toSorted()).toEqual(['10.0.0.1', '10.0.0.2']);
    await joined(world.running);
  });

  test('a node that is cut off goes on answering and writing, removes nothing, and is as the others after the heal', async () => {
    await register(world.node(0), 'cut', 'a', '10.0.0.1');
    await register(world.node(1), 'cut', 'b', '10.0.0.2');
    using _first = renewing(() => [world.node(0)], 'cut', 'a');
    using _second = renewing(() => [world.node(1)], 'cut', 'b');
    world.isolate(0);
    await until('it is cut', async () => (await stateOf(world.node(0))) === 'cut', { withinMs: 15_000 });
    const written = await register(world.node(0), 'cut', 'c', '10.0.0.3', { leaseSeconds: 60 });
    expect([written.status, written.body['replicated']]).toEqual([201, false]);
    const cancelled = await api(world.node(0), 'DELETE', '/apps/prod/cut/b');
    expect([cancelled.status, cancelled.body['replicated']]).toEqual([200, false]);
    const moved = await register(world.node(1), 'cut', 'b', '10.0.0.4');
    expect(moved.status).toBe(200);
    expect((await addressesAt(world.node(0), 'cut')).toSorted()).toEqual(['10.0.0.1', '10.0.0.3']);
    world.heal(0);
    await joined(world.running);
    // Registered after it was cancelled.
    await alike(world.running, 'cut', ['10.0.0.1', '10.0.0.3', '10.0.0.4']);
  });

  test('of two that cannot reach each other each has the other’s changes from the third, and none is dead', async () => {
    world.cut(0, 1);
    await register(world.node(0), 'pair', 'a', '10.0.0.1', { leaseSeconds: 60 });
    await register(world.node(1), 'pair', 'b', '10.0.0.2', { leaseSeconds: 60 });
    await alike(world.running, 'pair', ['10.0.0.1', '10.0.0.2']);
    expect(await Promise.all(world.running.map(stateOf))).toEqual(['joined', 'joined', 'joined']);
    world.mend(0, 1);
  });

  test('a node whose calls do not reach another, though it is called by it: all have everything, and none is dead', async () => {
    world.cutOneWay(0, 1);
    await register(world.node(0), 'oneway', 'a', '10.0.0.1');
    await register(world.node(1), 'oneway', 'b', '10.0.0.2');
    // Each renews at the other one, so that hearings have to go both ways.
    using first = renewing(() => [world.node(1)], 'oneway', 'a');
    using second = renewing(() => [world.node(0)], 'oneway', 'b');
    await alike(world.running, 'oneway', ['10.0.0.1', '10.0.0.2']);
    // Longer than a lease.
    await until('both were renewed for longer than a lease', async () =>
      [first, second].every(({ statuses }) => statuses.length * 0.7 > leaseSeconds + 2),
    );
    await alike(world.running, 'oneway', ['10.0.0.1', '10.0.0.2']);
    expect(new Set([...first.statuses, ...second.statuses])).toEqual(new Set([200]));
    for (const node of world.running) expect((await api(node, 'GET', '/nodes')).body['executorFor']).toEqual([]);
    world.mend(0, 1);
  });

  test('a node that is stopped and goes on removes nothing that renewed elsewhere', async () => {
    await register(world.node(0), 'stopped', 'a', '10.0.0.1');
    await alike(world.running, 'stopped', ['10.0.0.1']);
    using beating = renewing(() => [world.node(1), world.node(2)], 'stopped', 'a');
    world.signal(0, 'SIGSTOP');
    await until(
      'it is missed',
      async () => {
        const { body } = await api(world.node(1), 'GET', '/nodes');
        return (body['executorFor'] as readonly string[]).includes('n1');
      },
      { withinMs: 20_000 },
    );
    world.signal(0, 'SIGCONT');
    await joined(world.running);
    await alike(world.running, 'stopped', ['10.0.0.1']);
    expect(new Set(beating.statuses)).toEqual(new Set([200]));
  });

  test('a name that is in use is refused, with the url of who has it', async () => {
    await expect(world.startNamesake(1, 'n1')).rejects.toThrow(/n1.*http:\/\/127\.0\.0\.1/s);
  });

  test('a node that will not come back is struck off, at one of the others for all', async () => {
    await world.kill(2);
    await until(
      'it is missed',
      async () => {
        const { body } = await api(world.node(1), 'GET', '/nodes');
        return (body['nodes'] as readonly { missed: boolean }[]).some(({ missed }) => missed);
      },
      { withinMs: 20_000 },
    );
    expect((await api(world.node(1), 'DELETE', '/nodes/n1')).status).toBe(409);
    expect((await api(world.node(1), 'DELETE', '/nodes/n3')).status).toBe(204);
    for (const node of world.running)
      await until('it is not missed', async () => {
        const { nodes } = (await api(node, 'GET', '/nodes')).body as { nodes: readonly { missed: boolean }[] };
        return nodes.every(({ missed }) => !missed);
      });
    await world.startNode(2);
    await joined(world.running);
  });

  test('all of them restart, and have what they had', async () => {
    await register(world.node(0), 'restarted', 'a', '10.0.0.1', { leaseSeconds: 60 });
    await register(world.node(1), 'restarted', 'b', '10.0.0.2', { leaseSeconds: 60 });
    await register(world.node(2), 'restarted', 'c', '10.0.0.3', { leaseSeconds: 60 });
    await alike(world.running, 'restarted', ['10.0.0.1', '10.0.0.2', '10.0.0.3']);
    await api(world.node(0), 'DELETE', '/apps/prod/restarted/c');
    for (const index of [0, 1, 2]) await world.kill(index);
    await Promise.all([0, 1, 2].map((index) => world.startNode(index)));
    await joined(world.running);
    await alike(world.running, 'restarted', ['10.0.0.1', '10.0.0.2']);
  });
});

test('of two nodes nothing of the other one is removed before the ceiling, and it can be struck off', async () => {
  await using world = await PeersWorld.start({ count: 2 });
  await joined(world.running);
  await register(world.node(1), 'two', 'a', '10.0.0.1', { leaseSeconds: 5 });
  await world.kill(1);
  await until('it is cut', async () => (await stateOf(world.node(0))) === 'cut', { withinMs: 15_000 });
  const { body } = await api(world.node(0), 'GET', '/nodes');
  expect(body['executorFor']).toEqual([]);
  // Longer than its lease and the grace.
  await new Promise((resolve) => setTimeout(resolve, 9000));
  expect(await addressesAt(world.node(0), 'two')).toEqual(['10.0.0.1']);
  expect((await api(world.node(0), 'DELETE', '/nodes/n2')).status).toBe(204);
  await alike(world.running, 'two', []);
  expect(await stateOf(world.node(0))).toBe('joined');
});
