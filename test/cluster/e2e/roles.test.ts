// The role of docs/cluster.md: typed in as it is, it is enough for a node with the copy for CoreDNS, and for nothing else.

import { expect, onTestFinished, test } from 'vitest';
import { blocksOf } from '../../kit/cli/documents.ts';
import { api, ClusterWorld } from '../../kit/cluster/cluster-world.ts';
import { missingEtcd, startEtcd } from '../../kit/cluster/etcd.ts';
import { requireInCi } from '../../kit/process/installed.ts';
import { cleanEnvironment, run } from '../../kit/process/program.ts';
import { removeScratch, scratch } from '../../kit/process/scratch.ts';
import { until } from '../../kit/process/until.ts';

const missing = [...missingEtcd, ...requireInCi(['etcdctl'], 'etcd-client')];

test.skipIf(missing.length > 0)(
  `the role is enough${missing.length > 0 ? ` (no ${missing.join()})` : ''}`,
  async () => {
    const [block] = blocksOf('docs/cluster.md').filter(({ lines }) =>
      lines.some((line) => line.includes('auth enable')),
    );
    const directory = scratch({ password: 'secret\n' });
    onTestFinished(() => removeScratch(directory));
    await using etcd = await startEtcd();
    const [endpoint = ''] = etcd.urls;
    // A member without TLS knows no certificates: passwords in their place, as the text below the block describes.
    const script = (block?.lines ?? []).join('\n').replaceAll(/user add (\w+) --no-password/g, 'user add $1:secret');
    const env = cleanEnvironment({ ETCDCTL_API: '3', ETCDCTL_ENDPOINTS: endpoint });
    const { code, err } = await run('bash', ['-ec', script], { env });
    expect({ code, err }).toEqual({ code: 0, err: '' });

    await using world = new ClusterWorld(etcd.urls, 'main');
    const n1 = await world.start('n1', {
      env: {
        ROLLCALL_CLUSTER_ETCD_USER: 'rollcall',
        ROLLCALL_CLUSTER_ETCD_PASSWORD_FILE: `${directory}/password`,
        ROLLCALL_CLUSTER_SKYDNS: '/skydns',
      },
    });
    expect((await api(n1, 'PUT', '/apps/prod/pay/a1', { addrs: ['http://10.0.0.1:80'] })).status).toBe(201);
    const asUser = (...args: string[]) => run('etcdctl', ['--user', 'rollcall:secret', ...args], { env });
    await until('the copy', async () => (await asUser('get', '--prefix', '/skydns/svc/')).out.includes('10.0.0.1'));
    expect((await asUser('get', '/other/key')).code).not.toBe(0);
    await n1.stop();
  },
);
