// Nodes of one cluster over one etcd: what is written at one is answered by all, whichever node a client talks to, and whichever
// of the nodes dies.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addressesAt, api, ClusterWorld, serialAt } from '../../kit/cluster/cluster-world.ts';
import { type Etcd, missingEtcd, startEtcd } from '../../kit/cluster/etcd.ts';
import { dig } from '../../kit/dns/dig.ts';
import type { ServerProcess } from '../../kit/process/server-process.ts';
import { until } from '../../kit/process/until.ts';

const instance = (address: string, more: object = {}) => ({ addrs: [`http://${address}:80`], ...more });

describe.skipIf(missingEtcd.length > 0)('nodes of one cluster', () => {
  let etcd: Etcd;
  let world: ClusterWorld;
  let n1: ServerProcess;
  let n2: ServerProcess;

  beforeAll(async () => {
    etcd = await startEtcd();
    world = new ClusterWorld(etcd.urls, 'main');
    n1 = await world.start('n1');
    n2 = await world.start('n2');
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await etcd[Symbol.asyncDispose]();
  });

  test('what is registered at one is answered by the other, with one serial and one entity tag', async () => {
    const made = await api(n1, 'PUT', '/apps/prod/pay/a1', instance('10.0.0.1'));
    expect(made.status).toBe(201);
    await until('n2 has it', async () => (await addressesAt(n2, 'pay')).includes('10.0.0.1'));
    expect(await addressesAt(n1, 'pay')).toEqual(['10.0.0.1']);
    const [first, second] = [await api(n1, 'GET', '/apps/prod/pay/a1'), await api(n2, 'GET', '/apps/prod/pay/a1')];
    expect(first.etag).not.toBeNull();
    expect(second.etag).toBe(first.etag);
    expect(await serialAt(n2)).toBe(await serialAt(n1));
  });

  test('a patch, a drain and a cancel at the other node count everywhere', async () => {
    await api(n1, 'PUT', '/apps/prod/shop/a1', instance('10.0.1.1'));
    await until('n2 has it', async () => (await addressesAt(n2, 'shop')).length === 1);
    expect((await api(n2, 'PATCH', '/apps/prod/shop/a1', { weight: 7 })).status).toBe(200);
    await until('n1 has the weight', async () => (await api(n1, 'GET', '/apps/prod/shop/a1')).body['weight'] === 7);
    expect((await api(n2, 'POST', '/apps/prod/shop/a1/drain')).status).toBe(200);
    await until('n1 drains it', async () => (await addressesAt(n1, 'shop')).length === 0);
    expect((await api(n2, 'DELETE', '/apps/prod/shop/a1')).status).toBe(200);
    await until('n1 lets it go', async () => (await api(n1, 'GET', '/apps/prod/shop/a1')).status === 404);
  });

  test('two writers of one precondition: one of them wins', async () => {
    const made = await api(n1, 'PUT', '/apps/prod/race/a1', instance('10.0.2.1'));
    await until('n2 has it', async () => (await addressesAt(n2, 'race')).length === 1);
    const patch = (node: ServerProcess, weight: number) =>
      fetch(`${node.http}/api/v1/apps/prod/race/a1`, {
        method: 'PATCH',
        body: JSON.stringify({ weight }),
        headers: { 'content-type': 'application/json', 'if-match': made.etag ?? '' },
      });
    const replies = await Promise.all([patch(n1, 1), patch(n2, 2)]);
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 412]);
  });

  test('renewals at the other node keep it; silence ends it at both', async () => {
    await api(n1, 'PUT', '/apps/prod/beat/a1', instance('10.0.3.1', { leaseSeconds: 5 }));
    await until('n2 has it', async () => (await addressesAt(n2, 'beat')).length === 1);
    for (let beat = 0; beat < 8; beat++) {
      expect((await api(n2, 'PUT', '/apps/prod/beat/a1/renew')).status).toBe(200);
      expect(await addressesAt(n1, 'beat')).toEqual(['10.0.3.1']);
      // Longer than a lease in all.
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    await until('both let it go', async () => {
      const left = [...(await addressesAt(n1, 'beat')), ...(await addressesAt(n2, 'beat'))];
      return left.length === 0;
    });
    expect((await api(n2, 'GET', '/apps/prod/beat/a1')).status).toBe(404);
  });

  test('what is left of a lease is the TTL of it at the other node too', async () => {
    await api(n1, 'PUT', '/apps/prod/ending/a1', instance('10.0.3.9', { leaseSeconds: 9, dnsTtl: 5 }));
    await until('n2 has it', async () => (await addressesAt(n2, 'ending')).length === 1);
    const ttls: number[] = [];
    await until('its lease has ended', async () => {
      const { answer } = await dig(n2.dnsPort, 'ending.prod.svc A');
      const [, ttl] = answer[0]?.split(' ') ?? [];
      if (ttl !== undefined) ttls.push(Number(ttl));
      return answer.length === 0;
    });
    expect(ttls).toEqual(ttls.toSorted((a, b) => b - a));
    expect(ttls.some((ttl) => ttl > 1 && ttl < 5)).toBe(true);
    expect(Math.min(...ttls)).toBe(1);
  });

  test('a drain asks the other node what it has handed out', async () => {
    await api(n1, 'PUT', '/apps/prod/held/a1', instance('10.0.4.1', { dnsTtl: 60 }));
    await until('n2 answers with it', async () => (await addressesAt(n2, 'held')).length === 1);
    const drained = await api(n1, 'POST', '/apps/prod/held/a1/drain');
    expect(drained.body).toMatchObject({ safe: false });
    expect(Number(drained.body['safeInSeconds'])).toBeGreaterThan(20);
  });

  test('a node that starts later has what there is', async () => {
    const n3 = await world.start('n3');
    expect(await addressesAt(n3, 'pay')).toEqual(['10.0.0.1']);
    expect((await api(n3, 'GET', '/apps/prod/pay/a1')).etag).toBe((await api(n1, 'GET', '/apps/prod/pay/a1')).etag);
    expect(await serialAt(n3)).toBe(await serialAt(n1));
    // Who did what before it started is asked of the others.
    const eventsAt = async (node: ServerProcess) => {
      const { body } = await api(node, 'GET', '/events?app=prod/pay');
      const revisions = (body['events'] as { revision: number }[]).map(({ revision }) => revision);
      return { revisions, since: body['completeSinceRevision'] };
    };
    const known = await eventsAt(n1);
    expect(known.revisions.length).toBeGreaterThan(0);
    expect(await eventsAt(n3)).toEqual(known);
    await n3.stop();
    expect(await addressesAt(n1, 'pay')).toEqual(['10.0.0.1']);
  });

  test('each lists the members, and a node that left is not waited for', async () => {
    const { body } = await api(n2, 'GET', '/nodes');
    expect(body).toMatchObject({ node: 'n2', state: 'joined' });
    const states = (body['nodes'] as { node: string; state: string; missed: boolean }[]).map(
      ({ node, state, missed }) => `${node} ${state} ${missed}`,
    );
    expect(states).toEqual(['n1 joined false', 'n2 joined false', 'n3 left false']);
    expect((await api(n2, 'DELETE', '/nodes/n1')).body).toMatchObject({ type: 'urn:rollcall:problem:node-alive' });
    expect((await api(n2, 'DELETE', '/nodes/n9')).status).toBe(404);
    expect(await (await fetch(`${n2.http}/metrics`)).text()).toContain('rollcall_cluster_state{state="joined"} 1');
  });

  test('a name that is in use is refused, with the url of who has it', async () => {
    await expect(world.start('n1')).rejects.toThrow(/n1.*http:\/\/127\.0\.0\.1/s);
  });
});
