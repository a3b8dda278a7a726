// The copy in etcd that CoreDNS reads: it follows what takes traffic, is repaired, leaves alone what is not its own, and
// goes on when the node that writes it dies; and CoreDNS answers from it.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EtcdEngine } from '../../../src/cluster/etcd/etcd-engine.ts';
import { api, ClusterWorld } from '../../kit/cluster/cluster-world.ts';
import { type Etcd, missingEtcd, startEtcd } from '../../kit/cluster/etcd.ts';
import { bytes, engineAt, good, textOf } from '../../kit/cluster/etcd-client.ts';
import { digShort } from '../../kit/dns/dig.ts';
import { installed, pathOf } from '../../kit/process/installed.ts';
import { start } from '../../kit/process/program.ts';
import { freePort, removeScratch, scratch } from '../../kit/process/scratch.ts';
import type { ServerProcess } from '../../kit/process/server-process.ts';
import { until } from '../../kit/process/until.ts';

const env = { ROLLCALL_CLUSTER_SKYDNS: '/skydns' };

describe.skipIf(missingEtcd.length > 0)('the SkyDNS mirror', () => {
  let etcd: Etcd;
  let engine: EtcdEngine;
  let world: ClusterWorld;
  const nodes: ServerProcess[] = [];

  const node = (index: number): ServerProcess => nodes[index] as ServerProcess;

  beforeAll(async () => {
    etcd = await startEtcd();
    engine = engineAt(etcd.urls);
    world = new ClusterWorld(etcd.urls, 'main');
    nodes.push(await world.start('n1', { env }), await world.start('n2', { env }));
  });
  afterAll(async () => {
    engine.close();
    await world[Symbol.asyncDispose]();
    await etcd[Symbol.asyncDispose]();
  });

  /** Key below `/skydns/` -> its host, or the value where it is none of ours. */
  async function mirrored(): Promise<Record<string, unknown>> {
    const { entries } = await good(engine.list('/skydns/'));
    const services = entries.filter(({ key }) => !key.startsWith('/skydns/_rollcall/'));
    return Object.fromEntries(
      services.map(({ key, value }) => {
        const text = textOf(value);
        return [key.slice('/skydns/'.length), text.startsWith('{') ? JSON.parse(text).host : text];
      }),
    );
  }

  async function put(key: string, value: string): Promise<void> {
    await good(engine.swap({ swaps: [], puts: [{ key, value: bytes(value) }] }, 5000));
  }

  async function writer(): Promise<string> {
    const { entry } = await good(engine.read('/skydns/_rollcall/main'));
    return entry === undefined ? '' : (JSON.parse(textOf(entry.value)).node as string);
  }

  test('follows what takes traffic, whichever node it was written at', async () => {
    await api(node(0), 'PUT', '/apps/prod/pay/a1', { addrs: ['http://10.0.0.1:80', 'grpc://10.0.0.2:90'] });
    await api(node(1), 'PUT', '/apps/prod/x.shop/s1', { addrs: ['http://10.0.0.3:80'] });
    const all = {
      'svc/prod/pay/a1/a0': '10.0.0.1',
      'svc/prod/pay/a1/a1': '10.0.0.2',
      'svc/prod/shop/x/s1/a0': '10.0.0.3',
    };
    await until('all keys', async () => Object.keys(await mirrored()).length === 3);
    expect(await mirrored()).toEqual(all);
    await api(node(0), 'POST', '/apps/prod/x.shop/s1/drain');
    await api(node(1), 'PUT', '/apps/prod/pay/a1', { addrs: ['http://10.0.0.9:80'] });
    const left = { 'svc/prod/pay/a1/a0': '10.0.0.9' };
    await until('one key', async () => JSON.stringify(await mirrored()) === JSON.stringify(left));
  });

  test('leaves keys of others alone, and repairs its own when another node takes over', async () => {
    await api(node(0), 'PUT', '/apps/prod/own/o1', { addrs: ['http://10.0.1.1:80'] });
    await until('its key', async () => 'svc/prod/own/o1/a0' in (await mirrored()));
    // By hand: another one's key, one at the place of an instance that comes later, a stale one of ours, and one changed.
    await put('/skydns/svc/prod/hand/h1', '{"host":"10.9.9.9"}');
    await put('/skydns/svc/prod/later/l1/a0', 'not JSON');
    await put('/skydns/svc/prod/gone/g1/a0', '{"host":"10.9.9.8","rollcall":"main"}');
    await put('/skydns/svc/prod/own/o1/a0', '{"host":"10.9.9.7","rollcall":"main"}');
    await api(node(0), 'PUT', '/apps/prod/later/l1', { addrs: ['http://10.0.1.2:80'] });

    const first = await writer();
    const index = first === 'n1' ? 0 : 1;
    await node(index).kill();
    await until('the other node writes', async () => !['', first].includes(await writer()));
    await until('repaired', async () => !('svc/prod/gone/g1/a0' in (await mirrored())));
    await until('its own again', async () => (await mirrored())['svc/prod/own/o1/a0'] === '10.0.1.1');
    expect(await mirrored()).toMatchObject({ 'svc/prod/hand/h1': '10.9.9.9', 'svc/prod/later/l1/a0': 'not JSON' });
    const other = node(1 - index);
    expect(other.output()).toContain('not of this cluster');
    await api(other, 'DELETE', '/apps/prod/later/l1');
    await api(other, 'PUT', '/apps/prod/after/b1', { addrs: ['http://10.0.1.3:80'] });
    await until('writes go on', async () => 'svc/prod/after/b1/a0' in (await mirrored()));
    expect(await mirrored()).toHaveProperty('svc/prod/later/l1/a0');
    nodes[index] = await world.start(first, { env });
  });

  test.skipIf(!installed('coredns'))('CoreDNS (coredns) answers from it, also when every node is gone', async () => {
    await api(node(0), 'PUT', '/apps/prod/web/w1', { addrs: ['http://10.0.2.1:8080'], dnsTtl: 7 });
    await api(node(0), 'PUT', '/apps/prod/web/w2', { addrs: ['http://10.0.2.2:8080'] });
    await until('mirrored', async () => 'svc/prod/web/w2/a0' in (await mirrored()));
    await put('/skydns/svc/prod/later/l1/a0', '{"host":"10.9.9.6"}');
    await Promise.all(nodes.map((one) => one.kill()));
    const directory = scratch();
    const port = await freePort();
    const corefile = `.:${port} {\n  bind 127.0.0.1\n  etcd svc {\n    path /skydns\n    endpoint ${etcd.urls.join(' ')}\n  }\n}\n`;
    writeFileSync(join(directory, 'Corefile'), corefile);
    const coredns = start(pathOf('coredns') ?? '', ['-conf', join(directory, 'Corefile')]);
    try {
      const ask = (question: string) => digShort(port, question);
      await until('CoreDNS', async () => (await ask('web.prod.svc A').catch(() => [])).length === 2);
      expect((await ask('web.prod.svc A')).sort()).toEqual(['10.0.2.1', '10.0.2.2']);
      expect(await ask('w1.web.prod.svc A')).toEqual(['10.0.2.1']);
      const targets = (await ask('web.prod.svc SRV')).map((line) => line.split(' ').slice(2).join(' '));
      expect(targets.sort()).toEqual(['8080 a0.w1.web.prod.svc.', '8080 a0.w2.web.prod.svc.']);
    } finally {
      await coredns.stop('SIGKILL');
      removeScratch(directory);
    }
  });
});
