// What etcd refuses, and what the client makes of it: a full disk, expired tokens, roles, certificates.

import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { SessionEvent } from '../../../src/cluster/engine.ts';
import type { EtcdEngine } from '../../../src/cluster/etcd/etcd-engine.ts';
import { base64, type Etcd, missingEtcd, startEtcd } from '../../kit/cluster/etcd.ts';
import { bytes, engineAt, followNow, good, swapOf } from '../../kit/cluster/etcd-client.ts';
import { Authority, read } from '../../kit/http/certificates.ts';
import { until } from '../../kit/process/until.ts';

describe.skipIf(missingEtcd.length > 0)('etcd refuses', () => {
  let etcd: Etcd | undefined;
  const engines: EtcdEngine[] = [];

  function engineOf(...args: Parameters<typeof engineAt>): EtcdEngine {
    const engine = engineAt(...args);
    engines.push(engine);
    return engine;
  }

  afterEach(async () => {
    for (const engine of engines.splice(0)) engine.close();
    await etcd?.[Symbol.asyncDispose]();
    etcd = undefined;
  });

  test('puts and sessions when its disk quota is used up; reads, the watch, deletes and keep-alives go on', async () => {
    etcd = await startEtcd({ args: ['--quota-backend-bytes', String(4 << 20)] });
    const engine = engineOf(etcd.urls);
    const events: SessionEvent[] = [];
    const session = engine.session({ key: '/n/a', value: bytes('a'), ttlSeconds: 5 }, (event) => events.push(event));
    await until('a session', () => session.lease !== undefined);
    const followed = await followNow(engine, '/k/');
    const value = bytes('x'.repeat(500_000));
    const fill = () => engine.swap({ swaps: [], puts: [{ key: '/k/big', value }] }, 5000);
    await until('the quota', async () => 'fault' in (await fill()), { everyMs: 0 });
    expect(await fill()).toMatchObject({ fault: 'no-space' });
    expect((await good(engine.status())).isOutOfSpace).toBe(true);

    const late: SessionEvent[] = [];
    const other = engine.session({ key: '/n/b', value: bytes('b'), ttlSeconds: 5 }, (event) => late.push(event));
    expect(await until('a refusal', () => late[0])).toMatchObject({ kind: 'failed', fault: { fault: 'no-space' } });

    await good(engine.swap({ swaps: [], puts: [{ key: '/k/big' }] }, 5000));
    await followed.untilSeen('-/k/big');
    const proven = session.provenUntilMs;
    await until('a new proof', () => session.provenUntilMs > proven);
    expect(events.map(({ kind }) => kind)).toEqual(['held']);
    await Promise.all([session.close(), other.close()]);
  });

  /** A role on /mine/ for `user`, and root. */
  async function withUsers(args: readonly string[], user = 'rollcall'): Promise<Etcd> {
    const started = await startEtcd({ args });
    await setUpUsers(started, user);
    return started;
  }

  async function setUpUsers(started: Etcd, user: string): Promise<void> {
    const ask = (path: string, body: unknown) => started.ask(path, body);
    const key = base64('/mine/');
    const permission = { permType: 'READWRITE', key, range_end: base64('/mine0') };
    await ask('auth/user/add', { name: 'root', password: 'r' });
    await ask('auth/role/add', { name: 'root' });
    await ask('auth/user/grant', { user: 'root', role: 'root' });
    await ask('auth/role/add', { name: 'mine' });
    await ask('auth/role/grant', { name: 'mine', perm: permission });
    await ask('auth/user/add', { name: user, password: 'secret' });
    await ask('auth/user/grant', { user, role: 'mine' });
    await ask('auth/enable', {});
  }

  test('a token that has expired: one login, and the call is repeated; the watch lives on', async () => {
    etcd = await withUsers(['--auth-token-ttl', '1']);
    let logins = 0;
    const password = async (): Promise<string> => {
      logins++;
      return 'secret';
    };
    const engine = engineOf(etcd.urls, { login: { user: 'rollcall', password } });
    const followed = await followNow(engine, '/mine/');
    await followed.until('live');
    expect(logins).toBe(1);
    // A token lives on while it is used; unused it is gone after a second, which a first call finds out.
    const relogin = async (): Promise<boolean> => {
      await good(engine.read('/mine/a'));
      return logins > 1;
    };
    await until('another login', relogin, { everyMs: 1500 });
    await good(engine.swap({ swaps: [swapOf('/mine/a', '1')], puts: [] }, 10_000));
    await followed.untilSeen('/mine/a=1');
    expect(followed.events.filter(({ kind }) => kind === 'broken')).toEqual([]);
  });

  test('a restart forgets tokens: watch, session and calls log in again', async () => {
    etcd = await withUsers([]);
    const engine = engineOf(etcd.urls, { login: { user: 'rollcall', password: async () => 'secret' } });
    const followed = await followNow(engine, '/mine/');
    await followed.until('live');
    const session = engine.session({ key: '/mine/n', value: bytes('me'), ttlSeconds: 30 }, () => {});
    await until('a session', () => session.lease !== undefined);
    const { lease } = session;
    await etcd.members[0]?.kill();
    await etcd.start();
    await followed.until('live', 2);
    const proven = session.provenUntilMs;
    await until('a new proof', () => session.provenUntilMs > proven);
    expect(session.lease).toBe(lease);
    await good(engine.swap({ swaps: [swapOf('/mine/a', '1')], puts: [] }, 10_000));
    await followed.untilSeen('/mine/a=1');
    await session.close();
  });

  test('what the role does not permit, and a wrong password, are denied and not tried for ever', async () => {
    etcd = await withUsers([]);
    const engine = engineOf(etcd.urls, { login: { user: 'rollcall', password: async () => 'secret' } });
    expect(await engine.read('/yours/a')).toMatchObject({ fault: 'denied' });
    const { revision, clusterId } = await good(engine.list('/mine/'));
    const events: string[] = [];
    engine.follow('/yours/', { revision, clusterId }, (event) => events.push(event.kind));
    await until('a refusal', () => events.includes('denied'));
    expect(events.filter((kind) => kind === 'broken').length).toBeLessThan(2);

    const wrong = engineOf(etcd.urls, { login: { user: 'rollcall', password: async () => 'guess' } });
    expect(await wrong.read('/mine/a')).toMatchObject({ fault: 'denied' });
    const anonymous = engineOf(etcd.urls);
    expect(await anonymous.read('/mine/a')).toMatchObject({ fault: 'denied' });
    const noFile = engineOf(etcd.urls, {
      login: { user: 'rollcall', password: () => Promise.reject(new Error('no such file')) },
    });
    expect(await noFile.read('/mine/a')).toMatchObject({ fault: 'denied', detail: expect.stringContaining('no such') });
  });

  test('who has no certificate of its authority; the certificate is the user', async () => {
    const authority = await Authority.create();
    const [server, client, stranger] = await Promise.all([
      authority.sign('server'),
      authority.sign('rollcall'),
      Authority.create().then((other) => other.sign('rollcall')),
    ]);
    etcd = await startEtcd({ tls: { ca: authority.ca, ...server } });
    const ca = readFileSync(authority.ca);
    const engine = engineOf(etcd.urls, { tls: () => ({ ca, ...read(client) }) });
    await good(engine.swap({ swaps: [swapOf('/mine/a', '1')], puts: [] }, 10_000));
    const followed = await followNow(engine, '/mine/');
    await followed.until('live');

    const wrong = engineOf(etcd.urls, { tls: () => ({ ca, ...read(stranger) }) });
    expect(await wrong.swap({ swaps: [swapOf('/mine/b', '1')], puts: [] }, 1000)).toMatchObject({
      fault: 'unavailable',
      sent: false,
    });
    const distrustful = engineOf(etcd.urls, { tls: () => read(client) });
    expect(await distrustful.swap({ swaps: [swapOf('/mine/b', '1')], puts: [] }, 1000)).toMatchObject({
      fault: 'unavailable',
      detail: expect.stringMatching(/certificate/),
    });
    const broken = engineOf(etcd.urls, { tls: () => ({ ca, cert: ca, key: Buffer.from('no key') }) });
    expect(await broken.swap({ swaps: [swapOf('/mine/b', '1')], puts: [] }, 1000)).toMatchObject({
      fault: 'unavailable',
      detail: expect.stringMatching(/certificate or key/),
    });
  });
});
