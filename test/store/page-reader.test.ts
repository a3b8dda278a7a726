// Pages of rows read back: each row is its own, independent of the one before, and what is not as it has to be
// is named and not taken.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { Change } from '../../src/model/change.ts';
import { registrationToJson } from '../../src/model/instance.ts';
import { Database } from '../../src/store/database.ts';
import { PageReader, type ReadRow } from '../../src/store/page-reader.ts';
import { changeRow, type InstanceRow } from '../../src/store/rows.ts';
import { keptOptions } from '../kit/history/kept-world.ts';
import { scratch } from '../kit/process/scratch.ts';
import { Harness } from '../kit/registry/harness.ts';

/** Through a database, as they are at a start. */
function readBack(rows: readonly InstanceRow[]): ReadRow[] {
  const path = join(scratch(), 'rollcall.db');
  const database = Database.create(path, keptOptions(''), 1, 1);
  database.fill({ instances: rows, events: [], holds: [] }, {});
  const reader = new PageReader();
  const read: ReadRow[] = [];
  for (;;) {
    const page = database.instances();
    if (page === 'end' || 'damage' in page) {
      expect(page).toBe('end');
      database.close();
      return read;
    }
    reader.take(page);
    for (let row = reader.next(); row !== undefined; row = reader.next()) read.push(row);
  }
}

function rowsOf(bodies: readonly (readonly [place: string, body: Record<string, unknown>])[]): InstanceRow[] {
  const harness = new Harness();
  const changes: Change[] = [];
  harness.registry.onChange((change) => changes.push(change));
  for (const [place, body] of bodies) {
    harness.clock.advance(1000);
    harness.register(place, body);
  }
  return changes.map((change) => changeRow(change).after as InstanceRow);
}

function asRow({ saved }: ReadRow): InstanceRow {
  if ('message' in saved) throw new Error(saved.message);
  const { key, label, registration, times, revision } = saved;
  const content = registrationToJson(registration);
  return { ...key, label, registration: JSON.stringify(content), times: JSON.stringify(times), revision };
}

test('every row is read as it was written', () => {
  const rows = rowsOf([
    ['orders.prod/a', { addrs: ['http://10.0.0.1:80'] }],
    ['orders.prod/b', { addrs: ['http://10.0.0.2:80'] }],
    ['orders.prod/c', { addrs: ['http://[2001:db8::3]:80'] }],
    ['orders.prod/d', { addrs: ['http://a-host-of-a-long-name.example.org:80'] }],
    ['orders2.prod/d', { addrs: ['http://10.0.0.4:80', 'grpc://10.0.0.4:90'] }],
    ['orders.prod2/d', { addrs: ['http://10.0.0.5:80', 'grpc://10.0.0.6:90'] }],
    ['orders.prod2/Ü 1', { addrs: ['http://10.0.0.5:80'], metadata: { text: 'ü\n\u0000\u{1f600}"],"version":"' } }],
    ['orders.prod2/ü 2', { addrs: ['http://10.0.0.6:80'], metadata: { text: 'ü\n\u0000\u{1f600}"],"version":"' } }],
    ['orders.prod2/Ab', { addrs: ['http://10.0.0.7:80'], status: 'waiting' }],
    ['orders.prod2/ab-c', { addrs: ['http://10.0.0.8:80'], status: 'waiting' }],
  ]);
  expect(readBack(rows).map(asRow)).toEqual(rows);
});

test('what is not as it has to be is a problem of its field, and the row behind it is read', () => {
  const [sound, last] = rowsOf([
    ['orders.prod/a', { addrs: ['http://10.0.0.1:80'] }],
    ['orders.prod/z', { addrs: ['http://10.0.0.2:80'] }],
  ]) as [InstanceRow, InstanceRow];
  const registration = (text: string) => sound.registration.replace('http://10.0.0.1:80', text);
  const wrong: Partial<InstanceRow>[] = [
    { env: 'a.b' },
    { appid: '-' },
    { instance: 'x\u2028y' },
    { label: 'a_b' },
    { registration: registration('http://10.0.0.1:0') },
    { registration: registration('http://10.0.0.1:80\\') },
    { registration: '' },
    { times: '{}' },
    { times: sound.times.replace('}', ',}') },
    { times: sound.times.replace(/"upAtMs":\d+/, '"upAtMs":') },
  ];
  const rows = wrong.map((part, index) => ({ ...sound, instance: `x${index}`, ...part }));
  const read = readBack([sound, ...rows, last]);
  const fields = ['env', 'appid', 'instance', 'label', 'addrs[0]', '', '', 'times', 'times', 'times'];
  expect(read.slice(1, -1).map(({ saved }) => ('message' in saved ? saved.field : saved))).toEqual(fields);
  const places = rows.map(({ env, appid, instance }) => ({ env, appid, instance }));
  expect(read.slice(1, -1).map(({ place }) => place)).toEqual(places);
  expect(asRow(read.at(-1) as ReadRow)).toEqual(last);
});

test('times that are no whole milliseconds are read as well', () => {
  const [sound] = rowsOf([['orders.prod/a', {}]]) as [InstanceRow];
  const times = { registeredAtMs: -5, upAtMs: 0.25, renewedAtMs: 1e20, updatedAtMs: 2 ** 60, dirtyAtMs: 0 };
  const [read] = readBack([{ ...sound, times: JSON.stringify(times) }]);
  expect(read?.saved).toMatchObject({ times });
});

test('a column that is no text any more is damage', () => {
  const path = join(scratch(), 'rollcall.db');
  const made = Database.create(path, keptOptions(''), 1, 1);
  made.fill({ instances: rowsOf([['orders.prod/a', {}]]), events: [], holds: [] }, {});
  made.close();
  const file = new DatabaseSync(path);
  // As a flipped bit of its type would make it.
  file.exec('ALTER TABLE instances RENAME TO before');
  file.exec(
    'CREATE TABLE instances (id INTEGER PRIMARY KEY, env, appid, key, instance, label, registration, times, revision, crc, UNIQUE (env, appid, key))',
  );
  file.exec('INSERT INTO instances SELECT * FROM before');
  file.exec('UPDATE instances SET appid = CAST(appid AS BLOB)');
  file.close();
  const opened = Database.open(path, { ...keptOptions(''), checkedOctetsMax: 0 });
  if (!(opened instanceof Database)) throw new Error('it does not open');
  expect(opened.instances()).toEqual({ damage: 'it has 0 instances where it should have 1' });
  opened.abandon();
});
