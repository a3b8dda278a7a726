// Whether a database is as it was written: its totals, its pages, and its instances (checked-reading.ts).
// Limits: above `checkedOctetsMax` what is not an instance is not looked at, and instances while they are read.

import type { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { CheckedReading } from './checked-reading.ts';
import type { InstanceRow } from './rows.ts';

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
/** Of instances that are read: a few milliseconds for either thread. */
export const rowsPerPage = 1000;

const instanceColumns = 'env, appid, instance, label, registration, times, revision';
export const selectInstances = `SELECT id, ${instanceColumns}, crc FROM instances`;
export type StoredRow = InstanceRow & { readonly id: number; readonly crc: number };

/** Also of a damaged database, for salvage.ts. */
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

/** What may be left out, and what not. */
export interface Care {
  /** Its instances were found damaged while they were read: they are checked before they are handed out. */
  readonly isSuspect?: boolean | undefined;
  /** In place of `checkedOctetsMax`. */
  readonly checkedOctetsMax?: number | undefined;
}

/** Small files are looked at before anything is read of them, page by page and every instance; larger ones as they are read. */
export function damageOf(database: DatabaseSync, totals: Totals, care: Care): string | undefined {
  const { octets } = database
    .prepare('SELECT page_count * page_size AS octets FROM pragma_page_count, pragma_page_size')
    .get() as { octets: number };
  const isSmall = octets <= (care.checkedOctetsMax ?? checkedOctetsMax);
  if (!isSmall && care.isSuspect !== true) return undefined;
  if (isSmall) {
    const [first] = Object.values(database.prepare('PRAGMA quick_check(1)').get() as object) as [string];
    if (first !== 'ok') return first;
  }
  const reading = new CheckedReading(database, totals);
  for (;;) {
    const page = reading.next(rowsPerPage);
    if (page === 'end') return undefined;
    if ('damage' in page) return page.damage;
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB, and SQLite's errors for a header or a schema that it cannot read. */
export function isDamage(error: unknown): boolean {
  const { errcode = 0 } = error as { errcode?: number };
  return [1, 11, 26].includes(errcode & 0xff) || error instanceof RangeError || error instanceof TypeError;
}
