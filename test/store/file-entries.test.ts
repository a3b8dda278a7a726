// The services of files, from one start to the next: with the database, behind the changes that came of it.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openWorld } from '../kit/history/kept-world.ts';
import { scratch } from '../kit/process/scratch.ts';
import { until } from '../kit/process/until.ts';

const entries = (text: string) => new Map([['["prod","a","one"]', text]]);

test('is there after a restart, a later word in place of an earlier one, an empty one gone', async () => {
  const folder = scratch();
  const first = await openWorld(folder);
  expect(await first.kept.fileEntries.load()).toEqual(new Map());
  first.harness.register('orders.prod/a');
  first.kept.fileEntries.save('a.yaml', entries('old'));
  first.kept.fileEntries.save('a.yaml', entries('new'));
  first.kept.fileEntries.save('b.yaml', entries('b'));
  first.kept.fileEntries.save('b.yaml', new Map());
  await until('it is written', async () => (await first.kept.fileEntries.load()).get('a.yaml')?.size === 1);
  await first.close();
  const second = await openWorld(folder);
  expect(await second.kept.fileEntries.load()).toEqual(new Map([['a.yaml', entries('new')]]));
  expect(second.restored).toBe(1);
  await second.close();
});

test('a row that is damaged is left out', async () => {
  const folder = scratch();
  const first = await openWorld(folder);
  first.kept.fileEntries.save('a.yaml', entries('a'));
  await until('it is written', async () => (await first.kept.fileEntries.load()).size === 1);
  await first.close();
  const database = new DatabaseSync(join(folder, 'rollcall.db'));
  database.exec("UPDATE file_entries SET entries = replace(entries, 'one', 'two')");
  database.close();
  const second = await openWorld(folder);
  expect(await second.kept.fileEntries.load()).toEqual(new Map());
  await second.close();
});
