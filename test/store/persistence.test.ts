// What outlives a life: instances with their times and labels, the revision, and why the next life does not begin.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { openWorld } from '../kit/history/kept-world.ts';
import { scratch } from '../kit/process/scratch.ts';
import { keyOf } from '../kit/registry/harness.ts';

describe('a restart', () => {
  test('brings back every field, time, label and revision; the lease starts afresh', async () => {
    const folder = scratch();
    const first = await openWorld(folder);
    const { clock } = first.harness;
    first.harness.register('orders.prod/Order 1', {
      addrs: ['http://10.0.0.7:8080', 'dns+udp://[2001:db8::7]:53'],
      metadata: { 'a b': 'ü \u0000 \u{1f600}', 7: 'seven' },
      tags: ['x', 'y'],
      status: 'waiting',
      leaseSeconds: 30,
    });
    first.harness.register('orders.prod/order-1');
    clock.advance(20_000);
    first.harness.patch('orders.prod/Order 1', { status: 'up' });
    const was = first.harness.registry.find(keyOf('orders.prod/Order 1'));
    const contents = first.contents();
    await first.close();

    const second = await openWorld(folder);
    expect(second.restored).toBe(2);
    expect(second.contents()).toEqual(contents);
    const is = second.harness.registry.find(keyOf('orders.prod/Order 1'));
    expect(is?.instance).toEqual(was?.instance);
    expect([is?.registeredAtMs, is?.upAtMs, is?.dirtyAtMs]).toEqual([was?.registeredAtMs, was?.upAtMs, was?.dirtyAtMs]);
    expect(is?.deadlineMs).toBe(second.harness.clock.monotonicMs() + 30_000);
    await second.close();
  });

  test('does not move the revision, so neither the serial', async () => {
    const folder = scratch();
    const first = await openWorld(folder);
    first.harness.register('orders.prod/a');
    first.kept.touched(first.harness.registry.touch());
    const { revision } = first.harness.registry;
    await first.close();
    // The zone files had changed while it ran: their content may differ again now.
    const second = await openWorld(folder);
    expect(second.harness.registry.revision).toBe(revision + 1);
    await second.close();
    const third = await openWorld(folder);
    expect(third.harness.registry.revision).toBe(revision + 1);
    await third.close();
    const other = await openWorld(folder, { zonesDigest: 'others' });
    expect(other.harness.registry.revision).toBe(revision + 2);
    await other.close();
  });

  test('without the mark of the revision goes on above the database', async () => {
    const folder = scratch();
    const first = await openWorld(folder);
    first.harness.register('orders.prod/a');
    const { revision } = first.harness.registry;
    await first.close();
    writeFileSync(join(folder, 'revision'), 'what is this');
    const second = await openWorld(folder);
    expect(second.harness.registry.revision).toBeGreaterThan(revision);
    expect(second.log.map(({ level, message }) => [level, message])).toContainEqual([
      'warn',
      expect.stringContaining('damaged'),
    ]);
    await second.close();
  });

  test('forgets what was cancelled, evicted and replaced', async () => {
    const folder = scratch();
    const first = await openWorld(folder);
    const { harness } = first;
    harness.register('orders.prod/a');
    harness.register('orders.prod/b', { leaseSeconds: 5 });
    harness.register('orders.prod/c');
    harness.cancel('orders.prod/a');
    harness.elapse(5000);
    harness.register('orders.prod/c', { weight: 3 });
    await first.close();
    const second = await openWorld(folder);
    expect(second.contents()).toEqual([expect.stringMatching(/^prod\/orders\/c=/)]);
    expect(second.harness.registry.find(keyOf('orders.prod/c'))?.instance.weight).toBe(3);
    await second.close();
  });

  test('an instance that can no longer be taken is named, left out and forgotten; the rest is kept', async () => {
    const folder = scratch();
    const first = await openWorld(folder);
    for (let i = 0; i < 30; i++) first.harness.register(`orders.prod/a${i}`);
    first.harness.register('pay.prod/b');
    await first.close();
    const isOrders = ({ key }: { key: { appid: string } }) =>
      key.appid === 'orders' ? 'belongs to a zone that has a file of its own' : undefined;
    const second = await openWorld(folder, {}, isOrders);
    expect(second.contents()).toEqual([expect.stringMatching(/^prod\/pay\/b=/)]);
    const warnings = second.log.filter(({ level }) => level === 'warn');
    expect(warnings).toHaveLength(21);
    expect(warnings[0]?.facts).toMatchObject({ env: 'prod', appid: 'orders', instance: 'a0' });
    expect(warnings[20]?.facts).toEqual({ instances: 10 });
    await second.close();
    const third = await openWorld(folder);
    expect(third.restored).toBe(1);
    expect(third.log).toEqual([]);
    await third.close();
  });
});

describe('a folder', () => {
  test('holds four files after a clean end, and none of it is named in none', async () => {
    const folder = scratch();
    const world = await openWorld(folder);
    world.harness.register('orders.prod/a');
    await world.kept.recorder?.events({ limit: 1 });
    await world.close();
    expect(readdirSync(folder).sort()).toEqual(['life', 'revision', 'rollcall.db', 'rollcall.lock']);
  });

  test('is used by one server at a time', async () => {
    const folder = scratch();
    const first = await openWorld(folder);
    await expect(openWorld(folder)).rejects.toThrow(/another rollcall uses this folder/);
    first.harness.register('orders.prod/a');
    await first.kept.durable();
    await first.close();
    const next = await openWorld(folder);
    expect(next.restored).toBe(1);
    await next.close();
  });

  test('of a later version is refused and left as it is, octet for octet', async () => {
    const folder = scratch();
    const first = await openWorld(folder);
    first.harness.register('orders.prod/a');
    await first.close();
    const path = join(folder, 'rollcall.db');
    const octets = readFileSync(path);
    octets.writeUInt32BE(7, 60);
    octets.writeUInt32BE(0x726f_6c07, 68);
    writeFileSync(path, octets);
    const files = readdirSync(folder);
    await expect(openWorld(folder)).rejects.toThrow(
      /is of version 7, written by a later rollcall; this one can read up to/,
    );
    expect(readFileSync(path).equals(octets)).toBe(true);
    expect(readdirSync(folder)).toEqual(files);
  });

  test('a stop while it is opened, or while it is restored, ends that early and loses nothing', async () => {
    const folder = scratch();
    const first = await openWorld(folder);
    for (let i = 0; i < 1500; i++) first.harness.register(`app-${i % 7}.prod/one-${i}`);
    const { revision } = first.harness.registry;
    await first.close();
    const stopped = AbortSignal.abort();
    await expect(openWorld(folder, {}, undefined, stopped)).rejects.toThrow('stopped while it was opened');
    const stop = new AbortController();
    const refuseNone = () => {
      stop.abort();
      return undefined;
    };
    const second = await openWorld(folder, {}, refuseNone, stop.signal);
    expect(second.restored).toBeGreaterThan(0);
    expect(second.restored).toBeLessThan(1500);
    await second.close();
    const third = await openWorld(folder);
    expect([third.restored, third.harness.registry.revision]).toEqual([1500, revision]);
    await third.close();
  });

  test('that is stopped before it is opened leaves damage to the next start, which reports it', async () => {
    const folder = scratch();
    const first = await openWorld(folder);
    first.harness.register('orders.prod/a');
    await first.close();
    const database = new DatabaseSync(join(folder, 'rollcall.db'));
    database.exec("UPDATE instances SET label = 'another'; DELETE FROM events");
    database.close();
    await expect(openWorld(folder, { isSuspect: true }, undefined, AbortSignal.abort())).rejects.toThrow('stopped');
    const next = await openWorld(folder);
    expect(next.log).toMatchObject([{ level: 'error', facts: { lost: 1, instances: 0 } }]);
    await next.close();
  });

  test('of which a row is found damaged while it is read is opened again, rebuilt from its events, and reported', async () => {
    const folder = scratch();
    const first = await openWorld(folder);
    for (let i = 0; i < 1500; i++) first.harness.register(`app-${i % 7}.prod/one-${i}`);
    const contents = first.contents().sort();
    const { revision } = first.harness.registry;
    await first.close();
    const database = new DatabaseSync(join(folder, 'rollcall.db'));
    // Behind the first page of rows, so that some have been taken by then.
    database.exec("UPDATE instances SET label = 'another' WHERE id = 1200");
    database.close();
    const second = await openWorld(folder, { checkedOctetsMax: 0 });
    expect([second.restored, second.contents().sort()]).toEqual([1500, contents]);
    expect(second.log).toMatchObject([
      { level: 'warn', facts: { why: 'the row of an instance is damaged (it is the 1200th)' } },
      { level: 'error', facts: { lost: 0, instances: 1500, fromEvents: 1 } },
    ]);
    expect(second.harness.registry.revision).toBeGreaterThan(revision);
    second.harness.register('orders.prod/later');
    await second.kept.durable();
    await second.close();
    const third = await openWorld(folder, { checkedOctetsMax: 0 });
    expect([third.restored, third.log]).toEqual([1501, []]);
    await third.close();
  });

  test('that lost a row is found out at its end', async () => {
    const folder = scratch();
    const first = await openWorld(folder);
    for (const name of ['a', 'b', 'c']) first.harness.register(`orders.prod/${name}`);
    await first.close();
    const database = new DatabaseSync(join(folder, 'rollcall.db'));
    database.exec('DELETE FROM instances WHERE id = 2');
    database.close();
    const second = await openWorld(folder, { checkedOctetsMax: 0 });
    expect(second.restored).toBe(3);
    expect(second.log[0]).toMatchObject({ facts: { why: 'it has 2 instances where it should have 3' } });
    await second.close();
  });

  test('that cannot be made is a sentence', async () => {
    const folder = scratch({ taken: 'a file' });
    await expect(openWorld(join(folder, 'taken'))).rejects.toThrow(/Cannot keep data in .*taken/);
  });

  test('none keeps nothing', async () => {
    const world = await openWorld('', { folder: undefined });
    world.harness.register('orders.prod/a');
    await world.kept.durable();
    expect(world.kept.recorder).toBeUndefined();
    await world.close();
  });
});
