// Who asks DNS for what, since this process began: the samples of all DNS threads, added up by name, type, rcode, transport
// and client. They are fetched for each reader, and every ten seconds, or sooner where the threads have many.
// Limits: `answeredMax` rows of names that are answered and `failedMax` of others, each row about half a kilobyte. Above it
// the rows that were asked for least recently are forgotten, a tenth at once, and the number of their queries is kept.

import type { DrainQueries, QuerySample, QuerySink } from '../../model/query-sample.ts';
import { QueryWindows } from './query-windows.ts';

const answeredMax = 20_000;
const failedMax = 10_000;
const forgottenAtOnce = 0.1;
const oldMs = 1000;

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
  readonly #onAnswered: ((name: string, lastMs: number) => void) | undefined;
  #unlisted = 0;
  #refreshedMs = Number.NEGATIVE_INFINITY;

  /** `onAnswered`: a name was answered, last at that time (monotonic milliseconds). */
  constructor(drain: DrainQueries, nowMs: number, onAnswered?: (name: string, lastMs: number) => void) {
    this.#drain = drain;
    this.sinceMs = nowMs;
    this.#onAnswered = onAnswered;
  }

  /** Takes what the threads have counted meanwhile. */
  refresh(nowMs: number): void {
    this.#refreshedMs = nowMs;
    this.#drain(this);
  }

  /** As `refresh`, and nothing where it was called less than a second ago: for calls that programs make all the time. */
  refreshIfOld(nowMs: number): void {
    if (nowMs - this.#refreshedMs >= oldMs) this.refresh(nowMs);
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
    if (isAnswered) this.#onAnswered?.(name, lastMs);
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
