// What nodes find in etcd that they did not write: damaged and foreign keys, records of a later version, and the registry of
// another cluster.

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addressesAt, api, ClusterWorld } from '../../kit/cluster/cluster-world.ts';
import { base64, type Etcd, missingEtcd, startEtcd } from '../../kit/cluster/etcd.ts';
import { scratch } from '../../kit/process/scratch.ts';
import type { ServerProcess } from '../../kit/process/server-process.ts';
import { until } from '../../kit/process/until.ts';

const prefixRange = (prefix: string) => ({
  key: base64(prefix),
  range_end: base64(`${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)}`),
});
const instance = (address: string) => ({ addrs: [`http://${address}:80`] });

describe.skipIf(missingEtcd.length > 0)('in etcd', () => {
  let etcd: Etcd;
  let world: ClusterWorld;
  let n1: ServerProcess;
  let n2: ServerProcess;

  beforeAll(async () => {
    etcd = await startEtcd();
    world = new ClusterWorld(etcd.urls, 'foreign');
    [n1, n2] = await Promise.all([world.start('n1'), world.start('n2')]);
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await etcd[Symbol.asyncDispose]();
  });

  async function recordOf(path: string): Promise<Record<string, unknown>> {
    const { kvs } = await etcd.ask('kv/range', { key: base64(`/rollcall/foreign/${path}`) });
    return JSON.parse(Buffer.from(kvs?.[0]?.value ?? '', 'base64').toString()) as Record<string, unknown>;
  }

  test('a damaged record and a foreign key are named, counted and skipped', async () => {
    await api(n1, 'PUT', '/apps/prod/pay/a1', instance('10.0.0.1'));
    await etcd.put('/rollcall/foreign/i/prod/pay/broken', '{"v":1');
    await etcd.put('/rollcall/foreign/hello', 'world');
    await until('n2 has counted both', async () => {
      const text = await (await fetch(`${n2.http}/metrics`)).text();
      return text.includes('rollcall_cluster_bad_records_total 2');
    });
    expect(n2.output()).toContain('/rollcall/foreign/i/prod/pay/broken');
    expect(await addressesAt(n2, 'pay')).toEqual(['10.0.0.1']);
    // And by one that lists them.
    const n3 = await world.start('n3');
    expect(await addressesAt(n3, 'pay')).toEqual(['10.0.0.1']);
    await n3.stop();
  });

  test('fields of a later version survive a rewrite', async () => {
    const record = await recordOf('i/prod/pay/a1');
    const later = { ...record, zz: { of: 'later' }, r: { ...(record['r'] as object), colour: 'green' } };
    await etcd.put('/rollcall/foreign/i/prod/pay/a1', JSON.stringify(later));
    await until(
      'the patch counts',
      async () => (await api(n2, 'PATCH', '/apps/prod/pay/a1', { weight: 7 })).status === 200,
    );
    expect(await recordOf('i/prod/pay/a1')).toMatchObject({ zz: { of: 'later' }, r: { colour: 'green', weight: 7 } });
    expect((await api(n1, 'GET', '/apps/prod/pay/a1')).body).toMatchObject({ weight: 7 });
  });

  async function areJoined(): Promise<boolean> {
    const states = await Promise.all([n1, n2].map(async (node) => (await api(node, 'GET', '/nodes')).body['state']));
    return states.every((state) => state === 'joined');
  }

  test.each([
    ['all keys deleted by hand', () => etcd.ask('kv/deleterange', prefixRange('/rollcall/foreign/'))],
    ['the numbers of the cluster deleted', () => etcd.ask('kv/deleterange', { key: base64('/rollcall/foreign/meta') })],
    ['the numbers of the cluster damaged', () => etcd.put('/rollcall/foreign/meta', 'no numbers')],
  ])('%s: every answer stays, and the nodes put back what they know', async (_what, harm) => {
    const life = (await api(n1, 'GET', '/apps/prod/pay')).index?.split('-')[0];
    const wanted = await addressesAt(n1, 'pay');
    expect(wanted).not.toEqual([]);
    await harm();
    await until('both nodes have put it back', async () => {
      for (const node of [n1, n2]) expect(await addressesAt(node, 'pay')).toEqual(wanted);
      const isThere = await recordOf('meta').then(
        (meta) => meta['life'] === life,
        () => false,
      );
      return isThere && (await areJoined());
    });
    expect((await recordOf('i/prod/pay/a1'))['n']).toBe('a1');
    const { status, body } = await api(n2, 'PATCH', '/apps/prod/pay/a1', { weight: 8 });
    expect([status, body['replicated']]).toEqual([200, true]);
    await until('the other node has it', async () => (await api(n1, 'GET', '/apps/prod/pay/a1')).body['weight'] === 8);
    await api(n2, 'PATCH', '/apps/prod/pay/a1', { weight: 7 });
    const n3 = await world.start('n3');
    expect(await addressesAt(n3, 'pay')).toEqual(wanted);
    await n3.stop();
  });

  test('the registry of another cluster is not joined by a node with a copy of its own', async () => {
    const data = join(scratch(), 'data');
    await using other = await startEtcd();
    await using others = new ClusterWorld(other.urls, 'foreign');
    const there = await others.start('n9', { data });
    await there.stop();
    await expect(world.start('n9', { data })).rejects.toThrow(/another cluster.*clusterEtcdEndpoints/s);
  });
});
