// Service files on several nodes: one node runs each instance, the file of another makes that one a candidate, and an
// instance leaves when no node's file names it any more.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { api, ClusterWorld } from '../../kit/cluster/cluster-world.ts';
import { type Etcd, missingEtcd, startEtcd } from '../../kit/cluster/etcd.ts';
import { scratch } from '../../kit/process/scratch.ts';
import type { ServerProcess } from '../../kit/process/server-process.ts';
import { until } from '../../kit/process/until.ts';

const entry = (weight: number) => `- env: prod
  appid: printer
  instance: p1
  weight: ${weight}
  addrs: [ipp://127.0.0.1:1]
  checks: [{ type: tcp, intervalSeconds: 1 }]
`;

describe.skipIf(missingEtcd.length > 0)('a service file on two of three nodes', () => {
  let etcd: Etcd;
  let world: ClusterWorld;
  const nodes: ServerProcess[] = [];
  const folders = [scratch(), scratch(), scratch()];
  const at = (index: number) => nodes[index] as ServerProcess;

  const start = (index: number) => {
    const services = join(folders[index] ?? '', 'services.d');
    mkdirSync(services, { recursive: true });
    return world.start(`n${index + 1}`, { env: { ROLLCALL_SERVICES: services } });
  };
  const write = (index: number, text: string | undefined) => {
    const path = join(folders[index] ?? '', 'services.d', 'printer.yaml');
    if (text === undefined) rmSync(path);
    else writeFileSync(path, text);
  };
  /** A file that is written later is read later. */
  const untilRead = async (index: number) => {
    const other = entry(1).replace('printer', 'other').replace('p1', `o${index}`);
    writeFileSync(join(folders[index] ?? '', 'services.d', 'zz.yaml'), other);
    await until('its files are read', async () => {
      return (await api(at(2), 'GET', `/apps/prod/other/o${index}`)).status === 200;
    });
  };
  const weightAt = async (index: number) =>
    (await api(at(index), 'GET', '/apps/prod/printer/p1')).body['weight'] as number | undefined;
  const owned = async (index: number, of: number): Promise<number> => {
    const { body } = await api(at(of), 'GET', '/nodes');
    const found = (body['nodes'] as { node: string; owned: number }[]).find(({ node }) => node === `n${index + 1}`);
    return found?.owned ?? 0;
  };

  beforeAll(async () => {
    etcd = await startEtcd();
    world = new ClusterWorld(etcd.urls, 'files');
    nodes.push(...(await Promise.all([0, 1, 2].map(start))));
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await etcd[Symbol.asyncDispose]();
  });

  test('the first node that has it runs the instance; the same file elsewhere changes nothing', async () => {
    write(1, entry(10));
    await until('it is registered', async () => (await weightAt(2)) === 10);
    write(0, entry(10));
    await untilRead(0);
    expect([await owned(0, 2), await owned(1, 2)]).toEqual([1, 1]);
  });

  test('another entry of the candidate is reported and not applied', async () => {
    write(0, entry(77));
    await until('it is reported', () => /is run by node n2/.test(at(0).output()));
    expect(await weightAt(2)).toBe(10);
    write(1, entry(20));
    await until("the owner's file counts", async () => (await weightAt(0)) === 20);
    write(0, entry(20));
  });

  test('when the owner lets go of it, the candidate runs it on', async () => {
    write(1, undefined);
    await until('n1 runs both', async () => (await owned(0, 2)) === 2);
    expect(await weightAt(2)).toBe(20);
    expect(at(1).output()).toContain('that of another node does');
  });

  test('when the owner dies, the candidate takes it over, whichever node acts for the dead', async () => {
    write(2, entry(20));
    await untilRead(2);
    const before = await owned(2, 1);
    await at(0).kill();
    // What only n1's file named goes to the node that acts for it, which may be n3 as well.
    await until('n3 runs it', async () => (await owned(2, 1)) > before, { withinMs: 40_000 });
    await until('none is left behind', async () => (await owned(0, 1)) === 0);
  });

  test('it leaves when no file names it any more', async () => {
    write(2, undefined);
    await until('it is gone', async () => (await weightAt(1)) === undefined);
  });
});
