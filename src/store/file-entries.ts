// What each service file last had, entry by entry, so that a restart can distinguish a new entry of a file from one that was applied
// before. One row a file, its entries as JSON. The table is made when it is first needed and is no part of the schema's
// version: an earlier rollcall ignores it, and a database that had to be salvaged is without it, and then every file is
// applied again, as its instances may have been lost.
// Limits: those of service files.

import type { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';

export type EntriesByFile = ReadonlyMap<string, string>;

/** By file. A row that is not as it was written is left out. */
export function readFileEntries(database: DatabaseSync): EntriesByFile {
  if (!hasTable(database)) return new Map();
  const rows = database.prepare('SELECT file, entries, crc FROM file_entries').all() as object[] as Row[];
  return new Map(rows.filter((row) => crcOf(row) === row.crc).map(({ file, entries }) => [file, entries]));
}

/** Empty: the file has no entries any more. */
export function writeFileEntries(database: DatabaseSync, file: string, entries: string): void {
  if (entries === '') {
    if (hasTable(database)) database.prepare('DELETE FROM file_entries WHERE file = ?').run(file);
    return;
  }
  database.exec(
    'CREATE TABLE IF NOT EXISTS file_entries (file TEXT PRIMARY KEY, entries TEXT NOT NULL, crc INTEGER NOT NULL) STRICT',
  );
  database.prepare('INSERT OR REPLACE INTO file_entries VALUES (?, ?, ?)').run(file, entries, crcOf({ file, entries }));
}

interface Row {
  readonly file: string;
  readonly entries: string;
  readonly crc: number;
}

function hasTable(database: DatabaseSync): boolean {
  return (
    database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'file_entries'").get() !== undefined
  );
}

function crcOf({ file, entries }: Omit<Row, 'crc'>): number {
  return crc32(`${file}\0${entries}`);
}
