// Three nodes of mode `ap` while etcd is away, unreachable from one of them, or has lost everything: what is written is
// accepted, shown by all and decided later; a node starts with what its data folder has; and what was lost is restored.

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addressesAt, api, ClusterWorld, serialAt } from '../../kit/cluster/cluster-world.ts';
import { type Etcd, missingEtcd, startEtcd } from '../../kit/cluster/etcd.ts';
import { TcpProxy } from '../../kit/http/tcp-proxy.ts';
import { scratch } from '../../kit/process/scratch.ts';
import type { ServerProcess } from '../../kit/process/server-process.ts';
import { until } from '../../kit/process/until.ts';

const instance = (address: string, more: object = {}) => ({ addrs: [`http://${address}:80`], ...more });

describe.skipIf(missingEtcd.length > 0)('nodes of mode ap', () => {
  let etcd: Etcd;
  let world: ClusterWorld;
  /** Between n1 and etcd. */
  let proxy: TcpProxy;
  let nodes: ServerProcess[];
  const folders = [scratch(), scratch(), scratch()];
  const optionsOf = (index: number) => ({
    data: join(folders[index] as string, 'data'),
    env: { ROLLCALL_CLUSTER_START_WAIT_SECONDS: '2' },
    ...(index === 0 ? { etcd: [`http://127.0.0.1:${proxy.port}`] } : {}),
  });
  const at = (index: number): ServerProcess => nodes[index] as ServerProcess;
  const stateAt = async (index: number) => (await api(at(index), 'GET', '/nodes')).body['state'];
  const untilAll = (what: string, state: string) =>
    until(what, async () => (await Promise.all([0, 1, 2].map(stateAt))).every((one) => one === state));
  const untilEverywhere = (app: string, addresses: string[]) =>
    until(`${app} is ${addresses.join()} everywhere`, async () => {
      const answers = await Promise.all(nodes.map((node) => addressesAt(node, app)));
      return answers.every((one) => one.join() === addresses.join());
    });

  beforeAll(async () => {
    etcd = await startEtcd();
    proxy = await TcpProxy.to(Number(new URL(etcd.urls[0] ?? '').port));
    world = new ClusterWorld(etcd.urls, 'away');
    nodes = await Promise.all([0, 1, 2].map((index) => world.start(`n${index + 1}`, optionsOf(index))));
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await etcd[Symbol.asyncDispose]();
  });

  async function expectAlike(path: string): Promise<void> {
    const [first, ...others] = await Promise.all(nodes.map((node) => api(node, 'GET', path)));
    for (const one of others) expect([one.status, one.etag]).toEqual([first?.status, first?.etag]);
    await until('the serials are one', async () => new Set(await Promise.all(nodes.map(serialAt))).size === 1);
  }

  test('the reply to a write has whether it is in etcd', async () => {
    const made = await api(at(0), 'PUT', '/apps/prod/pay/a1', instance('10.0.0.1'));
    expect(made).toMatchObject({ status: 201, body: { replicated: true } });
    await untilEverywhere('pay', ['10.0.0.1']);
  });

  test('what is written while etcd is away is shown by all nodes, and counts when it is back', async () => {
    const before = await serialAt(at(0));
    const [member] = etcd.members;
    await member?.kill();
    await untilAll('all are cut', 'cut');
    const made = await api(at(0), 'PUT', '/apps/prod/shop/b1', instance('10.0.1.1'));
    expect(made).toMatchObject({ status: 201, body: { replicated: false } });
    await untilEverywhere('shop', ['10.0.1.1']);
    expect((await api(at(1), 'PATCH', '/apps/prod/pay/a1', { weight: 7 })).body).toMatchObject({ replicated: false });
    expect((await api(at(2), 'PUT', '/apps/prod/gone/c1', instance('10.0.2.1'))).status).toBe(201);
    await untilEverywhere('gone', ['10.0.2.1']);
    expect((await api(at(2), 'DELETE', '/apps/prod/gone/c1')).status).toBe(200);
    await untilEverywhere('gone', []);
    const serials = await Promise.all(nodes.map(serialAt));
    expect(Math.min(...serials)).toBeGreaterThan(before);
    await etcd.start();
    await untilAll('all are joined', 'joined');
    await untilEverywhere('shop', ['10.0.1.1']);
    await until('the patch is everywhere', async () => {
      const found = await Promise.all(nodes.map((node) => api(node, 'GET', '/apps/prod/pay/a1')));
      return found.every(({ body }) => body['weight'] === 7);
    });
    await untilEverywhere('gone', []);
    for (const path of ['/apps/prod/shop/b1', '/apps/prod/pay/a1']) await expectAlike(path);
    expect(await serialAt(at(0))).toBeGreaterThan(Math.max(...serials));
  });

  test('a consistent read shows what was written elsewhere, at once', async () => {
    for (let weight = 1; weight <= 20; weight++) {
      expect((await api(at(weight % 3), 'PATCH', '/apps/prod/shop/b1', { weight })).status).toBe(200);
      const read = await api(at((weight + 1) % 3), 'GET', '/apps/prod/shop/b1?consistent=true');
      expect(read.body['weight']).toBe(weight);
    }
    expect((await api(at(0), 'GET', '/apps/prod/shop?consistent=yes')).status).toBe(400);
  });

  test('a node that alone is cut off writes through another', async () => {
    proxy.cut();
    await until('n1 is cut', async () => (await stateAt(0)) === 'cut');
    const made = await api(at(0), 'PUT', '/apps/prod/far/d1', instance('10.0.3.1'));
    expect(made).toMatchObject({ status: 201, body: { replicated: true } });
    await untilEverywhere('far', ['10.0.3.1']);
    const conditional = await fetch(`${at(0).http}/api/v1/apps/prod/far/d1`, {
      method: 'PATCH',
      body: '{"weight":3}',
      headers: { 'content-type': 'application/json', 'if-match': made.etag ?? '' },
    });
    expect(conditional.status).toBe(503);
    expect((await api(at(0), 'GET', '/apps/prod/far?consistent=true')).body).toMatchObject({
      type: 'urn:rollcall:problem:no-quorum',
    });
    // Meanwhile another is written elsewhere, which n1 sees when it is back.
    await api(at(1), 'PUT', '/apps/prod/far/d2', instance('10.0.3.2'));
    proxy.mend();
    await untilAll('all are joined', 'joined');
    await untilEverywhere('far', ['10.0.3.1', '10.0.3.2']);
    await expectAlike('/apps/prod/far/d1');
    await expectAlike('/apps/prod/far/d2');
  });

  test('a node starts without etcd, with what it had and with what it had accepted', async () => {
    const [member] = etcd.members;
    await member?.kill();
    await untilAll('all are cut', 'cut');
    await api(at(2), 'PUT', '/apps/prod/late/e1', instance('10.0.4.1'));
    await at(2).kill();
    nodes[2] = await world.start('n3', optionsOf(2));
    expect(await stateAt(2)).toBe('cut');
    expect(await addressesAt(at(2), 'far')).toEqual(['10.0.3.1', '10.0.3.2']);
    expect(await addressesAt(at(2), 'late')).toEqual(['10.0.4.1']);
    await etcd.start();
    await untilAll('all are joined', 'joined');
    await untilEverywhere('late', ['10.0.4.1']);
    await expectAlike('/apps/prod/late/e1');
  });

  test('what a wiped etcd has lost is restored, and what was cancelled stays so', async () => {
    expect((await api(at(1), 'DELETE', '/apps/prod/far/d2')).status).toBe(200);
    await untilEverywhere('far', ['10.0.3.1']);
    const before = await Promise.all(nodes.map(serialAt));
    const [member] = etcd.members;
    await member?.kill();
    member?.wipe();
    await etcd.start();
    await until('n1 has seen it', async () => {
      const text = await (await fetch(`${at(0).http}/metrics`)).text();
      return text.includes('rollcall_cluster_watch_resumed_total{how="rewound"} 1');
    });
    await untilAll('all are joined', 'joined');
    for (const [app, address] of [
      ['pay', '10.0.0.1'],
      ['shop', '10.0.1.1'],
      ['far', '10.0.3.1'],
      ['late', '10.0.4.1'],
    ] as const)
      await untilEverywhere(app, [address]);
    const made = await api(at(1), 'PUT', '/apps/prod/new/f1', instance('10.0.5.1'));
    expect(made).toMatchObject({ status: 201, body: { replicated: true } });
    await untilEverywhere('new', ['10.0.5.1']);
    for (const path of ['/apps/prod/pay/a1', '/apps/prod/late/e1', '/apps/prod/new/f1']) await expectAlike(path);
    expect(Math.min(...(await Promise.all(nodes.map(serialAt))))).toBeGreaterThan(Math.max(...before));
    // A node that starts now finds all of it in etcd.
    const n4 = await world.start('n4');
    expect(await addressesAt(n4, 'late')).toEqual(['10.0.4.1']);
    expect(await addressesAt(n4, 'far')).toEqual(['10.0.3.1']);
    await n4.stop();
  });

  test('an etcd that was restored from an older copy gets what has happened since', async () => {
    const [member] = etcd.members;
    await member?.kill();
    member?.save();
    await etcd.start();
    await untilAll('all are joined', 'joined');
    expect((await api(at(1), 'DELETE', '/apps/prod/pay/a1')).body).toMatchObject({ replicated: true });
    expect((await api(at(0), 'PATCH', '/apps/prod/late/e1', { weight: 9 })).body).toMatchObject({ replicated: true });
    expect((await api(at(2), 'PUT', '/apps/prod/since/g1', instance('10.0.6.1'))).status).toBe(201);
    await untilEverywhere('since', ['10.0.6.1']);
    await untilEverywhere('pay', []);
    const before = await Promise.all(nodes.map(serialAt));
    const rewinds = async (node: ServerProcess) => {
      const text = await (await fetch(`${node.http}/metrics`)).text();
      return Number(/^rollcall_cluster_watch_resumed_total\{how="rewound"\} (\d+)/m.exec(text)?.[1]);
    };
    const rewound = await Promise.all(nodes.map(rewinds));
    await member?.kill();
    member?.restore();
    await etcd.start();
    for (const [index, node] of nodes.entries())
      await until('each has seen it', async () => (await rewinds(node)) > (rewound[index] ?? 0));
    await untilAll('all are joined', 'joined');
    await untilEverywhere('since', ['10.0.6.1']);
    await untilEverywhere('pay', []);
    await untilEverywhere('late', ['10.0.4.1']);
    const weights = async () => {
      const found = await Promise.all(nodes.map((node) => api(node, 'GET', '/apps/prod/late/e1')));
      return found.every(({ body }) => body['weight'] === 9);
    };
    await until('the patch is everywhere', weights);
    expect(Math.min(...(await Promise.all(nodes.map(serialAt))))).toBeGreaterThan(Math.max(...before));
    const n5 = await world.start('n5');
    expect(await addressesAt(n5, 'pay')).toEqual([]);
    expect((await api(n5, 'GET', '/apps/prod/late/e1')).body).toMatchObject({ weight: 9 });
    await n5.stop();
  });
});
