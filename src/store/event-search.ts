// The flight recorder's questions to the database, newest first. By app, by reason and by time there are indexes; what
// else is asked for is looked for among what they give. It has a thread and a read-only connection of its own, so a
// long search holds up no commit (WAL: readers and the writer do not wait for each other).
// Limits: `limit` of the query, at most `eventsPageMax`.

import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import type { EventQuery } from '../history/recorder.ts';
import { instanceKey } from '../model/names.ts';
import { changeOf, type EventRow, eventCrc } from './rows.ts';
import { readTotals } from './soundness.ts';

/** Some 10 MB of rows. */
const eventsPageMax = 10_000;

export interface FoundEvents {
  readonly rows: readonly EventRow[];
  readonly completeSince: number;
  readonly completeSinceMs: number;
  /** Revisions of rows that were left out because they are damaged or meaningless. */
  readonly unreadable: readonly number[];
}

export class EventSearch {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path, { readOnly: true });
  }

  find(query: EventQuery): FoundEvents {
    // One moment for the rows and for what they are complete of.
    this.#database.exec('BEGIN');
    try {
      const totals = readTotals(this.#database);
      if ('damage' in totals) throw new Error(`The record of events cannot be read: ${totals.damage}`);
      const limit = Math.min(query.limit, eventsPageMax);
      const { completeSince, completeSinceMs } = totals;
      const rows: EventRow[] = [];
      const unreadable: number[] = [];
      // Damaged rows do not shorten a page: a short one is the last.
      for (let before = query.before; rows.length < limit; ) {
        const wanted = limit - rows.length;
        const found = this.#rows(before === undefined ? query : { ...query, before }, wanted);
        for (const row of found) {
          if (row.crc === eventCrc(row) && changeOf(row) !== undefined) rows.push(row);
          else unreadable.push(row.revision);
        }
        if (found.length < wanted) break;
        before = found.at(-1)?.revision;
      }
      return { rows, completeSince, completeSinceMs, unreadable };
    } finally {
      this.#database.exec('COMMIT');
    }
  }

  close(): void {
    this.#database.close();
  }

  #rows(query: EventQuery, limit: number): (EventRow & { readonly crc: number })[] {
    const wheres: string[] = [];
    const values: SQLInputValue[] = [];
    const where = (condition: string, value: SQLInputValue | undefined) => {
      if (value === undefined) return;
      wheres.push(condition);
      values.push(value);
    };
    const { env, appid, instance, before, fromMs, toMs, why } = query;
    // The plus keeps an index from being taken that would not give the order.
    where(appid === undefined ? '+env = ?' : 'env = ?', env);
    where(env === undefined ? '+appid = ?' : 'appid = ?', appid);
    where('key = ?', instance === undefined ? undefined : instanceKey(instance));
    where('revision < ?', before);
    where('+at_ms >= ?', fromMs);
    where('+at_ms <= ?', toMs);
    const span = fromMs === undefined && toMs === undefined ? undefined : this.#span(fromMs, toMs);
    where('revision >= ?', span?.first ?? undefined);
    where('revision <= ?', span?.last ?? undefined);
    if (span !== undefined && span.first === null) return [];
    const find = (reason?: string) => {
      const isApp = env !== undefined && appid !== undefined;
      const own = reason === undefined ? [] : [isApp ? '+why = ?' : 'why = ?'];
      const all = [...wheres, ...own].join(' AND ') || 'true';
      const select = 'SELECT revision, at_ms AS atMs, env, appid, key, why, content, crc FROM events';
      const statement = this.#database.prepare(`${select} WHERE ${all} ORDER BY revision DESC LIMIT ?`);
      const given = reason === undefined ? [] : [reason];
      return statement.all(...values, ...given, limit) as object[] as (EventRow & { crc: number })[];
    };
    if (why === undefined) return find();
    const found = [...new Set(why)].flatMap((reason) => find(reason));
    return found.sort((a, b) => b.revision - a.revision).slice(0, limit);
  }

  /** Between which revisions there are changes of that time: wall clocks step, so not all of them need be. */
  #span(fromMs = Number.MIN_SAFE_INTEGER, toMs = Number.MAX_SAFE_INTEGER): Span {
    const select = 'SELECT min(revision) AS first, max(revision) AS last FROM events INDEXED BY events_by_time';
    return this.#database
      .prepare(`${select} WHERE at_ms BETWEEN ? AND ?`)
      .get(floor(fromMs), floor(toMs)) as object as Span;
  }
}

interface Span {
  readonly first: number | null;
  readonly last: number | null;
}

function floor(ms: number): number {
  return Math.floor(Math.min(Math.max(ms, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER));
}
