// How much clients may take: connections, octets and depth of a body, and time for a request, for its headers, and with a
// connection on which nothing moves. What waits at its caller's wish (long polls, watches, drains) is bounded by its own call.

export interface HttpLimits {
  /** Each costs a few kB; long polls hold one each. */
  readonly connectionsMax: number;
  /** Of one IPv4 address or IPv6 /64, behind which there may be a proxy with clients of its own. */
  readonly connectionsPerClientMax: number;
  /** A registration with all metadata is 12 KiB. */
  readonly bodyBytes: number;
  /** A registration has three levels. */
  readonly jsonDepth: number;
}

export const httpLimits: HttpLimits = {
  connectionsMax: 20_000,
  connectionsPerClientMax: 18_000,
  bodyBytes: 64 * 1024,
  jsonDepth: 32,
};

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
