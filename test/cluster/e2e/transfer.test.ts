// From one node to a cluster and back, by a file of `rollcall export`.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { typed } from '../../kit/cli/cli-world.ts';
import { addressesAt, api, ClusterWorld } from '../../kit/cluster/cluster-world.ts';
import { missingEtcd, startEtcd } from '../../kit/cluster/etcd.ts';
import { removeScratch, scratch } from '../../kit/process/scratch.ts';
import { type ServerProcess, startServer } from '../../kit/process/server-process.ts';
import { until } from '../../kit/process/until.ts';

/** Of the registry that it was exported from. */
const ofTheRegistry = new Set(['registeredAtMs', 'updatedAtMs', 'leaseLeftSeconds']);

const entries = (path: string): object[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1, -1)
    .map((line) => {
      const entry = Object.entries(JSON.parse(line) as Record<string, unknown>);
      return Object.fromEntries(entry.filter(([name]) => !ofTheRegistry.has(name)));
    })
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

test.skipIf(missingEtcd.length > 0)('moves to a cluster, and back to one node, without a loss', async () => {
  const directory = scratch();
  onTestFinished(() => removeScratch(directory));
  const [before, after] = [join(directory, 'before.jsonl'), join(directory, 'after.jsonl')];
  const alone = await startServer();
  await Promise.all(
    Array.from({ length: 450 }, (_, index) =>
      api(alone, 'PUT', `/apps/prod/app-${index % 7}/i${index}`, {
        addrs: [`http://10.0.${index >> 8}.${index & 255}:80`],
        metadata: { text: 'ü'.repeat(500) },
        leaseSeconds: 600,
      }),
    ),
  );
  await api(alone, 'POST', '/apps/prod/app-0/i0/drain?hold=2h');
  await api(alone, 'PUT', '/apps/prod/gone/g1', { addrs: ['http://10.9.0.1:80'] });
  await api(alone, 'POST', '/apps/prod/gone/g1/drain?hold=2h');
  await api(alone, 'DELETE', '/apps/prod/gone/g1');
  expect(await typed(['export', before, '--url', alone.http])).toMatchObject({ code: 0 });

  await using etcd = await startEtcd();
  await using world = new ClusterWorld(etcd.urls, 'main');
  const n1 = await world.start('n1');
  const n2 = await world.start('n2');
  const urls = ['--url', n1.http, '--url', n2.http];
  const dry = await typed(['import', before, ...urls]);
  expect(dry).toMatchObject({ code: 0, out: expect.stringContaining('451 created') });
  expect((await api(n1, 'GET', '/apps/prod/app-1')).body['instances']).toEqual([]);
  expect(await typed(['import', before, '--yes', ...urls])).toMatchObject({ code: 0, out: '451 created\n', err: '' });
  await until('the other node has all', async () => (await countAt(n2)) === 450);
  expect(await typed(['import', before, '--yes', ...urls])).toMatchObject({ code: 0, out: '451 unchanged\n' });
  // The hold came along, at both nodes.
  expect((await api(n2, 'GET', '/apps/prod/app-0/i0')).body).toMatchObject({ status: 'waiting' });
  // So did that of an instance that is not registered.
  const late = await api(n2, 'PUT', '/apps/prod/gone/g1', { addrs: ['http://10.9.0.1:80'] });
  expect(late).toMatchObject({ status: 201, body: { status: 'waiting' } });
  await api(n2, 'DELETE', '/apps/prod/gone/g1');
  expect(await addressesAt(n2, 'i7.app-0')).toEqual(['10.0.0.7']);

  expect(await typed(['export', after, '--url', n2.http])).toMatchObject({ code: 0 });
  expect(entries(after)).toEqual(entries(before));
  const folder = { directory: scratch(), data: 'data' };
  const again = await startServer(folder);
  expect(await typed(['import', after, '--yes', '--url', again.http])).toMatchObject({ code: 0, out: '451 created\n' });
  await again.stop();
  const restarted = await startServer(folder);
  const returned = await api(restarted, 'PUT', '/apps/prod/gone/g1', { addrs: ['http://10.9.0.1:80'] });
  expect(returned.body).toMatchObject({ status: 'waiting' });
  await Promise.all([alone.stop(), restarted.stop()]);
});

test('a file that is none, or is cut, is named, and what it has is read', async () => {
  const directory = scratch();
  onTestFinished(() => removeScratch(directory));
  const server = await startServer();
  await api(server, 'PUT', '/apps/prod/pay/a1', { addrs: ['http://10.0.0.1:80'] });
  const whole = join(directory, 'whole.jsonl');
  await typed(['export', whole, '--url', server.http]);
  const text = readFileSync(whole, 'utf8');
  const cases: [string, string, RegExp][] = [
    ['cut.jsonl', text.slice(0, text.lastIndexOf('{"kind":"end"')), /last line is missing/],
    ['other.jsonl', '{"a":1}\n', /first line/],
    ['broken.jsonl', `${text.split('\n')[0]}\n{"kind":\n`, /line 2/],
    ['newer.jsonl', '{"kind":"export","v":9}\n', /9/],
  ];
  for (const [name, content, expected] of cases) {
    writeFileSync(join(directory, name), content);
    const { code, err } = await typed(['import', join(directory, name), '--url', server.http]);
    expect([code, expected.test(err)]).toEqual([1, true]);
  }
  const none = await typed(['import', join(directory, 'none.jsonl'), '--url', server.http]);
  expect([none.code, none.err.includes('none.jsonl')]).toEqual([1, true]);
  expect((await typed(['export', join(directory, 'no', 'x.jsonl'), '--url', server.http])).code).toBe(1);
  await server.stop();
});

async function countAt(node: ServerProcess): Promise<number> {
  const { body } = await api(node, 'GET', '/apps?limit=1000');
  const apps = body['apps'] as { instances: number }[];
  return apps.reduce((sum, { instances }) => sum + instances, 0);
}
