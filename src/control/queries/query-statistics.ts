// Who asks DNS for what, since this process began: the samples of all DNS threads, added up by name, type, rcode, transport
// and client. They are fetched for each reader, and every ten seconds, or sooner where the threads have many: thousands at
// once where names are asked for at random, so a row that is new costs two microseconds, and forgetting one less.
// Limits: `answeredMax` rows of names that are answered and `failedMax` of others, each row about half a kilobyte. Above it
// the rows that were asked for least recently are forgotten, a tenth at once, since the first of a set that much was taken out of
// is long to find; the number of their queries is kept.

import type { DrainQueries, QuerySample, QuerySink } from '../../model/query-sample.ts';
import { QueryRow } from './query-row.ts';

const answeredMax = 20_000;
const failedMax = 10_000;
const forgottenShare = 0.1;
const oldMs = 1000;

/** The rows of one question: nearly always one, or a few; by the rest of what makes a row. */
type QuestionRows = QueryRow | Map<string, QueryRow>;

export class QueryStatistics implements QuerySink {
  /** Monotonic milliseconds. */
  readonly sinceMs: number;
  readonly #drain: DrainQueries;
  readonly #byQuestion = new Map<string, QuestionRows>();
  /** The same rows, the one that was asked for last at the end. */
  readonly #answered = new Set<QueryRow>();
  readonly #failed = new Set<QueryRow>();
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
    yield* this.#answered;
    yield* this.#failed;
  }

  /** Those of one question. */
  rowsOf(name: string, type: string): Iterable<QueryRow> {
    const rows = this.#byQuestion.get(`${name} ${type}`);
    if (rows === undefined) return [];
    return rows instanceof Map ? rows.values() : [rows];
  }

  add(sample: QuerySample): void {
    const question = questionOf(sample);
    const known = this.#byQuestion.get(question);
    const row = known instanceof Map ? known.get(restOf(sample)) : known?.isOf(sample) ? known : undefined;
    if (row === undefined) this.#addRow(question, known, new QueryRow(sample));
    else {
      row.add(sample);
      const rows = this.#rowsLike(row);
      rows.delete(row);
      rows.add(row);
    }
    if (sample.rcode === 'NOERROR') this.#onAnswered?.(sample.name, sample.lastMs);
  }

  addUnlisted(queries: number): void {
    this.#unlisted += queries;
  }

  #addRow(question: string, known: QuestionRows | undefined, row: QueryRow): void {
    if (known === undefined) this.#byQuestion.set(question, row);
    else if (known instanceof Map) known.set(restOf(row), row);
    else
      this.#byQuestion.set(
        question,
        new Map([
          [restOf(known), known],
          [restOf(row), row],
        ]),
      );
    const rows = this.#rowsLike(row);
    rows.add(row);
    const max = row.isAnswered ? answeredMax : failedMax;
    if (rows.size <= max) return;
    for (const oldest of rows) {
      this.#forget(oldest, rows);
      if (rows.size <= max * (1 - forgottenShare)) return;
    }
  }

  #forget(row: QueryRow, rows: Set<QueryRow>): void {
    this.#unlisted += row.queries;
    rows.delete(row);
    const question = questionOf(row);
    const ofQuestion = this.#byQuestion.get(question);
    if (ofQuestion instanceof Map) ofQuestion.delete(restOf(row));
    if (!(ofQuestion instanceof Map) || ofQuestion.size === 0) this.#byQuestion.delete(question);
  }

  #rowsLike({ isAnswered }: QueryRow): Set<QueryRow> {
    return isAnswered ? this.#answered : this.#failed;
  }
}

function questionOf({ name, type }: QuerySample): string {
  return `${name} ${type}`;
}

function restOf({ rcode, transport, client }: QuerySample): string {
  return `${rcode} ${transport} ${client}`;
}
