// Clients of a cluster with several node URLs: what they keep registered and what they follow goes on when a node dies;
// positions, indexes and entity tags of one node are right at the other; registries of their own are not mixed.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RollcallClient } from '../../../src/client/client.ts';
import { typed } from '../../kit/cli/cli-world.ts';
import { startRollcall } from '../../kit/cli/command-line.ts';
import { addressesAt, api, ClusterWorld } from '../../kit/cluster/cluster-world.ts';
import { type Etcd, missingEtcd, startEtcd } from '../../kit/cluster/etcd.ts';
import { type ServerProcess, startServer } from '../../kit/process/server-process.ts';
import { until } from '../../kit/process/until.ts';

describe.skipIf(missingEtcd.length > 0)('clients of a cluster', () => {
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

  test('an index, an entity tag and the registry of one node are right at the other', async () => {
    await api(n1, 'PUT', '/apps/prod/tags/a1', { addrs: ['http://10.0.0.1:80'] });
    await until('n2 has it', async () => (await addressesAt(n2, 'tags')).length === 1);
    const list = (node: ServerProcess, query: string, headers: Record<string, string> = {}) =>
      fetch(`${node.http}/api/v1/apps/prod/tags${query}`, { headers });
    const first = await list(n1, '');
    const registry = first.headers.get('rollcall-registry');
    expect(registry).toMatch(/^[a-z0-9]+$/);
    const known = await list(n2, '', { 'if-none-match': first.headers.get('etag') ?? '' });
    expect([known.status, known.headers.get('rollcall-registry')]).toEqual([304, registry]);

    // n2 waits with the number of n1, for a change that is made at n1.
    const waiting = list(n2, `?index=${first.headers.get('x-rollcall-index')}&wait=60s`);
    await api(n1, 'PATCH', '/apps/prod/tags/a1', { weight: 9 });
    const changed = (await (await waiting).json()) as { instances: object[] };
    expect(changed.instances).toMatchObject([{ weight: 9 }]);
    const before = await api(n2, 'GET', '/apps/prod/tags/a1');
    const patched = await fetch(`${n1.http}/api/v1/apps/prod/tags/a1`, {
      method: 'PATCH',
      body: '{"weight":8}',
      headers: { 'content-type': 'application/json', 'if-match': before.etag ?? '' },
    });
    expect(patched.status).toBe(200);
  });

  test('one that follows and one that is registered go on when their node dies', async () => {
    const n3 = await world.start('n3');
    await using client = new RollcallClient({ registry: [n3.http, n2.http] });
    const member = client.register({
      ...{ env: 'prod', appid: 'moves', instance: 'm1', addrs: ['http://10.0.0.1:80'], leaseSeconds: 10 },
    });
    await member.registered();
    const trouble: string[] = [];
    const forgotten: string[] = [];
    member.on('trouble', (text) => trouble.push(text)).on('forgotten', () => forgotten.push('forgotten'));
    const discovery = client.discover('prod/moves');
    await discovery.ready();
    const seen: string[][] = [];
    discovery.on('change', (endpoints) => seen.push(endpoints.map(({ instance }) => instance)));

    await n3.kill();
    await api(n2, 'PUT', '/apps/prod/moves/m2', { addrs: ['http://10.0.0.2:80'] });
    await until('the stream at the other node', () => seen.at(-1)?.length === 2);
    // No state in between was empty or without the first.
    expect(seen.every((ids) => ids.includes('m1'))).toBe(true);
    await until('a renewal at the other node', async () => {
      const { body } = await api(n2, 'GET', '/nodes');
      const nodes = body['nodes'] as { node: string; owned: number }[];
      return nodes.find(({ node }) => node === 'n3')?.owned === 0;
    });
    expect(await addressesAt(n2, 'moves')).toContain('10.0.0.1');
    expect([trouble, forgotten]).toEqual([[], []]);
  });

  test('a command is answered by the node that is there', async () => {
    const urls = ['--url', 'http://127.0.0.1:1', '--url', n2.http];
    const { code, out } = await typed(['ls', 'prod', '--output', 'json', ...urls]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ apps: expect.arrayContaining([expect.objectContaining({ env: 'prod' })]) });
    const listed = await typed(['ls', 'prod'], { env: { ROLLCALL_URL: `http://127.0.0.1:1, ${n2.http}` } });
    expect(listed.code).toBe(0);
    const none = await typed(['ls', '--url', 'http://127.0.0.1:1', '--url', 'http://127.0.0.1:2']);
    expect(none.code).toBe(1);
    expect(none.err).toMatch(/127\.0\.0\.1:1.*127\.0\.0\.1:2/s);
  });

  test('rollcall nodes lists the members, and of those asked which is behind or unreachable', async () => {
    const urls = ['--url', n1.http, '--url', n2.http];
    const both = await typed(['nodes', ...urls, '--output', 'json']);
    expect(both.code).toBe(0);
    const { at } = JSON.parse(both.out) as { at: Record<string, unknown>[] };
    expect(at).toMatchObject([
      { url: n1.http, node: 'n1', state: 'joined', pending: 0 },
      { url: n2.http, node: 'n2', state: 'joined' },
    ]);
    expect(Math.min(...at.map(({ behind }) => Number(behind)))).toBe(0);
    const table = await typed(['nodes', '--url', 'http://127.0.0.1:1', ...urls]);
    expect(table.code).toBe(1);
    expect(table.out).toMatch(/^n1 .*joined/m);
    expect(table.out).toMatch(/^http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/m);
  });

  test('rollcall run reports a registry of its own among the nodes, and registers nothing there', async () => {
    const alone = await startServer();
    const { child, untilOutput, ended } = startRollcall(
      ['run', '--as', 'prod/lone/l1', '--addr', 'http://127.0.0.1:9', '--ready-delay', '0', '--drain-seconds', '0']
        .concat(['--registry', n2.http, '--registry', alone.http, '--', process.execPath])
        .concat(['-e', 'setInterval(() => {}, 1000)']),
      { env: { PATH: process.env['PATH'] ?? '' } },
    );
    await untilOutput(/is another registry/);
    await until('it is registered', async () => (await api(n2, 'GET', '/apps/prod/lone/l1')).status === 200);
    expect((await api(alone, 'GET', '/apps/prod/lone/l1')).status).toBe(404);
    child.kill('SIGTERM');
    await ended;
    expect((await api(n2, 'GET', '/apps/prod/lone/l1')).status).toBe(404);
    await alone.stop();
  });
});
