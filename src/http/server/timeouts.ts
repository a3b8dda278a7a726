// How long a client may take: for a request, for its headers, and with a connection on which nothing moves. What waits at its
// caller's wish (long polls, watches, drains) is bounded by its own call.

export interface HttpTimeouts {
  /** A whole request, headers and body. */
  readonly requestMs: number;
  readonly headersMs: number;
  /** A connection on which nothing moves; long polls excepted. */
  readonly idleMs: number;
  /** How often Node looks for requests that are late. */
  readonly checkEveryMs: number;
}

export const httpTimeouts: HttpTimeouts = { requestMs: 10_000, headersMs: 10_000, idleMs: 30_000, checkEveryMs: 1000 };
