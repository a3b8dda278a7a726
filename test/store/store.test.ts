// The recorder on disk does what every recorder does; and what it keeps is bounded by number and by time.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { appInThePast } from '../../src/history/past.ts';
import type { EventQuery, Recorder } from '../../src/history/recorder.ts';
import type { Change } from '../../src/model/change.ts';
import { Database } from '../../src/store/database.ts';
import { EventSearch } from '../../src/store/event-search.ts';
import { changeOf, changeRow } from '../../src/store/rows.ts';
import { keptOptions, openWorld } from '../kit/history/kept-world.ts';
import { scratch } from '../kit/process/scratch.ts';
import { keyOf } from '../kit/registry/harness.ts';
import { changeAsJson, describeRecorder } from '../registry/recorder-contract.ts';

// Without threads, so that it is quick: what is in the queue of a store is merged below.
describeRecorder('the recorder on disk', (registry, clock) => {
  const path = join(scratch(), 'rollcall.db');
  const database = Database.create(path, keptOptions(''), registry.revision, clock.wallMs());
  const search = new EventSearch(path);
  registry.onChange((change) => database.commit([changeRow(change)], clock.wallMs()));
  const events = async (query: EventQuery) => {
    const { rows, ...page } = search.find(query);
    return { ...page, changes: rows.map((row) => changeOf(row) as Change) };
  };
  const close = async () => {
    search.close();
    database.close();
  };
  return { recorder: { events }, close };
});

test('what is not on disk yet is found in its place', async () => {
  const world = await openWorld(scratch());
  const ask = async (query: Partial<EventQuery>) =>
    (await world.kept.recorder?.events({ limit: 100, ...query }))?.changes.map(({ revision, after }) => [
      revision - world.kept.initialRevision,
      after?.instance,
    ]);
  for (const name of ['a', 'b', 'c']) world.harness.register(`orders.prod/${name}`);
  await world.kept.durable();
  for (const name of ['d', 'e']) world.harness.register(`pay.prod/${name}`);
  const all = ask({});
  const some = ask({ limit: 3 });
  const one = ask({ limit: 1 });
  const older = ask({ before: world.kept.initialRevision + 5, limit: 2 });
  const pay = ask({ env: 'prod', appid: 'pay' });
  expect(world.kept.counts.pending).toBe(2);
  expect(await all).toEqual([
    [5, 'e'],
    [4, 'd'],
    [3, 'c'],
    [2, 'b'],
    [1, 'a'],
  ]);
  expect(await some).toEqual([
    [5, 'e'],
    [4, 'd'],
    [3, 'c'],
  ]);
  expect(await one).toEqual([[5, 'e']]);
  expect(await older).toEqual([
    [4, 'd'],
    [3, 'c'],
  ]);
  expect(await pay).toEqual([
    [5, 'e'],
    [4, 'd'],
  ]);
  await world.close();
});

test('changes are the same after a restart, and what was restored is none', async () => {
  const folder = scratch();
  const first = await openWorld(folder);
  first.harness.register('orders.prod/a', { metadata: { team: 'x' } });
  first.harness.patch('orders.prod/a', { weight: 5 });
  const before = await first.kept.recorder?.events({ limit: 10 });
  await first.close();
  const second = await openWorld(folder);
  second.harness.cancel('orders.prod/a');
  const after = await second.kept.recorder?.events({ limit: 10 });
  expect(after?.changes.slice(1).map(changeAsJson)).toEqual(before?.changes.map(changeAsJson));
  expect(changeAsJson(after?.changes[2] as Change)).toMatchObject({ after: { metadata: { team: 'x' }, weight: 10 } });
  expect(after?.changes.map(({ kind }) => kind)).toEqual(['cancelled', 'updated', 'registered']);
  expect(after?.completeSince).toBe(before?.completeSince);
  await second.close();
});

test('the oldest events leave when there are too many, and the page has since when it is complete', async () => {
  const world = await openWorld(scratch(), { eventsMax: 10 });
  for (let i = 0; i < 40; i++) {
    world.harness.register(`orders.prod/a${i % 3}`, { weight: i });
    if (i % 5 === 0) await world.kept.durable();
  }
  await world.kept.durable();
  const page = await world.kept.recorder?.events({ limit: 100 });
  const revisions = page?.changes.map(({ revision }) => revision) ?? [];
  expect(revisions).toHaveLength(10);
  expect(page?.completeSince).toBe((revisions.at(-1) as number) - 1);
  expect(world.harness.registry.instanceCount).toBe(3);
  await world.close();
});

test('and when they are too old', async () => {
  const world = await openWorld(scratch(), { eventsKeepMs: 60_000 });
  world.harness.register('orders.prod/a');
  await world.kept.durable();
  world.harness.clock.advance(59_000);
  world.harness.register('orders.prod/b');
  await world.kept.durable();
  const find = async () =>
    (await world.kept.recorder?.events({ limit: 9 }))?.changes.map(({ after }) => after?.instance);
  expect(await find()).toEqual(['b', 'a']);
  world.harness.clock.advance(2000);
  world.harness.register('orders.prod/c');
  await world.kept.durable();
  expect(await find()).toEqual(['c', 'b']);
  await world.close();
});

test('a damaged event is named, shortens no page, and what it would decide is not guessed', async () => {
  const folder = scratch();
  const first = await openWorld(folder);
  const start = first.kept.initialRevision;
  const { clock } = first.harness;
  first.harness.register('orders.prod/a');
  first.harness.register('pay.prod/p');
  const beforeAtMs = clock.wallMs();
  clock.advance(1000);
  for (const name of ['b', 'c', 'd']) first.harness.register(`orders.prod/${name}`);
  clock.advance(1000);
  await first.close();
  const database = new DatabaseSync(join(folder, 'rollcall.db'));
  const harm = (revision: number) =>
    database.prepare('UPDATE events SET content = substr(content, 2) WHERE revision = ?').run(revision);
  harm(start + 3);
  harm(start + 5);
  database.close();

  const { harness, kept, close } = await openWorld(folder);
  const recorder = kept.recorder as Recorder;
  const page = async (query: Partial<EventQuery>) => {
    const { changes, unreadable } = await recorder.events({ limit: 2, ...query });
    return [changes.map(({ revision }) => revision - start), unreadable.map((revision) => revision - start)];
  };
  expect(await page({})).toEqual([
    [4, 2],
    [5, 3],
  ]);
  expect(await page({ before: start + 4 })).toEqual([[2, 1], [3]]);
  expect(await page({ before: start + 2 })).toEqual([[1], []]);
  expect(await page({ limit: 1, before: start + 6 })).toEqual([[4], [5]]);
  const past = (appid: string) => appInThePast(harness.registry, recorder, { env: 'prod', appid }, beforeAtMs);
  expect(await past('orders')).toEqual({ kind: 'damaged', changes: 2 });
  expect(await past('pay')).toMatchObject({ kind: 'known', instances: [{ instance: 'p' }] });
  await close();
});

test('a hold is there again after a restart, without its instance too; one that was lifted is not', async () => {
  const folder = scratch();
  const world = await openWorld(folder);
  const until = world.harness.clock.wallMs() + 3_600_000;
  const actor = { kind: 'token', front: 'api', principal: 'ops', address: '192.0.2.1' } as const;
  const hold = (place: string) =>
    world.harness.registry.perform({ kind: 'drain', key: keyOf(place), holdUntilMs: until }, actor);
  for (const id of ['a', 'b', 'c']) world.harness.register(`orders.prod/${id}`);
  world.harness.register('orders.prod/d');
  for (const id of ['a', 'b', 'c']) hold(`orders.prod/${id}`);
  world.harness.registry.perform({ kind: 'drain', key: keyOf('orders.prod/d') }, actor);
  world.harness.cancel('orders.prod/b');
  world.harness.registry.perform({ kind: 'up', key: keyOf('orders.prod/c') }, actor);
  await world.close();
  const second = await openWorld(folder);
  const { registry } = second.harness;
  expect(registry.find(keyOf('orders.prod/a'))?.instance.override).toMatchObject({ by: 'ops', until });
  expect(registry.find(keyOf('orders.prod/d'))?.instance.override).toMatchObject({ by: 'ops', until: 'next-up' });
  second.harness.register('orders.prod/b');
  expect(registry.find(keyOf('orders.prod/b'))?.instance).toMatchObject({ status: 'waiting', override: { until } });
  expect(registry.find(keyOf('orders.prod/c'))?.instance).toMatchObject({ status: 'up', override: undefined });
  await second.close();
});

test('pages that are asked for at a time are read in turns of the event loop of their own', async () => {
  const world = await openWorld(scratch());
  for (let i = 0; i < 20; i++) world.harness.register(`orders.prod/i${i}`);
  await world.kept.durable();
  let turn = 0;
  let counting = setImmediate(function count() {
    turn++;
    counting = setImmediate(count);
  });
  const turns = await Promise.all(
    Array.from({ length: 30 }, async (_, i) => {
      const page = await world.kept.recorder?.events({ limit: 1 + i });
      expect(page?.changes).toHaveLength(Math.min(1 + i, 20));
      return turn;
    }),
  );
  clearImmediate(counting);
  expect(new Set(turns).size).toBe(turns.length);
  await world.close();
});

test('reads of pages that are pending when the store closes do not fail', async () => {
  const world = await openWorld(scratch());
  world.harness.register('orders.prod/a');
  await world.kept.durable();
  const settled: string[] = [];
  for (let i = 0; i < 10; i++) {
    const page = world.kept.recorder?.events({ limit: 5 });
    page?.then(
      () => settled.push('read'),
      (error: Error) => settled.push(error.message),
    );
  }
  await world.close();
  expect(settled.filter((how) => how !== 'read')).toEqual([]);
});

test.each([0, 1, 2, 3, 5, 8])(
  'nor does one that waits for its thread, %i turns before the store closes',
  async (turns) => {
    const world = await openWorld(scratch());
    world.harness.register('orders.prod/a');
    await world.kept.durable();
    let failed: Error | undefined;
    world.kept.recorder?.events({ limit: 5 }).catch((error: Error) => {
      failed = error;
    });
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    await world.close();
    expect(failed).toBe(undefined);
  },
);
