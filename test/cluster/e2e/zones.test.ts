// Zones of several nodes: where no file has the origin, its name servers are those of all nodes; nodes whose files differ
// report it; and the serial moves with a file, at all nodes alike.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { api, ClusterWorld, serialAt } from '../../kit/cluster/cluster-world.ts';
import { type Etcd, missingEtcd, startEtcd } from '../../kit/cluster/etcd.ts';
import { digShort } from '../../kit/dns/dig.ts';
import { scratch } from '../../kit/process/scratch.ts';
import type { ServerProcess } from '../../kit/process/server-process.ts';
import { until } from '../../kit/process/until.ts';

const zoneText = (address: string) => `$TTL 60
@ SOA ns.svc. hostmaster.svc. 1 3600 600 86400 5
@ NS ns.svc.
www A ${address}
`;

describe.skipIf(missingEtcd.length > 0)('the zones of two nodes', () => {
  let etcd: Etcd;
  let world: ClusterWorld;
  let n1: ServerProcess;
  let n2: ServerProcess;
  const folders = [scratch(), scratch()];
  const start = (index: number) =>
    world.start(`n${index + 1}`, {
      zones: folders[index] ?? '',
      env: {
        ROLLCALL_NAME_SERVER: `ns${index + 1}.svc.`,
        ROLLCALL_NAME_SERVER_ADDRESSES: `10.0.0.${index + 1}`,
      },
    });

  beforeAll(async () => {
    etcd = await startEtcd();
    world = new ClusterWorld(etcd.urls, 'zones');
    [n1, n2] = await Promise.all([start(0), start(1)]);
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await etcd[Symbol.asyncDispose]();
  });

  const servers = (node: ServerProcess) => digShort(node.dnsPort, 'svc. NS');
  const warnings = async (node: ServerProcess): Promise<string> => {
    const ready = (await (await fetch(`${node.http}/readyz`)).json()) as { warnings?: readonly string[] };
    return (ready.warnings ?? []).join();
  };

  test('the origin is delegated to both, with their addresses', async () => {
    for (const node of [n1, n2]) {
      await until('both name servers', async () => (await servers(node)).join() === 'ns1.svc.,ns2.svc.');
      expect(await digShort(node.dnsPort, 'ns1.svc. A')).toEqual(['10.0.0.1']);
      expect(await digShort(node.dnsPort, 'ns2.svc. A')).toEqual(['10.0.0.2']);
    }
    expect(await digShort(n1.dnsPort, 'svc. SOA')).toEqual(await digShort(n2.dnsPort, 'svc. SOA'));
  });

  test('names of instances are answered as before', async () => {
    await api(n1, 'PUT', '/apps/prod/pay/a1', { addrs: ['http://10.1.0.1:80'] });
    for (const node of [n1, n2]) expect(await digShort(node.dnsPort, 'pay.prod.svc. A')).toEqual(['10.1.0.1']);
  });

  test('a file that only one of them has is reported by both, and moves the serial of both', async () => {
    const before = await serialAt(n2);
    writeFileSync(join(folders[0] ?? '', 'prod.svc.zone'), zoneText('10.9.0.1'));
    for (const node of [n1, n2])
      await until('the difference', async () => (await warnings(node)).includes('prod.svc.'), { withinMs: 20_000 });
    await until('the serials are one', async () => (await serialAt(n1)) === (await serialAt(n2)));
    expect(await serialAt(n2)).toBeGreaterThan(before);
    writeFileSync(join(folders[1] ?? '', 'prod.svc.zone'), zoneText('10.9.0.1'));
    for (const node of [n1, n2])
      await until('no difference', async () => (await warnings(node)) === '', { withinMs: 20_000 });
    expect(await digShort(n2.dnsPort, 'www.prod.svc. A')).toEqual(['10.9.0.1']);
  });

  test('a node that leaves is no name server any more', async () => {
    const before = await serialAt(n1);
    await n2.stop();
    await until('one name server', async () => (await servers(n1)).join() === 'ns1.svc.');
    await until('a higher serial', async () => (await serialAt(n1)) > before);
  });
});
