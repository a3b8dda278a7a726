// The database file, for the thread that owns it: every call waits for the disk. A batch of changes is one transaction:
// the instances, what is remembered of each change, and the totals, by which a lost or a stale row is found out.
// WAL with synchronous=FULL: one fsync a commit. Renewals never come here.
// Limits: old events leave in slices, a few with every commit; a large file is not checked page by page at the start
// (its instances are always checked row by row: soundness.ts).

import { dirname, join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { instanceKey } from '../model/names.ts';
import { type CheckedPage, CheckedReading } from './checked-reading.ts';
import { closeQuietly } from './close-quietly.ts';
import { type EntriesByFile, readFileEntries, writeFileEntries } from './file-entries.ts';
import { OpenedFile } from './opened-file.ts';
import { type ChangeRow, type EventRow, eventCrc, type InstanceRow, instanceCrc } from './rows.ts';
import { createTables, migrate, schemaVersion, versionIn } from './schema.ts';
import { type Care, damageOf, isDamage, readTotals, rowsPerPage, type Totals } from './soundness.ts';
import { type HoldRow, holdCrc } from './supervision-rows.ts';

export interface DatabaseOptions extends Care {
  /** False: a commit is in the hands of the operating system, and lost with it. */
  readonly fsync: boolean;
  readonly eventsKeepMs: number;
  readonly eventsMax: number;
}

/** What is there to fill a new file with. */
export interface Contents {
  readonly instances: readonly InstanceRow[];
  /** Oldest first. */
  readonly events: readonly EventRow[];
  readonly holds: readonly HoldRow[];
}

export class Database {
  readonly #database: DatabaseSync;
  readonly #options: DatabaseOptions;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #files: readonly OpenedFile[];
  #totals: Totals;
  #events: number;
  #reading: CheckedReading | undefined;

  /** Makes a new file. It holds no change up to `revision`. */
  static create(path: string, options: DatabaseOptions, revision: number, nowMs: number): Database {
    const database = new DatabaseSync(path);
    createTables(database);
    const totals = { revision, instances: 0, crcSum: 0, completeSince: revision, completeSinceMs: nowMs };
    return new Database(database, path, options, totals);
  }

  /** Opens a file; `damage`: in what way it is not as it was written. Nothing is then left open. */
  static open(path: string, options: DatabaseOptions): Database | { damage: string } | { newerVersion: number } {
    try {
      return Database.#open(path, options, 'NORMAL');
    } catch (error) {
      if (!isRefusedByDisk(error)) throw error;
      // There is not even room for the file that readers share. Names must be answered: without it, and without readers.
      return Database.#open(path, options, 'EXCLUSIVE');
    }
  }

  static #open(path: string, options: DatabaseOptions, locking: string): ReturnType<typeof Database.open> {
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path);
      database.exec(`PRAGMA locking_mode = ${locking}`);
      const version = versionIn(database);
      if (version > schemaVersion) {
        closeQuietly(database);
        return { newerVersion: version };
      }
      database.exec('PRAGMA journal_mode = WAL');
      migrate(database);
      const totals = readTotals(database);
      const damage = 'damage' in totals ? totals.damage : damageOf(database, totals, options);
      if (damage === undefined) return new Database(database, path, options, totals as Totals);
      closeQuietly(database);
      return { damage };
    } catch (error) {
      closeQuietly(database);
      if (!isDamage(error)) throw error;
      return { damage: (error as Error).message };
    }
  }

  private constructor(database: DatabaseSync, path: string, options: DatabaseOptions, totals: Totals) {
    // journal_size_limit: what a long reader made grow is given back.
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${options.fsync ? 'FULL' : 'OFF'};
      PRAGMA journal_size_limit = ${16 * 1024 * 1024}; PRAGMA cache_size = -16384`);
    this.#database = database;
    this.#options = options;
    this.#totals = totals;
    this.#statements = prepare(database);
    this.#events = (database.prepare('SELECT count(*) AS n FROM events').get() as { n: number }).n;
    if (!hasTotals(database)) this.#transaction(() => {});
    // The lock: without it another server could use the same database.
    const names = [path, `${path}-wal`, join(dirname(path), 'rollcall.lock')];
    this.#files = names.map((name) => new OpenedFile(name));
  }

  /** Throws where the files are not those that were opened: what is written now would be lost. */
  checkFiles(): void {
    for (const file of this.#files) {
      const fault = file.fault();
      if (fault !== undefined) throw new Error(fault);
    }
  }

  get totals(): Totals {
    return this.#totals;
  }

  /** All of it is on disk when this returns; nothing of it when it throws. */
  commit(rows: readonly ChangeRow[], nowMs: number): void {
    this.checkFiles();
    this.#transaction(() => {
      for (const { event, after, hold } of rows) {
        if (after === undefined) this.#delete(event);
        else this.#put(after);
        if (hold === 'lifted') this.#statements.lift.run(event.env, event.appid, event.key);
        else if (hold !== undefined) this.#hold(hold);
        this.#remember(event);
        this.#totals = { ...this.#totals, revision: Math.max(this.#totals.revision, event.revision) };
      }
      this.#forgetOld(2 * rows.length + 10, nowMs);
    });
  }

  /** Takes instances out that are not in the registry, without a change to remember. */
  forget(places: readonly Pick<InstanceRow, 'env' | 'appid' | 'instance'>[]): void {
    this.#transaction(() => {
      for (const { env, appid, instance } of places) this.#delete({ env, appid, key: instanceKey(instance) });
    });
  }

  /** The holds that are as they were written; others are lost. */
  holds(): HoldRow[] {
    const rows = this.#statements.holds.all() as unknown as (HoldRow & { readonly crc: number })[];
    return rows.filter((row) => row.crc === holdCrc(row));
  }

  /** The hold of an instance that is not registered is over. */
  lift({ env, appid, instance }: Pick<InstanceRow, 'env' | 'appid' | 'instance'>): void {
    this.#transaction(() => {
      this.#statements.lift.run(env, appid, instanceKey(instance));
    });
  }

  /** A hold of an instance that is not registered begins. */
  hold(row: HoldRow): void {
    this.#transaction(() => this.#hold(row));
  }

  /** What salvage found: instances, events and holds as they were. */
  fill({ instances, events, holds }: Contents, totals: Partial<Totals>): void {
    this.#transaction(() => {
      for (const row of instances) this.#put(row);
      for (const event of events) this.#remember(event);
      for (const hold of holds) this.#hold(hold);
      this.#totals = { ...this.#totals, ...totals };
    });
  }

  /** Lets go of events that are too old or too many; true: there may be more. */
  prune(nowMs: number): boolean {
    if (!this.#isOld(nowMs)) return false;
    this.#transaction(() => this.#forgetOld(2000, nowMs));
    return this.#isOld(nowMs);
  }

  /** What service files have fileEntries. */
  readFileEntries(): EntriesByFile {
    return readFileEntries(this.#database);
  }

  writeFileEntries(file: string, fileEntries: string): void {
    this.checkFiles();
    writeFileEntries(this.#database, file, fileEntries);
  }

  /** The next instances, from the first one on. To be called before anything is written, until it returns that it was all. */
  instances(): CheckedPage {
    try {
      this.#reading ??= new CheckedReading(this.#database, this.#totals);
      const page = this.#reading.next(rowsPerPage);
      if (page === 'end') this.#reading = undefined;
      return page;
    } catch (error) {
      if (!isDamage(error)) throw error;
      return { damage: (error as Error).message };
    }
  }

  /** Nothing more is written into it. */
  abandon(): void {
    closeQuietly(this.#database);
  }

  /** Notes the last revision and puts everything into the one file. Within reading nothing is written: it may be damaged. */
  close(revision?: number): void {
    if (this.#reading !== undefined) {
      this.abandon();
      return;
    }
    try {
      if (revision !== undefined && revision !== this.#totals.revision) {
        this.#transaction(() => {
          this.#totals = { ...this.#totals, revision };
        });
      }
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } finally {
      this.#database.close();
    }
  }

  #transaction(work: () => void): void {
    const [totals, events] = [this.#totals, this.#events];
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      work();
      const { revision, instances, crcSum, completeSince, completeSinceMs } = this.#totals;
      const all = [revision, instances, crcSum, completeSince, completeSinceMs] as const;
      this.#statements.totals.run(...all, crc32(all.join()));
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#totals = totals;
      this.#events = events;
      // A full disk may have ended it already.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #put(row: InstanceRow): void {
    const { env, appid, instance, label, registration, times, revision } = row;
    const key = instanceKey(instance);
    const before = this.#statements.crcOf.get(env, appid, key) as { crc: number } | undefined;
    const crc = instanceCrc(row);
    this.#statements.put.run(env, appid, key, instance, label, registration, times, revision, crc);
    this.#count(before === undefined ? 1 : 0, crc - (before?.crc ?? 0));
  }

  #hold(row: HoldRow): void {
    const { env, appid, key, content } = row;
    this.#statements.hold.run(env, appid, key, content, holdCrc(row));
  }

  #delete({ env, appid, key }: { readonly env: string; readonly appid: string; readonly key: string }): void {
    const before = this.#statements.remove.get(env, appid, key) as { crc: number } | undefined;
    if (before !== undefined) this.#count(-1, -before.crc);
  }

  #count(instances: number, crc: number): void {
    const { instances: known, crcSum } = this.#totals;
    this.#totals = { ...this.#totals, instances: known + instances, crcSum: (crcSum + crc) >>> 0 };
  }

  #remember(event: ChangeRow['event']): void {
    const { revision, atMs, env, appid, key, why, content } = event;
    this.#statements.remember.run(revision, atMs, env, appid, key, why, content, eventCrc(event));
    this.#events++;
  }

  #isOld(nowMs: number): boolean {
    const oldest = this.#statements.oldest.get(1) as { at_ms: number } | undefined;
    if (oldest === undefined) return false;
    return this.#events > this.#options.eventsMax || oldest.at_ms < nowMs - this.#options.eventsKeepMs;
  }

  /** In the order of revisions: a gap in the middle could not be reported. */
  #forgetOld(limit: number, nowMs: number): void {
    if (!this.#isOld(nowMs)) return;
    const rows = this.#statements.oldest.all(limit) as object[] as { revision: number; at_ms: number }[];
    let last: (typeof rows)[number] | undefined;
    let count = 0;
    for (const row of rows) {
      const isOver = this.#events - count > this.#options.eventsMax;
      if (!isOver && row.at_ms >= nowMs - this.#options.eventsKeepMs) break;
      last = row;
      count++;
    }
    if (last === undefined) return;
    this.#statements.forget.run(last.revision);
    this.#events -= count;
    this.#totals = { ...this.#totals, completeSince: last.revision, completeSinceMs: last.at_ms };
  }
}

function prepare(
  database: DatabaseSync,
): Record<
  'crcOf' | 'put' | 'remove' | 'hold' | 'lift' | 'holds' | 'remember' | 'oldest' | 'forget' | 'totals',
  StatementSync
> {
  const isIt = 'env = ? AND appid = ? AND key = ?';
  return {
    crcOf: database.prepare(`SELECT crc FROM instances WHERE ${isIt}`),
    put: database.prepare(`INSERT INTO instances (env, appid, key, instance, label, registration, times, revision, crc)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (env, appid, key) DO UPDATE SET instance = excluded.instance,
      label = excluded.label, registration = excluded.registration, times = excluded.times,
      revision = excluded.revision, crc = excluded.crc`),
    remove: database.prepare(`DELETE FROM instances WHERE ${isIt} RETURNING crc`),
    hold: database.prepare('INSERT OR REPLACE INTO holds (env, appid, key, content, crc) VALUES (?, ?, ?, ?, ?)'),
    lift: database.prepare(`DELETE FROM holds WHERE ${isIt}`),
    holds: database.prepare('SELECT env, appid, key, content, crc FROM holds'),
    // A batch whose commit failed after all is written again.
    remember: database.prepare('INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
    oldest: database.prepare('SELECT revision, at_ms FROM events ORDER BY revision LIMIT ?'),
    forget: database.prepare('DELETE FROM events WHERE revision <= ?'),
    totals: database.prepare('INSERT OR REPLACE INTO totals VALUES (1, ?, ?, ?, ?, ?, ?)'),
  };
}

function hasTotals(database: DatabaseSync): boolean {
  return database.prepare('SELECT 1 FROM totals').get() !== undefined;
}

/** SQLITE_IOERR and SQLITE_FULL. */
function isRefusedByDisk(error: unknown): boolean {
  const { errcode = 0 } = error as { errcode?: number };
  return [10, 13].includes(errcode & 0xff);
}
