// The folder of the database: who may use it, what is in it, and what is done when it is damaged. Opening ends with a
// database that can be written, or with a sentence for a person. A damaged file is kept aside and never overwritten.
//   rollcall.db, -wal, -shm           the database in use
//   rollcall.lock                     held by the server that uses the folder, released by the kernel with its end
//   rollcall.db.new                   being made; thrown away at the next start
//   rollcall.db.salvaged              whole, to be put in place: what was killed here goes on from here
//   rollcall.db.damaged-<time>, -wal  kept for a person to look at; `damagedMax` of them

import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { closeQuietly } from './close-quietly.ts';
import { Database, type DatabaseOptions } from './database.ts';
import { type Salvaged, salvage } from './salvage.ts';
import { readHeader, schemaVersion } from './schema.ts';
import { inspectLog, type LogEnd } from './write-ahead-log.ts';

export interface FolderOptions extends DatabaseOptions {
  readonly folder: string;
  /** Where counting goes on if there is no database. */
  readonly revision: number;
}

/** What was lost, for the log. */
export interface Damage {
  readonly why: string;
  /** Where the damaged file is now. */
  readonly keptAs: string;
  readonly instances: number;
  readonly fromEvents: number;
  /** Undefined: the file no longer has how many there were. */
  readonly lost: number | undefined;
  readonly lostNames: readonly string[];
  readonly events: number;
}

export interface Opened {
  readonly database: Database;
  readonly lock: { close(): void };
  readonly isNew: boolean;
  readonly damage: Damage | undefined;
  readonly logEnd: LogEnd;
}

/** Damaged databases that are kept; the oldest go. */
const damagedMax = 5;
const namesMax = 20;
/** Files of this folder that are ours, and what they are replaced with. */
const ownName = /^(?:(?:revision|life)(?:\.new)?$|rollcall\.)/;

export function databasePath(folder: string): string {
  return join(folder, 'rollcall.db');
}

export function openFolder(options: FolderOptions, nowMs: number): Opened | { problem: string } {
  const { folder } = options;
  const path = databasePath(folder);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const blocking = notAFile(folder);
    if (blocking !== undefined) return { problem: `Cannot keep data in ${folder}: ${blocking} is not a regular file` };
    const lock = takeLock(folder);
    if (lock === undefined)
      return { problem: `Cannot keep data in ${folder}: another rollcall uses this folder (it holds rollcall.lock)` };
    const opened = openLocked(path, options, nowMs);
    if ('problem' in opened) lock.close();
    return 'problem' in opened ? opened : { ...opened, lock };
  } catch (error) {
    return { problem: `Cannot keep data in ${folder}: ${(error as Error).message}` };
  }
}

/** What of ours is a pipe, a socket, a device or a directory: opening it could wait for ever. */
export function notAFile(folder: string): string | undefined {
  return readdirSync(folder).find((name) => {
    if (!ownName.test(name)) return false;
    return statSync(join(folder, name), { throwIfNoEntry: false })?.isFile() === false;
  });
}

/** An exclusive transaction on a file of its own: the kernel forgets it with the process, however that ends. */
function takeLock(folder: string): { close(): void } | undefined {
  const lock = new DatabaseSync(join(folder, 'rollcall.lock'), { timeout: 0 });
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    closeQuietly(lock);
    if ((error as { errcode?: number }).errcode !== 5) throw error;
    return undefined;
  }
}

function openLocked(path: string, options: FolderOptions, nowMs: number): Omit<Opened, 'lock'> | { problem: string } {
  removeFiles(`${path}.new`);
  removeFiles(`${path}.copy`);
  if (existsSync(`${path}.salvaged`)) putInPlace(path, nowMs);
  const found = openExisting(path, options);
  if ('problem' in found) return found;
  const isNew = found.database === undefined && found.damage === undefined;
  const damage = found.damage === undefined ? undefined : replaceDamaged(path, found.damage, options, nowMs);
  if (isNew) createNew(path, options, nowMs);
  const database = found.database ?? Database.open(path, options);
  if (!(database instanceof Database))
    throw new Error(`${path} was made anew and cannot be read: is the disk at fault?`);
  return { database, isNew, damage, logEnd: found.logEnd };
}

type Existing = { readonly database?: Database; readonly damage?: string; readonly logEnd: LogEnd };

function openExisting(path: string, options: FolderOptions): Existing | { problem: string } {
  const log = `${path}-wal`;
  if (!existsSync(path)) {
    return existsSync(log) ? { damage: 'it is missing, and its log is there', logEnd: 'clean' } : { logEnd: 'clean' };
  }
  const header = readHeader(path);
  if ('damage' in header) return { damage: header.damage, logEnd: 'clean' };
  if (header.version > schemaVersion) return newer(path, header.version);
  const logEnd = inspectLog(log);
  if (logEnd === 'damaged') {
    // What follows the damage is lost with the next commit: keep it for a person to look at.
    copyFileSync(path, `${path}.copy`);
    copyFileSync(log, `${path}.copy-wal`);
  }
  const database = Database.open(path, options);
  if ('newerVersion' in database) return newer(path, database.newerVersion);
  if (database instanceof Database) return { database, logEnd };
  return { damage: database.damage, logEnd };
}

function newer(path: string, version: number): { problem: string } {
  const can = `this one can read up to version ${schemaVersion}`;
  return { problem: `Cannot use ${path}: it is of version ${version}, written by a later rollcall; ${can}` };
}

/** Reads what is sound into a new database and puts that in the place of the damaged one. */
function replaceDamaged(path: string, why: string, options: FolderOptions, nowMs: number): Damage {
  const copy = `${path}.copy`;
  for (const end of ['', '-wal']) if (existsSync(path + end)) copyFileSync(path + end, copy + end);
  const fresh = `${path}.new`;
  Database.create(fresh, options, options.revision, nowMs).close();
  const found: Salvaged = existsSync(copy) ? salvage(copy, fresh) : nothing;
  const { instances, events, totals, fromEvents, lostNames, hasGaps } = found;
  const lastEvent = events.at(-1);
  const revision = Math.max(options.revision, totals?.revision ?? 0, lastEvent?.revision ?? 0);
  const since = hasGaps || totals === undefined ? [revision, nowMs] : [totals.completeSince, totals.completeSinceMs];
  const [completeSince, completeSinceMs] = since as [number, number];
  const database = Database.open(fresh, options);
  if (!(database instanceof Database)) throw new Error(`${fresh} cannot be read: is the disk at fault?`);
  database.fill(found, { revision, completeSince, completeSinceMs });
  database.close();
  renameSync(fresh, `${path}.salvaged`);
  removeFiles(copy);
  const keptAs = putInPlace(path, nowMs);
  const lost = totals === undefined ? undefined : Math.max(0, totals.instances - instances.length);
  const names = lostNames.slice(0, namesMax);
  return { why, keptAs, instances: instances.length, fromEvents, lost, lostNames: names, events: events.length };
}

const nothing: Salvaged = {
  instances: [],
  events: [],
  holds: [],
  totals: undefined,
  fromEvents: 0,
  lostNames: [],
  hasGaps: true,
};

/** Made aside and renamed: a file of that name is whole, and an empty one is damage. */
function createNew(path: string, options: FolderOptions, nowMs: number): void {
  Database.create(`${path}.new`, options, options.revision, nowMs).close();
  renameSync(`${path}.new`, path);
  syncFolder(path);
}

/** The damaged file goes aside, the salvaged one takes its place. Killed at any point, it is done again at the start. */
function putInPlace(path: string, nowMs: number): string {
  const aside = `${path}.damaged-${new Date(nowMs).toISOString().replaceAll(/[:.]/g, '-')}`;
  for (const end of ['', '-wal']) if (existsSync(path + end)) renameSync(path + end, aside + end);
  rmSync(`${path}-shm`, { force: true });
  renameSync(`${path}.salvaged`, path);
  syncFolder(path);
  forgetDamaged(path);
  return aside;
}

/** Keeps what is after the damage in a log that goes on being used. Returns where. */
export function keepCopy(folder: string, nowMs: number): string {
  const path = databasePath(folder);
  const aside = `${path}.damaged-${new Date(nowMs).toISOString().replaceAll(/[:.]/g, '-')}`;
  for (const end of ['', '-wal']) if (existsSync(`${path}.copy${end}`)) renameSync(`${path}.copy${end}`, aside + end);
  forgetDamaged(path);
  return aside;
}

function forgetDamaged(path: string): void {
  const folder = join(path, '..');
  const marker = 'rollcall.db.damaged-';
  const times = new Set(
    readdirSync(folder)
      .filter((name) => name.startsWith(marker))
      .map((name) => name.replace(/-wal$/, '')),
  );
  for (const name of [...times].sort().slice(0, -damagedMax)) removeFiles(join(folder, name));
}

function removeFiles(path: string): void {
  for (const end of ['', '-wal', '-shm', '-journal']) rmSync(path + end, { force: true });
}

/** A rename is on disk when its folder is. */
function syncFolder(path: string): void {
  const folder = openSync(join(path, '..'), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
