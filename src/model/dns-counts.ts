// The counters of the DNS plane, as metrics shows them: on one thread they are those of the handler, else the sums of
// all threads. Numbers since the start, but for `tcpConnections`.

/** What the DNS side counts. Read once a scrape. */
export interface DnsCounts {
  queries(): Iterable<{
    readonly transport: string;
    readonly type: string;
    readonly rcode: string;
    readonly count: number;
  }>;
  readonly cacheHits: number;
  readonly cacheMisses: number;
  readonly truncated: number;
  readonly dropped: number;
  readonly denied: number;
  readonly sendErrors: number;
  /** Open now. */
  readonly tcpConnections: number;
  readonly tcpRefused: number;
  readonly rateTruncated: number;
  readonly rateDropped: number;
  readonly tlsHandshakes: number;
  readonly tlsResumed: number;
  readonly tlsFailed: number;
}
