// The client against three members of which some are killed, stopped or without a leader.

import { afterEach, describe, expect, test } from 'vitest';
import type { SessionEvent } from '../../../src/cluster/engine.ts';
import type { EtcdEngine } from '../../../src/cluster/etcd/etcd-engine.ts';
import { type Etcd, type EtcdMember, missingEtcd, startEtcd } from '../../kit/cluster/etcd.ts';
import { bytes, engineAt, type Followed, followNow, good, swapOf } from '../../kit/cluster/etcd-client.ts';
import { until } from '../../kit/process/until.ts';

describe.skipIf(missingEtcd.length > 0)('three members', () => {
  let etcd: Etcd;
  const engines: EtcdEngine[] = [];

  async function world() {
    etcd = await startEtcd({ members: 3 });
    const engine = engineOf(etcd.urls);
    const followed = await followNow(engine, '/k/');
    await followed.until('live');
    const inUse = etcd.memberAt((await good(engine.status())).endpoint);
    return { engine, followed, inUse };
  }

  function engineOf(urls: readonly string[]): EtcdEngine {
    const engine = engineAt(urls);
    engines.push(engine);
    return engine;
  }

  afterEach(async () => {
    for (const engine of engines.splice(0)) engine.close();
    await etcd?.[Symbol.asyncDispose]();
  });

  function others(than: EtcdMember): EtcdMember[] {
    return etcd.members.filter((member) => member !== than);
  }

  /** Each swap once and no change lost, in spite of faults. */
  async function writeThrough(engine: EtcdEngine, followed: Followed, count: number, trouble: () => void) {
    for (let index = 0; index < count; index++) {
      if (index === Math.floor(count / 4)) trouble();
      const { verdicts } = await good(engine.swap({ swaps: [swapOf(`/k/${index}`, String(index))], puts: [] }, 60_000));
      expect(['won', 'own-reply-lost']).toContain(verdicts[0]?.verdict);
    }
    const written = Array.from({ length: count }, (_, index) => `/k/${index}=${index}`);
    await until('all changes', () => followed.seen.length === count);
    expect(followed.seen).toEqual(written);
  }

  test('the member in use is killed: writes and the watch go on at another, nothing is lost or doubled', async () => {
    const { engine, followed, inUse } = await world();
    await writeThrough(engine, followed, 40, () => inUse.signal('SIGKILL'));
    expect((await good(engine.status())).endpoint).not.toBe(inUse.clientUrl);
  });

  test('the member in use hangs with its sockets open: the same', async () => {
    const { engine, followed, inUse } = await world();
    await writeThrough(engine, followed, 40, () => inUse.signal('SIGSTOP'));
    expect((await good(engine.status())).endpoint).not.toBe(inUse.clientUrl);
  });

  test('a quiet watch at a member that hangs moves to another', async () => {
    const { engine, followed, inUse } = await world();
    inUse.signal('SIGSTOP');
    await followed.until('live', 2);
    await etcd.ask('kv/put', { key: Buffer.from('/k/after').toString('base64') }, { member: others(inUse)[0] });
    await followed.untilSeen('/k/after=');
    expect((await good(engine.status())).endpoint).not.toBe(inUse.clientUrl);
  });

  test('the leader is killed: writes wait for the election', async () => {
    const { followed } = await world();
    const leader = await etcd.leader();
    const engine = engineOf(others(leader).map(({ clientUrl }) => clientUrl));
    await writeThrough(engine, followed, 40, () => leader.signal('SIGKILL'));
  });

  test('without quorum every call is unavailable, and the watch reports it; with quorum again all goes on', async () => {
    const { engine, followed, inUse } = await world();
    const dead = others(inUse);
    await Promise.all(dead.map((member) => member.kill()));
    await followed.until('broken');
    expect(await engine.swap({ swaps: [swapOf('/k/a', '1')], puts: [] }, 500)).toMatchObject({ fault: 'unavailable' });
    expect(followed.events.every(({ kind }) => ['live', 'broken'].includes(kind))).toBe(true);
    await etcd.start(dead);
    await good(engine.swap({ swaps: [swapOf('/k/b', '2')], puts: [] }, 60_000));
    await followed.untilSeen('/k/b=2');
  });

  test('all members are killed and started again: the session lives on, no change is lost', async () => {
    const { engine, followed } = await world();
    const events: SessionEvent[] = [];
    const session = engine.session({ key: '/n/me', value: bytes('me'), ttlSeconds: 30 }, (event) => events.push(event));
    await until('a session', () => session.lease !== undefined);
    const { lease } = session;
    await Promise.all(etcd.members.map((member) => member.kill()));
    await followed.until('broken');
    await etcd.start();
    const proven = session.provenUntilMs;
    await until('a new proof', () => session.provenUntilMs > proven);
    expect(session.lease).toBe(lease);
    expect(events.map(({ kind }) => kind)).toEqual(['held']);
    await good(engine.swap({ swaps: [swapOf('/k/a', '1')], puts: [] }, 60_000));
    await followed.untilSeen('/k/a=1');
    expect(followed.seen).toEqual(['/k/a=1']);
    await session.close();
  });

  test('an etcd that was wiped is another history, not a quiet one', async () => {
    const { followed, engine } = await world();
    for (const name of ['a', 'b', 'c']) await good(engine.swap({ swaps: [swapOf(`/k/${name}`, '1')], puts: [] }, 5000));
    await followed.untilSeen('/k/c=1');
    await Promise.all(etcd.members.map((member) => member.kill()));
    for (const member of etcd.members) member.wipe();
    await etcd.start();
    await followed.until('rewound');
    expect(followed.seen.length).toBe(3);
  });
});
