// Who asks DNS for what, since this process began: the samples of all DNS threads, added up by name, type, rcode, transport
// and client. They are fetched for each reader, and every ten seconds, or sooner where the threads have many.
// Limits: `answeredMax` rows of names that are answered and `failedMax` of others, each row about half a kilobyte. Above it
// the rows that were asked for least recently are forgotten, a tenth at once, and the number of their queries is kept.

import type { DrainQueries, QuerySample, QuerySink } from '../../model/query-sample.ts';
import { QueryWindows } from './query-windows.ts';

const answeredMax = 20_000;
const failedMax = 10_000;
const forgottenAtOnce = 0.1;

export interface QueryRow extends Omit<QuerySample, 'queries' | 'lastMs'> {
  readonly queries: number;
  readonly lastMs: number;
  readonly windows: QueryWindows;
}

interface MutableRow extends Omit<QueryRow, 'queries' | 'lastMs'> {
  queries: number;
  lastMs: number;
}

export class QueryStatistics implements QuerySink {
  /** Monotonic milliseconds. */
  readonly sinceMs: number;
  readonly #drain: DrainQueries;
  readonly #answered = new Map<string, MutableRow>();
  readonly #failed = new Map<string, MutableRow>();
  /** The same rows, by name and type. */
  readonly #byQuestion = new Map<string, Set<MutableRow>>();
  #unlisted = 0;

  constructor(drain: DrainQueries, nowMs: number) {
    this.#drain = drain;
    this.sinceMs = nowMs;
  }

  /** Takes what the threads have counted meanwhile. */
  refresh(): void {
    this.#drain(this);
  }

  /** Queries that are in no row: there was no room, or their row was forgotten. */
  get unlisted(): number {
    return this.#unlisted;
  }

  *rows(): Generator<QueryRow> {
    yield* this.#answered.values();
    yield* this.#failed.values();
  }

  /** Those of one question. */
  rowsOf(name: string, type: string): Iterable<QueryRow> {
    return this.#byQuestion.get(`${name} ${type}`) ?? [];
  }

  add(sample: QuerySample): void {
    const { name, type, rcode, transport, client, queries, firstMs, lastMs } = sample;
    const isAnswered = rcode === 'NOERROR';
    const rows = isAnswered ? this.#answered : this.#failed;
    const key = `${name} ${type} ${rcode} ${transport} ${client}`;
    let row = rows.get(key);
    if (row === undefined) {
      if (rows.size >= (isAnswered ? answeredMax : failedMax)) this.#forget(rows);
      row = { name, type, rcode, transport, client, queries: 0, firstMs, lastMs, windows: new QueryWindows() };
      rows.set(key, row);
      this.#link(row);
    }
    row.queries += queries;
    row.lastMs = Math.max(row.lastMs, lastMs);
    row.windows.add(queries, lastMs);
  }

  addUnlisted(queries: number): void {
    this.#unlisted += queries;
  }

  #forget(rows: Map<string, MutableRow>): void {
    const byAge = [...rows].sort(([, a], [, b]) => a.lastMs - b.lastMs);
    for (const [key, row] of byAge.slice(0, Math.ceil(byAge.length * forgottenAtOnce))) {
      this.#unlisted += row.queries;
      rows.delete(key);
      this.#unlink(row);
    }
  }

  #link(row: MutableRow): void {
    const question = `${row.name} ${row.type}`;
    const known = this.#byQuestion.get(question);
    if (known === undefined) this.#byQuestion.set(question, new Set([row]));
    else known.add(row);
  }

  #unlink(row: MutableRow): void {
    const question = `${row.name} ${row.type}`;
    const known = this.#byQuestion.get(question);
    known?.delete(row);
    if (known?.size === 0) this.#byQuestion.delete(question);
  }
}
