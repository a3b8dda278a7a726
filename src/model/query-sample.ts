// What was asked of DNS since it was last looked at: one question, answer code, transport and client.

export interface QuerySample {
  /** In lower case, with a final dot. */
  readonly name: string;
  readonly type: string;
  readonly rcode: string;
  readonly transport: string;
  /** An address, or a network with its prefix; empty where clients are not kept. */
  readonly client: string;
  /** At least 1. */
  readonly queries: number;
  /** Monotonic milliseconds. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Where samples go. */
export interface QuerySink {
  add(sample: QuerySample): void;
  /** Queries that were counted without a row: there was no room for their names or clients. */
  addUnlisted(queries: number): void;
}

/** Hands out what has been asked since the last time, of all DNS threads. */
export type DrainQueries = (sink: QuerySink) => void;
