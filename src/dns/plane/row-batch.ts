// Rows of one turn of the event loop as one text: a message costs what ten rows do. A caller that needs them gone at once calls
// `flush`; otherwise they go when there are many, or when the turn ends.

import type { Instance } from '../../model/instance.ts';
import { openInstance, putRow, type ReplicaInstance } from './update.ts';

export class RowBatch {
  readonly #post: (rows: string) => void;
  readonly #max: () => number;
  #rows: unknown[] = [];
  /** Of the last row that puts an instance: as it was then, since it may be another by now. */
  #lastPut: Instance | undefined;
  #isFlushDue = false;

  /** `max`: so many rows go at once, whatever else happens. */
  constructor(post: (rows: string) => void, max: () => number) {
    this.#post = post;
    this.#max = max;
  }

  get isEmpty(): boolean {
    return this.#rows.length === 0;
  }

  /** An instance is there: see putRow. */
  put(leased: ReplicaInstance, revision: number, why: string): void {
    const row = putRow(leased, revision, why, this.#lastPut);
    this.#lastPut = openInstance(leased);
    this.push(row);
  }

  push(row: unknown): void {
    this.#rows.push(row);
    if (this.#rows.length >= this.#max()) this.flush();
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      this.flush();
    });
  }

  flush(): void {
    if (this.isEmpty) return;
    const rows = JSON.stringify(this.#rows);
    this.#rows = [];
    this.#lastPut = undefined;
    this.#post(rows);
  }
}
