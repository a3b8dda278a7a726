// What an operator does wrong, or etcd runs out of: each is reported in a sentence with cause and remedy, DNS goes on, and nothing
// is lost.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addressesAt, api, ClusterWorld } from '../../kit/cluster/cluster-world.ts';
import { base64, type Etcd, missingEtcd, startEtcd } from '../../kit/cluster/etcd.ts';
import { Authority, type Certificate } from '../../kit/http/certificates.ts';
import { scratch } from '../../kit/process/scratch.ts';
import type { ServerProcess } from '../../kit/process/server-process.ts';
import { until } from '../../kit/process/until.ts';

const instance = (address: string) => ({ addrs: [`http://${address}:80`], leaseSeconds: 600 });

/** The cluster's part of the body, while names are answered and status is 200. */
async function readiness(node: ServerProcess): Promise<string> {
  const reply = await fetch(`${node.http}/readyz`);
  expect(reply.status).toBe(200);
  return String(((await reply.json()) as { cluster?: string }).cluster ?? '');
}

async function sentence(node: ServerProcess, part: string): Promise<void> {
  await until(`"${part}" in /readyz`, async () => (await readiness(node)).includes(part));
  expect(await addressesAt(node, 'pay')).toEqual(['10.0.0.1']);
}

describe.skipIf(missingEtcd.length > 0)('an etcd with TLS', () => {
  let authority: Authority;
  let etcd: Etcd;
  let world: ClusterWorld;
  let own: Certificate;
  let stranger: Certificate;
  let strangerCa: string;
  const data = join(scratch(), 'data');
  const start = (ca: string, { cert, key }: Certificate) =>
    world.start('n1', {
      data,
      env: {
        ROLLCALL_CLUSTER_START_WAIT_SECONDS: '2',
        ...{ ROLLCALL_CLUSTER_ETCD_CA: ca, ROLLCALL_CLUSTER_ETCD_CERT: cert, ROLLCALL_CLUSTER_ETCD_KEY: key },
      },
    });

  beforeAll(async () => {
    authority = await Authority.create();
    const other = await Authority.create();
    strangerCa = other.ca;
    [own, stranger] = await Promise.all([authority.sign('rollcall'), other.sign('rollcall')]);
    etcd = await startEtcd({ tls: { ca: authority.ca, ...(await authority.sign('server')) } });
    world = new ClusterWorld(etcd.urls, 'troubles');
    const node = await start(authority.ca, own);
    expect((await api(node, 'PUT', '/apps/prod/pay/a1', instance('10.0.0.1'))).status).toBe(201);
    await node.stop();
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await etcd[Symbol.asyncDispose]();
  });

  test('is not reached with the CA of another; a node answers with what it has', async () => {
    const node = await start(strangerCa, own);
    await sentence(node, 'clusterEtcdCa');
    await node.kill();
  });

  test('does not take a certificate of another CA', async () => {
    const node = await start(authority.ca, stranger);
    await sentence(node, 'clusterEtcdCert');
    await node.kill();
  });

  test('has lost nothing of it', async () => {
    const node = await start(authority.ca, own);
    expect(await readiness(node)).toBe('');
    expect((await api(node, 'GET', '/apps/prod/pay/a1?consistent=true')).status).toBe(200);
    await node.kill();
  });
});

describe.skipIf(missingEtcd.length > 0)('an etcd with users', () => {
  let etcd: Etcd;
  let world: ClusterWorld;
  const folder = scratch({ password: 'secret\n' });
  const password = join(folder, 'password');
  const start = () =>
    world.start('n1', {
      data: join(folder, 'data'),
      env: {
        ROLLCALL_CLUSTER_START_WAIT_SECONDS: '2',
        ROLLCALL_CLUSTER_ETCD_USER: 'rollcall',
        ROLLCALL_CLUSTER_ETCD_PASSWORD_FILE: password,
      },
    });

  beforeAll(async () => {
    etcd = await startEtcd();
    world = new ClusterWorld(etcd.urls, 'users');
    const key = base64('/rollcall/users/');
    const perm = { permType: 'READWRITE', key, range_end: base64('/rollcall/users0') };
    await etcd.ask('auth/user/add', { name: 'root', password: 'r' });
    await etcd.ask('auth/role/add', { name: 'root' });
    await etcd.ask('auth/user/grant', { user: 'root', role: 'root' });
    await etcd.ask('auth/role/add', { name: 'mine' });
    await etcd.ask('auth/role/grant', { name: 'mine', perm });
    await etcd.ask('auth/user/add', { name: 'rollcall', password: 'secret' });
    await etcd.ask('auth/user/grant', { user: 'rollcall', role: 'mine' });
    await etcd.ask('auth/enable', {});
    const node = await start();
    expect((await api(node, 'PUT', '/apps/prod/pay/a1', instance('10.0.0.1'))).status).toBe(201);
    await node.stop();
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await etcd[Symbol.asyncDispose]();
  });

  test('a wrong password is reported, with the setting; the right one in the file is enough to go on', async () => {
    writeFileSync(password, 'guess\n');
    const node = await start();
    await sentence(node, 'clusterEtcdPasswordFile');
    writeFileSync(password, 'secret\n');
    await until('it is joined', async () => (await readiness(node)) === '');
    expect(await addressesAt(node, 'pay')).toEqual(['10.0.0.1']);
  });
});

describe.skipIf(missingEtcd.length > 0)('an etcd whose quota is used up', () => {
  test('cuts the node, which logs the remedy, and joins by itself when it is', async () => {
    await using etcd = await startEtcd();
    await using world = new ClusterWorld(etcd.urls, 'full');
    const node = await world.start('n1', { env: { ROLLCALL_CLUSTER_MODE: 'cp' } });
    await api(node, 'PUT', '/apps/prod/pay/a1', instance('10.0.0.1'));
    const alarm = (action: string) => etcd.ask('maintenance/alarm', { action, memberID: '1', alarm: 'NOSPACE' });
    await alarm('ACTIVATE');
    const refused = await api(node, 'PUT', '/apps/prod/pay/a2', instance('10.0.0.2'));
    expect(refused.status).toBe(503);
    await sentence(node, 'etcdctl alarm disarm');
    expect((await api(node, 'PUT', '/apps/prod/pay/a1/renew')).status).toBe(200);
    await alarm('DEACTIVATE');
    await until('it is joined', async () => (await readiness(node)) === '');
    expect((await api(node, 'PUT', '/apps/prod/pay/a2', instance('10.0.0.2'))).status).toBe(201);
  });
});
