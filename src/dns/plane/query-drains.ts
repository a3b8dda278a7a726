// The memory of all DNS threads in which they count who asks for what, and what reads it.

import type { QuerySink } from '../../model/query-sample.ts';
import { queryMemoryOctets } from '../server/queries/query-memory.ts';
import type { ClientDetail, QueryCounts } from '../server/queries/query-table.ts';
import { QueryDrain } from './query-drain.ts';

export class QueryDrains {
  /** By slot; none where it is not kept. */
  readonly counts: readonly QueryCounts[];
  readonly #drains: readonly QueryDrain[];

  constructor(threads: number, detail: ClientDetail | undefined) {
    const slots = Array.from({ length: threads });
    this.counts =
      detail === undefined ? [] : slots.map(() => ({ memory: new SharedArrayBuffer(queryMemoryOctets), detail }));
    this.#drains = this.counts.map((counts) => new QueryDrain(counts));
  }

  get isFilling(): boolean {
    return this.#drains.some((drain) => drain.isFilling);
  }

  drain(sink: QuerySink): void {
    for (const drain of this.#drains) drain.drain(sink);
  }
}
