// Saves from a damaged database what is sound. Rows are walked from both ends and past what cannot be read; a row counts
// only with its CRC. The events are a second copy: an instance whose row is gone comes back from its last event, and
// one that its last event took away does not, whatever a stale page has. A first page that makes no sense is replaced
// by that of a new file, which is the same but for a few counters.
// Limits: all that is found is held in memory; a damaged file of an older version has its own first page, or none.

import { closeSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { instanceKey } from '../model/names.ts';
import { closeQuietly } from './close-quietly.ts';
import { type EventRow, eventCrc, type InstanceRow, instanceAfter, instanceCrc } from './rows.ts';
import { pageOctets } from './schema.ts';
import { readTotals, type StoredRow, selectInstances, type Totals } from './soundness.ts';
import { type HoldRow, holdCrc } from './supervision-rows.ts';

export interface Salvaged {
  readonly instances: readonly InstanceRow[];
  /** Oldest first. */
  readonly events: readonly EventRow[];
  readonly totals: Totals | undefined;
  /** Instances whose own row was lost and whose last event was not. */
  readonly fromEvents: number;
  /** `env/appid/instance` of those that are lost, as far as they can be named. */
  readonly lostNames: readonly string[];
  readonly holds: readonly HoldRow[];
  /** Some events cannot be read: the record has a gap. */
  readonly hasGaps: boolean;
}

/** Reads a working copy, which is changed by it; `template`: the path of a new, empty database. */
export function salvage(copy: string, template: string): Salvaged {
  let found = read(copy);
  if (found === undefined) {
    graftFirstPage(copy, template);
    found = read(copy);
  }
  if (found === undefined) {
    // The log may hold the very page that is at fault.
    rmSync(`${copy}-wal`, { force: true });
    found = read(copy);
  }
  return (
    found ?? { instances: [], events: [], holds: [], totals: undefined, fromEvents: 0, lostNames: [], hasGaps: true }
  );
}

/** Undefined: nothing can be read at all. */
function read(path: string): Salvaged | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    // Indexes may lie; so may a column's declared type.
    database.exec('PRAGMA cell_size_check = ON');
    const instances = walk(database, selectInstances, 'id');
    const events = walk(
      database,
      'SELECT revision, at_ms AS atMs, env, appid, key, why, content, crc FROM events',
      'revision',
    );
    if (instances === undefined || events === undefined) return undefined;
    const [totals] = tried(() => readTotals(database as DatabaseSync));
    const holds = walk(database, 'SELECT id, env, appid, key, content, crc FROM holds', 'id')?.rows ?? [];
    const sound = (holds as (HoldRow & { readonly crc: number })[]).filter((row) => isSound(row, holdCrc));
    const merged = merge(instances, events, totals === undefined || 'damage' in totals ? undefined : totals);
    return { ...merged, holds: sound };
  } catch {
    return undefined;
  } finally {
    closeQuietly(database);
  }
}

interface Walked {
  readonly rows: readonly object[];
  readonly hasErrors: boolean;
}

/** All rows of a table that can be read, in the order of `id`. Undefined: the table itself cannot be found. */
function walk(database: DatabaseSync, select: string, id: string): Walked | undefined {
  const rows = new Map<number, object>();
  let hasErrors = false;
  const take = (where: string, ...values: SQLInputValue[]): number | undefined => {
    let last: number | undefined;
    try {
      for (const row of database.prepare(`${select} ${where}`).iterate(...values)) {
        last = Number(row[id]);
        if (rows.has(last)) break;
        rows.set(last, row);
      }
      return undefined;
    } catch {
      hasErrors = true;
      return last ?? Number.NaN;
    }
  };
  try {
    database.prepare(select);
  } catch {
    return undefined;
  }
  let at = take(`NOT INDEXED ORDER BY ${id}`);
  if (at === undefined) return { rows: [...rows.values()], hasErrors };
  take(`NOT INDEXED ORDER BY ${id} DESC`);
  let highest = 0;
  for (const one of rows.keys()) if (one > highest) highest = one;
  // Between the two ends: leap over what cannot be read, further each time, and come back from where it goes on.
  for (let step = 1; (Number.isNaN(at) ? 0 : at) + step <= highest; ) {
    const from: number = (Number.isNaN(at) ? 0 : at) + step;
    const before = rows.size;
    const stopped = take(`WHERE ${id} >= ? ORDER BY ${id}`, from);
    if (rows.size === before && stopped !== undefined) {
      step *= 2;
      continue;
    }
    take(`WHERE ${id} < ? ORDER BY ${id} DESC`, from);
    if (stopped === undefined) break;
    at = stopped;
    step = 1;
  }
  const inOrder = [...rows].sort(([a], [b]) => a - b).map(([, row]) => row);
  return { rows: inOrder, hasErrors };
}

function merge(instances: Walked, walked: Walked, totals: Totals | undefined): Omit<Salvaged, 'holds'> {
  const events = (walked.rows as (EventRow & { crc: number })[]).filter((row) => isSound(row, eventCrc));
  const kept = new Map<string, InstanceRow>();
  const bad = new Map<string, string>();
  for (const row of instances.rows as StoredRow[]) {
    const { env, appid, instance } = row;
    if (isSound(row, instanceCrc)) kept.set(keyOf(env, appid, instanceKey(instance)), row);
    else bad.set(keyOf(env, appid, instanceKey(String(instance))), `${env}/${appid}/${instance}`);
  }
  const last = new Map<string, EventRow>();
  for (const event of events) last.set(keyOf(event.env, event.appid, event.key), event);
  let fromEvents = 0;
  for (const [key, event] of last) {
    const row = kept.get(key);
    if (row !== undefined && row.revision >= event.revision) continue;
    const after = instanceAfter(event);
    if (after === undefined) kept.delete(key);
    else {
      kept.set(key, after);
      fromEvents++;
    }
    bad.delete(key);
  }
  const hasGaps = walked.hasErrors || events.length < walked.rows.length;
  return { instances: [...kept.values()], events, totals, fromEvents, lostNames: [...bad.values()], hasGaps };
}

function isSound<Row>(row: Row & { readonly crc: number }, crcOf: (row: Row) => number): boolean {
  return tried(() => row.crc === crcOf(row))[0] === true;
}

function keyOf(env: string, appid: string, key: string): string {
  return JSON.stringify([env, appid, key]);
}

function tried<Value>(what: () => Value): [Value] | [] {
  try {
    return [what()];
  } catch {
    return [];
  }
}

/** Puts the first page of a new database in place; the file's length then gives the number of pages. */
function graftFirstPage(path: string, template: string): void {
  const page = Buffer.alloc(pageOctets);
  const from = openSync(template, 'r');
  readSync(from, page);
  closeSync(from);
  page.writeUInt32BE(Math.floor(statSync(path).size / pageOctets), 28);
  // No list of free pages; and the number of pages above is not the one SQLite shall trust.
  page.writeUInt32BE(0, 32);
  page.writeUInt32BE(0, 36);
  page.writeUInt32BE(page.readUInt32BE(24) + 1, 92);
  const to = openSync(path, 'r+');
  writeSync(to, page, 0, page.length, 0);
  closeSync(to);
}
