// What is kept of one question, answer code, transport and client. Most rows of a server that is asked for names at random
// are asked once: such a row has no windows, which are three quarters of the others.

import type { QuerySample } from '../../model/query-sample.ts';
import { QueryWindows, type Recent } from './query-windows.ts';

export class QueryRow implements QuerySample {
  readonly name: string;
  readonly type: string;
  readonly rcode: string;
  readonly transport: string;
  readonly client: string;
  readonly firstMs: number;
  queries: number;
  lastMs: number;
  /** Undefined: all queries were counted at `lastMs`. */
  #windows: QueryWindows | undefined;

  constructor({ name, type, rcode, transport, client, queries, firstMs, lastMs }: QuerySample) {
    this.name = name;
    this.type = type;
    this.rcode = rcode;
    this.transport = transport;
    this.client = client;
    this.queries = queries;
    this.firstMs = firstMs;
    this.lastMs = lastMs;
  }

  get isAnswered(): boolean {
    return this.rcode === 'NOERROR';
  }

  /** More of the same. */
  add({ queries, lastMs }: QuerySample): void {
    this.#windows ??= this.#firstWindows();
    this.#windows.add(queries, lastMs);
    this.queries += queries;
    this.lastMs = Math.max(this.lastMs, lastMs);
  }

  recent(nowMs: number): Recent {
    return (this.#windows ?? this.#firstWindows()).recent(nowMs);
  }

  isOf({ rcode, transport, client }: QuerySample): boolean {
    return this.rcode === rcode && this.client === client && this.transport === transport;
  }

  #firstWindows(): QueryWindows {
    const windows = new QueryWindows();
    windows.add(this.queries, this.lastMs);
    return windows;
  }
}
