// Versions of the database: one written by the first version opens in every later one, and steps between versions are
// taken once, in one transaction. The fixture was made by version 1 (test/store/fixture/README.md).

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { createTables, migrate, readHeader, schemaVersion, versionIn } from '../../src/store/schema.ts';
import { openWorld } from '../kit/history/kept-world.ts';
import { scratch } from '../kit/process/scratch.ts';
import { keyOf } from '../kit/registry/harness.ts';

test('the database of version 1 is loaded with its instances and its events', async () => {
  const folder = scratch();
  cpSync(join(import.meta.dirname, 'fixture', 'version-1.db'), join(folder, 'rollcall.db'));
  const world = await openWorld(folder);
  expect(world.log).toEqual([]);
  expect(world.contents()).toEqual(['prod/orders/Order 1=1002', 'prod/orders/orders-2=1003']);
  expect(world.harness.registry.find(keyOf('orders.prod/Order 1'))?.instance).toMatchObject({
    label: 'order-1',
    version: '1.4.2',
    zone: 'eu-1a',
    metadata: new Map([['team', 'checkout']]),
    weight: 20,
  });
  const page = await world.kept.recorder?.events({ limit: 10 });
  expect(page?.changes.map(({ revision, cause }) => [revision, cause.why])).toEqual([
    [1005, 'cancelled'],
    [1004, 'registered'],
    [1003, 'registered'],
    [1002, 'patched'],
    [1001, 'registered'],
  ]);
  expect(page?.changes[0]).toMatchObject({
    cause: { why: 'cancelled' },
    origin: { kind: 'token', front: 'api', principal: 'deploy', address: '192.0.2.1' },
  });
  await world.close();
});

test('steps are taken once and in order', () => {
  const path = join(scratch(), 'a.db');
  const database = new DatabaseSync(path);
  createTables(database);
  const taken: string[] = [];
  const steps = Array.from({ length: schemaVersion + 1 }, (_, index) => (one: DatabaseSync) => {
    taken.push(`from ${index + 1}`);
    one.exec(`CREATE TABLE added_${index} (a)`);
  });
  migrate(database, steps);
  migrate(database, steps);
  expect(taken).toEqual(steps.slice(schemaVersion - 1).map((_, index) => `from ${schemaVersion + index}`));
  expect(versionIn(database)).toBe(schemaVersion + 2);
  database.close();
  expect(readHeader(path)).toEqual({ version: schemaVersion + 2 });
});

test('a step that fails leaves everything as it was', () => {
  const path = join(scratch(), 'a.db');
  const database = new DatabaseSync(path);
  createTables(database);
  const failing = Array.from({ length: schemaVersion }, () => (one: DatabaseSync) => {
    one.exec('CREATE TABLE half_done (a)');
    throw new Error('no');
  });
  expect(() => migrate(database, failing)).toThrow('no');
  expect(versionIn(database)).toBe(schemaVersion);
  expect(() => database.prepare('SELECT * FROM half_done')).toThrow();
  database.close();
});
