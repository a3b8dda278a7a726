// What etcd had when this node last saw it, in the data folder, which several nodes of one machine may share: for a start
// while etcd is down, and to put it back where etcd was wiped. Beside it the writes that etcd has not confirmed. SQLite
// writes a slice at each turn of the event loop, so that a list of 100 000 holds nothing up; the revision is written last,
// so a copy that is not whole is none.
// Limits: what is beyond `queueMax` entries is dropped, and with it the copy, until the next list.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Entry, KeyEvent, Listing } from '../engine.ts';
import { type WriteBody, writeOf, writeToJson } from '../records/command-json.ts';
import { type Meta, parseMeta } from '../records/epoch.ts';
import { metaKey, readKey } from '../records/keys.ts';
import type { PendingStore, PendingWrite } from './pending-writes.ts';

const sliceMax = 2000;
const queueMax = 2_000_000;
const schema = `
CREATE TABLE IF NOT EXISTS entry (path TEXT PRIMARY KEY, value BLOB NOT NULL, revision INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pending (operation TEXT PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
`;

export interface Copied {
  readonly listing: Listing;
  readonly meta: Meta;
}

type Row = { readonly path: string; readonly value: Uint8Array | undefined; readonly revision: number };

export class LocalCopy implements PendingStore {
  readonly #database: DatabaseSync;
  readonly #prefix: string;
  readonly #wallMs: () => number;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #fact: StatementSync;
  #queue: Row[] = [];
  #reached: { readonly revision: number; readonly clusterId: string } | undefined;
  #isArmed = false;
  #isClosed = false;
  #waiting: (() => void)[] = [];
  /** Why it is of no use; the node goes on without. */
  onFault: (problem: string) => void = () => {};

  private constructor(database: DatabaseSync, prefix: string, wallMs: () => number) {
    this.#database = database;
    this.#prefix = prefix;
    this.#wallMs = wallMs;
    this.#put = database.prepare('INSERT OR REPLACE INTO entry (path, value, revision) VALUES (?, ?, ?)');
    this.#delete = database.prepare('DELETE FROM entry WHERE path = ?');
    this.#fact = database.prepare('INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)');
  }

  /** A problem is a sentence for a person. Of another cluster or node, it begins anew. */
  static open(
    folder: string,
    { prefix, node, wallMs }: { readonly prefix: string; readonly node: string; readonly wallMs: () => number },
  ): LocalCopy | { readonly problem: string } {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const database = new DatabaseSync(join(folder, `cluster-${node}.db`));
      database.exec('PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;');
      database.exec(schema);
      const copy = new LocalCopy(database, prefix, wallMs);
      if (copy.#read('whose') !== `${prefix} ${node}`) copy.#beginAnew(`${prefix} ${node}`);
      return copy;
    } catch (error) {
      const { message } = error as Error;
      const why = message.includes('locked') ? 'another rollcall uses this folder' : message;
      return { problem: `Cannot keep the copy of the cluster's registry in ${folder}: ${why}` };
    }
  }

  /** Undefined: there is none that is whole. */
  state(): Copied | undefined {
    const [revision, clusterId] = [this.#read('revision'), this.#read('clusterId')];
    if (revision === undefined || clusterId === undefined) return undefined;
    const entries: Entry[] = [];
    for (const row of this.#database.prepare('SELECT path, value, revision FROM entry').iterate()) {
      const { path, value, revision: modRevision } = row as unknown as Row & { value: Uint8Array };
      entries.push({ key: this.#prefix + path, value, createRevision: modRevision, modRevision, lease: 0n });
    }
    const meta = entries.find(({ key }) => key === this.#prefix + metaKey);
    const parsed = meta === undefined ? undefined : parseMeta(meta.value, meta.modRevision);
    if (parsed === undefined || Array.isArray(parsed)) return undefined;
    return { listing: { revision: Number(revision), clusterId, entries }, meta: parsed };
  }

  /** Those that cannot be read are left where they are. */
  pending(me: string): WriteBody[] {
    const rows = this.#database.prepare('SELECT at, body FROM pending ORDER BY at, operation').all();
    return rows.flatMap((row) => {
      const { at, body } = row as { at: number; body: string };
      const write = writeOf(parsed(body), me);
      return write === undefined ? [] : [{ ...write, agoMs: Math.max(0, this.#wallMs() - at) }];
    });
  }

  /** The last session of this node, which may hold its name still. */
  get session(): bigint | undefined {
    const text = this.#read('session');
    return text === undefined ? undefined : BigInt(text);
  }

  keepSession(lease: bigint): void {
    this.#safely(() => void this.#fact.run('session', String(lease)));
  }

  replace({ entries, revision, clusterId }: Listing): void {
    this.#safely(() => {
      this.#database.exec("DELETE FROM fact WHERE name = 'revision'; DELETE FROM entry;");
    });
    this.#queue = [];
    for (const entry of entries) this.#enter(entry);
    this.#reached = { revision, clusterId };
    this.#arm();
  }

  note(revision: number, events: readonly KeyEvent[]): void {
    for (const event of events) {
      if (event.kind === 'put') this.#enter(event.entry);
      else this.#queue.push({ path: this.#path(event.key), value: undefined, revision });
    }
    if (this.#queue.length > queueMax) {
      this.#queue = [];
      this.#reached = undefined;
      this.#safely(() => this.#database.exec("DELETE FROM fact WHERE name = 'revision';"));
    } else if (this.#reached !== undefined) this.#reached = { ...this.#reached, revision };
    this.#arm();
  }

  /** Settles when what was noted so far outlives this process. */
  written(): Promise<void> {
    if (this.#queue.length === 0 || this.#isClosed) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    return promise;
  }

  /** On the disk when this returns. */
  put(write: PendingWrite): void {
    const body = JSON.stringify(writeToJson(write));
    this.#safely(() => {
      this.#database.exec('PRAGMA synchronous=FULL');
      this.#database
        .prepare('INSERT OR REPLACE INTO pending (operation, at, body) VALUES (?, ?, ?)')
        .run(write.operation, Math.floor(this.#wallMs() - write.agoMs), body);
      this.#database.exec('PRAGMA synchronous=NORMAL');
    });
  }

  drop(operations: readonly string[]): void {
    this.#safely(() => {
      for (const one of operations) this.#database.prepare('DELETE FROM pending WHERE operation = ?').run(one);
    });
  }

  close(): void {
    if (this.#isClosed) return;
    while (this.#queue.length > 0) this.#slice();
    this.#finish();
    this.#isClosed = true;
    this.#database.close();
  }

  #enter({ key, value, modRevision }: Entry): void {
    const path = this.#path(key);
    const kind = readKey(path)?.kind;
    if (kind === undefined || kind === 'label' || kind === 'zone') return;
    this.#queue.push({ path, value, revision: modRevision });
  }

  #arm(): void {
    if (this.#isArmed || this.#isClosed) return;
    this.#isArmed = true;
    setImmediate(() => {
      this.#isArmed = false;
      if (this.#isClosed) return;
      this.#slice();
      if (this.#queue.length > 0) this.#arm();
      else this.#finish();
    }).unref();
  }

  #slice(): void {
    const slice = this.#queue.splice(0, sliceMax);
    this.#safely(() => {
      this.#database.exec('BEGIN');
      for (const { path, value, revision } of slice) {
        if (value === undefined) this.#delete.run(path);
        else this.#put.run(path, value, revision);
      }
      this.#database.exec('COMMIT');
    });
  }

  #finish(): void {
    const reached = this.#reached;
    if (reached !== undefined)
      this.#safely(() => {
        this.#fact.run('clusterId', reached.clusterId);
        this.#fact.run('revision', String(reached.revision));
      });
    for (const settle of this.#waiting.splice(0)) settle();
  }

  #beginAnew(whose: string): void {
    this.#database.exec('DELETE FROM fact; DELETE FROM entry; DELETE FROM pending;');
    this.#fact.run('whose', whose);
  }

  #read(name: string): string | undefined {
    const row = this.#database.prepare('SELECT value FROM fact WHERE name = ?').get(name);
    return row === undefined ? undefined : String((row as { value: unknown }).value);
  }

  /** A full disk costs the copy, not the node. */
  #safely(write: () => void): void {
    if (this.#isClosed) return;
    try {
      write();
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      this.#queue = [];
      this.#reached = undefined;
      this.onFault((error as Error).message);
    }
  }

  #path(key: string): string {
    return key.slice(this.#prefix.length);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
