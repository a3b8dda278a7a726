// What each fault of a node or of etcd does to three nodes: no instance that renews vanishes, the dead are evicted, and a node that is
// cut off reports it and goes on.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addressesAt, api, ClusterWorld, serialAt } from '../../kit/cluster/cluster-world.ts';
import { type Etcd, missingEtcd, startEtcd } from '../../kit/cluster/etcd.ts';
import type { ServerProcess } from '../../kit/process/server-process.ts';
import { until } from '../../kit/process/until.ts';

const names = Array.from({ length: 20 }, (_, index) => `a${index}`);

describe.skipIf(missingEtcd.length > 0)('three nodes', () => {
  let etcd: Etcd;
  let world: ClusterWorld;
  let nodes: ServerProcess[];
  /** Renew at the nodes that live, each beat at another one. */
  const beating = new Set<string>();
  let beats = 0;
  let timer: NodeJS.Timeout;
  const refused: string[] = [];

  beforeAll(async () => {
    etcd = await startEtcd();
    world = new ClusterWorld(etcd.urls, 'faults');
    nodes = await Promise.all(
      ['n1', 'n2', 'n3'].map((node) => world.start(node, { env: { ROLLCALL_CLUSTER_MODE: 'cp' } })),
    );
    timer = setInterval(() => void beat(), 1500);
  });
  afterAll(async () => {
    clearInterval(timer);
    await world[Symbol.asyncDispose]();
    await etcd[Symbol.asyncDispose]();
  });

  async function beat(): Promise<void> {
    const node = nodes[beats++ % nodes.length] as ServerProcess;
    const instances = [...beating].map((instance) => ({ env: 'prod', appid: 'orders', instance }));
    if (instances.length === 0) return;
    const reply = await api(node, 'POST', '/renew', { instances }).catch(() => undefined);
    for (const one of (reply?.body['results'] ?? []) as { instance: string; status: string }[])
      if (one.status !== 'renewed' && beating.has(one.instance)) refused.push(`${one.instance} ${one.status}`);
  }

  const at = (index: number): ServerProcess => nodes[index] as ServerProcess;
  const addressOf = (name: string): string => `10.1.0.${name.slice(1)}`;

  test('renewals that come to any node keep all instances at all nodes', async () => {
    for (const name of names) {
      const body = { addrs: [`http://${addressOf(name)}:80`], leaseSeconds: 6 };
      expect((await api(at(0), 'PUT', `/apps/prod/orders/${name}`, body)).status).toBe(201);
      beating.add(name);
    }
    const from = beats;
    await until('ten beats', () => beats >= from + 10);
    for (const node of nodes) expect(await addressesAt(node, 'orders')).toEqual(names.map(addressOf).sort());
    expect(refused).toEqual([]);
  });

  test('without etcd DNS and renewals go on, writes are refused, and no instance is evicted', async () => {
    const [member] = etcd.members;
    await member?.kill();
    const write = async () => (await api(at(1), 'PUT', '/apps/prod/late/a1', { addrs: ['http://10.9.0.1:80'] })).status;
    await until('n2 refuses writes', async () => (await write()) === 503);
    const from = beats;
    await until('ten beats', () => beats >= from + 10);
    for (const node of nodes) expect(await addressesAt(node, 'orders')).toEqual(names.map(addressOf).sort());
    expect(refused).toEqual([]);
    await etcd.start();
    await until('n2 takes writes', async () => (await write()) < 300);
    for (const node of nodes)
      await until('it is everywhere', async () => (await addressesAt(node, 'late')).length === 1);
    expect(await addressesAt(at(2), 'orders')).toEqual(names.map(addressOf).sort());
    await until('the serials are one', async () => (await serialAt(at(2))) === (await serialAt(at(1))));
  });

  test('when the owner is killed, those who renew stay and those who are silent leave', async () => {
    beating.delete('a0');
    const [killed] = nodes.splice(0, 1);
    await killed?.kill();
    await until('a0 leaves n2', async () => !(await addressesAt(at(0), 'orders')).includes(addressOf('a0')), {
      withinMs: 60_000,
    });
    const left = names.slice(1).map(addressOf).sort();
    for (const node of nodes) {
      await until('a0 has left', async () => (await addressesAt(node, 'orders')).length === left.length);
      expect(await addressesAt(node, 'orders')).toEqual(left);
    }
    expect(refused).toEqual([]);
    // It may still answer resolvers: each drain names it until it is struck off.
    const drain = async () => (await api(at(0), 'POST', '/apps/prod/late/a1/drain')).body['safe'];
    await until('the drain is safe but for n1', async () => (await drain()) === 'assumed');
    expect((await api(at(0), 'DELETE', '/nodes/n1')).status).toBe(204);
    await until('the drain is safe', async () => (await drain()) === true);
  });

  test('a node that takes its leave hands over', async () => {
    const [leaving] = nodes.splice(0, 1);
    await leaving?.stop();
    const from = beats;
    await until('ten beats', () => beats >= from + 10);
    expect(await addressesAt(at(0), 'orders')).toEqual(names.slice(1).map(addressOf).sort());
    expect(refused).toEqual([]);
  });

  test('the last node of mode cp restores what a wiped etcd has lost', async () => {
    const [member] = etcd.members;
    await member?.kill();
    member?.wipe();
    await etcd.start();
    const write = () => api(at(0), 'PUT', '/apps/prod/new/a1', { addrs: ['http://10.9.0.2:80'] });
    await until('n3 takes writes', async () => (await write()).status < 300);
    expect(await addressesAt(at(0), 'orders')).toEqual(names.slice(1).map(addressOf).sort());
    const fresh = await world.start('n9');
    expect(await addressesAt(fresh, 'orders')).toEqual(names.slice(1).map(addressOf).sort());
    expect(refused).toEqual([]);
  });
});
