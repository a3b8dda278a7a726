// A node's session against one etcd: who holds the key, until when that is proven, and what happens when it goes.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Session, SessionEvent, SessionOptions } from '../../../src/cluster/engine.ts';
import type { EtcdEngine } from '../../../src/cluster/etcd/etcd-engine.ts';
import { type Etcd, missingEtcd, startEtcd } from '../../kit/cluster/etcd.ts';
import { bytes, engineAt, followNow, good, textOf } from '../../kit/cluster/etcd-client.ts';
import { until } from '../../kit/process/until.ts';

describe.skipIf(missingEtcd.length > 0)('a session', () => {
  let etcd: Etcd;
  let engine: EtcdEngine;
  const opened: Session[] = [];

  beforeAll(async () => {
    etcd = await startEtcd();
    engine = engineAt(etcd.urls);
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((session) => session.close()));
  });
  afterAll(async () => {
    engine.close();
    await etcd[Symbol.asyncDispose]();
  });

  function open(key: string, options: Partial<SessionOptions> = {}) {
    const events: SessionEvent[] = [];
    const session = engine.session({ key, value: bytes('me'), ttlSeconds: 5, ...options }, (event) =>
      events.push(event),
    );
    opened.push(session);
    const kind = (wanted: SessionEvent['kind'], count = 1) =>
      until(`${count} × ${wanted}`, () => events.filter((event) => event.kind === wanted).at(count - 1));
    return { session, events, kind };
  }

  async function revoke(lease: bigint): Promise<void> {
    await etcd.ask('lease/revoke', { ID: String(lease) });
  }

  test('holds its key, and its proof counts from the sending', async () => {
    const startMs = performance.now();
    const { session, kind } = open('n/a');
    await kind('held');
    const { entry } = await good(engine.read('n/a'));
    expect(textOf(entry?.value ?? bytes(''))).toBe('me');
    expect(entry?.lease).toBe(session.lease);
    expect(session.provenUntilMs).toBeGreaterThan(startMs);
    // Never more than the whole time from now, less the margin.
    expect(session.provenUntilMs).toBeLessThanOrEqual(performance.now() + 4000);
    const first = session.provenUntilMs;
    await until('a later proof', () => session.provenUntilMs > first);
  });

  test('leaves at once when it is closed', async () => {
    const { session, kind } = open('n/b');
    await kind('held');
    const followed = await followNow(engine, 'n/');
    await followed.until('live');
    await session.close();
    await followed.untilSeen('-n/b');
    expect(session.lease).toBeUndefined();
    expect(session.provenUntilMs).toBe(Number.NEGATIVE_INFINITY);
    followed.following.close();
  });

  test('a second node of the name waits, named with the holder, and gets the key when it is free', async () => {
    const first = open('n/c', { value: bytes('first') });
    await first.kind('held');
    const second = open('n/c', { value: bytes('second') });
    expect(await second.kind('occupied')).toMatchObject({ holder: { lease: first.session.lease } });
    expect(second.session.lease).toBeUndefined();
    await first.session.close();
    await second.kind('held');
    expect(textOf((await good(engine.read('n/c'))).entry?.value ?? bytes(''))).toBe('second');
  });

  test('the own last session is replaced at once', async () => {
    const last = open('n/d');
    await last.kind('held');
    const next = open('n/d', { replaces: last.session.lease });
    await next.kind('held');
    expect(next.events.map(({ kind }) => kind)).toEqual(['held']);
    await last.session.close();
  });

  test('one that etcd revoked is followed by a new one', async () => {
    const { session, kind } = open('n/e');
    await kind('held');
    const lease = session.lease ?? 0n;
    await revoke(lease);
    expect(await kind('lost')).toEqual({ kind: 'lost', lease });
    await kind('held', 2);
    expect(session.lease).not.toBe(lease);
    expect((await good(engine.read('n/e'))).entry?.lease).toBe(session.lease);
  });

  test('its key seen to go is enough; an old deletion is not', async () => {
    const { session, events, kind } = open('n/f', { ttlSeconds: 60 });
    await kind('held');
    session.noteDeleted(1);
    const lease = session.lease ?? 0n;
    const followed = await followNow(engine, 'n/f');
    await followed.until('live');
    await revoke(lease);
    const gone = await followed.until('group');
    expect(events.map((event) => event.kind)).toEqual(['held']);
    // The next keep-alive is 12 s away.
    session.noteDeleted(gone.kind === 'group' ? gone.revision : 0);
    await kind('held', 2);
    followed.following.close();
  });
});
