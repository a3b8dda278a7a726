// The memory of all DNS threads in which they count who asks for what, and what reads it.

import type { QuerySink } from '../../model/query-sample.ts';
import { queryMemoryOctets } from '../server/queries/query-memory.ts';
import type { ClientDetail } from '../server/queries/query-table.ts';
import { QueryDrain } from './query-drain.ts';

export class QueryDrains {
  /** By slot; none where it is not kept. */
  readonly memory: readonly SharedArrayBuffer[];
  readonly #drains: readonly QueryDrain[];

  constructor(threads: number, detail: ClientDetail | undefined) {
    const kept = detail === undefined ? 0 : threads;
    this.memory = Array.from({ length: kept }, () => new SharedArrayBuffer(queryMemoryOctets));
    this.#drains = this.memory.map((memory) => new QueryDrain(memory, detail as ClientDetail));
  }

  get isFilling(): boolean {
    return this.#drains.some((drain) => drain.isFilling);
  }

  drain(sink: QuerySink): void {
    for (const drain of this.#drains) drain.drain(sink);
  }
}
