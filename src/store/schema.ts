// What the database file looks like, and how to distinguish it from a damaged one and from one of a later rollcall. The header
// names the version twice (SQLite's user_version, and the last octet of application_id): a flipped bit cannot make a
// file look newer than it is, so a file that is "newer" in both fields is left alone, and one that disagrees is damaged.
// A change of the schema: raise `schemaVersion`, add a step to `migrations`, keep the old fixture under test/store.
// Limits: versions up to 255.

import { closeSync, openSync, readSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

export const schemaVersion = 2;

/** SQLite's default and the page size of the system. Fixed, so that a damaged first page can be replaced. */
export const pageOctets = 4096;

/** "rol", and one octet for the version. */
const applicationBase = 0x726f_6c00;

const holds = `
CREATE TABLE holds (
  id INTEGER PRIMARY KEY,
  env TEXT NOT NULL, appid TEXT NOT NULL, key TEXT NOT NULL, content TEXT NOT NULL, crc INTEGER NOT NULL,
  UNIQUE (env, appid, key)
) STRICT;
`;

/** In the order of the pages of a new file: salvage.ts relies on two new files having the same first page. */
const tables = `
CREATE TABLE instances (
  id INTEGER PRIMARY KEY,
  env TEXT NOT NULL, appid TEXT NOT NULL, key TEXT NOT NULL,
  instance TEXT NOT NULL, label TEXT NOT NULL, registration TEXT NOT NULL, times TEXT NOT NULL,
  revision INTEGER NOT NULL, crc INTEGER NOT NULL,
  UNIQUE (env, appid, key)
) STRICT;
CREATE TABLE events (
  revision INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL, env TEXT NOT NULL, appid TEXT NOT NULL, key TEXT NOT NULL, why TEXT NOT NULL,
  content TEXT NOT NULL, crc INTEGER NOT NULL
) STRICT;
CREATE INDEX events_by_app ON events (env, appid);
CREATE INDEX events_by_why ON events (why);
CREATE INDEX events_by_time ON events (at_ms);
CREATE TABLE totals (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  revision INTEGER NOT NULL, instances INTEGER NOT NULL, crc_sum INTEGER NOT NULL,
  complete_since INTEGER NOT NULL, complete_since_ms INTEGER NOT NULL, crc INTEGER NOT NULL
) STRICT;
`;

/** Step i makes a database of version i + 1 one of version i + 2. Runs in a transaction. */
export type Migrations = readonly ((database: DatabaseSync) => void)[];
export const migrations: Migrations = [(database) => database.exec(holds)];

/** Makes the tables of the present version in an empty database. */
export function createTables(database: DatabaseSync): void {
  database.exec(`PRAGMA page_size = ${pageOctets}; BEGIN IMMEDIATE; ${tables} ${holds} ${marks(schemaVersion)} COMMIT`);
}

/** Brings an older database to the version that `steps` lead to, in one transaction. */
export function migrate(database: DatabaseSync, steps: Migrations = migrations): void {
  const from = versionIn(database);
  if (from >= steps.length + 1) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const step of steps.slice(from - 1)) step(database);
    database.exec(`${marks(steps.length + 1)} COMMIT`);
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

/** By the database's own check. */
export function versionIn(database: DatabaseSync): number {
  return (database.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
}

export type Header = { readonly version: number } | { readonly damage: string };

/** What the first octets of a file show, without opening it as a database: nothing is touched. */
export function readHeader(path: string): Header {
  const header = Buffer.alloc(100);
  const file = openSync(path, 'r');
  try {
    if (readSync(file, header) < header.length) return { damage: 'it is shorter than its header' };
  } finally {
    closeSync(file);
  }
  if (header.toString('latin1', 0, 16) !== 'SQLite format 3\0') return { damage: 'it does not begin as a database' };
  if (!hasFixedFields(header)) return { damage: 'its header has values that no rollcall writes' };
  const version = header.readUInt32BE(60);
  if (version === 0 || header.readUInt32BE(68) !== applicationBase + version)
    return { damage: 'its header does not agree with itself about the version' };
  return { version };
}

/** A flipped bit in one of these would let SQLite read the file and never write it. */
function hasFixedFields(header: Buffer): boolean {
  const [writeVersion = 0, readVersion = 0, ...fixed] = header.subarray(18, 24);
  const isKnown = [1, 2].includes(writeVersion) && [1, 2].includes(readVersion);
  return isKnown && header.readUInt16BE(16) === pageOctets && fixed.join() === '0,64,32,32';
}

function marks(version: number): string {
  return `PRAGMA user_version = ${version}; PRAGMA application_id = ${applicationBase + version};`;
}
