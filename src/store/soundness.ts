// Whether a database is as it was written. Every row has a CRC; the totals, which change with every commit, have the
// number of instances and the sum of their CRCs: a row that is lost, stale or twice there is found out as well as one in
// which a bit is flipped.
// Limits: above `checkedOctetsMax` what is not an instance is not looked at.

import type { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { crcOfColumns, type InstanceRow } from './rows.ts';

export interface Totals {
  /** The registry's at the last commit. */
  readonly revision: number;
  readonly instances: number;
  /** Of all rows' CRCs, modulo 2^32. */
  readonly crcSum: number;
  /** Every change after this revision is among the events. */
  readonly completeSince: number;
  readonly completeSinceMs: number;
}

/** Tenths of a second to read. */
const checkedOctetsMax = 64 * 1024 * 1024;

const instanceColumns = 'env, appid, instance, label, registration, times, revision';
export const selectInstances = `SELECT id, ${instanceColumns}, crc FROM instances`;
export type StoredRow = InstanceRow & { readonly id: number; readonly crc: number };

/** Also of a damaged database, for what salvage.ts says. */
export function readTotals(database: DatabaseSync): Totals | { damage: string } {
  const row = database.prepare('SELECT * FROM totals').get() as Record<string, number> | undefined;
  if (row === undefined) return { damage: 'its totals are missing' };
  const [, revision, instances, crcSum, completeSince, completeSinceMs, crc] = Object.values(row) as [
    ...(readonly [number, number, number, number, number, number]),
    number,
  ];
  if (crc !== crc32([revision, instances, crcSum, completeSince, completeSinceMs].join()))
    return { damage: 'its totals are damaged' };
  return { revision, instances, crcSum, completeSince, completeSinceMs };
}

/** Reads every instance, and small files page by page. */
export function damageOf(database: DatabaseSync, totals: Totals): string | undefined {
  const { pages } = database
    .prepare('SELECT page_count * page_size AS pages FROM pragma_page_count, pragma_page_size')
    .get() as { pages: number };
  if (pages <= checkedOctetsMax) {
    const [first] = Object.values(database.prepare('PRAGMA quick_check(1)').get() as object) as [string];
    if (first !== 'ok') return first;
  }
  let count = 0;
  let sum = 0;
  const all = database.prepare(`${selectInstances} ORDER BY id`);
  // A million rows: half the time of objects.
  all.setReturnArrays(true);
  for (const row of all.iterate() as Iterable<unknown> as Iterable<readonly unknown[]>) {
    const crc = row.at(-1) as number;
    if (crc !== crcOfColumns(row.slice(1, -1))) return `the row of an instance is damaged (its number is ${row[0]})`;
    count++;
    sum = (sum + crc) >>> 0;
  }
  if (count !== totals.instances) return `it has ${count} instances where it should have ${totals.instances}`;
  return sum === totals.crcSum ? undefined : 'its instances are not the ones that were written last';
}

/** SQLITE_CORRUPT and SQLITE_NOTADB, and what SQLite says of a header or a schema it cannot make sense of. */
export function isDamage(error: unknown): boolean {
  const { errcode = 0 } = error as { errcode?: number };
  return [1, 11, 26].includes(errcode & 0xff) || error instanceof RangeError || error instanceof TypeError;
}
