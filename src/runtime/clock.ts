// Time as the registry sees it: handed in, never read. Leases count on monotonic time alone, so a stepped wall clock
// neither evicts an instance nor keeps it for ever; wall time is for people (timestamps in replies) and for nothing else.

export interface Clock {
  /** Milliseconds that only go forward, from an arbitrary start. Called on every query: must be cheap. */
  monotonicMs(): number;
  /** Milliseconds since 1970 (UTC), as people read them. */
  wallMs(): number;
  /**
   * When this process last went on after a pause of its own that clients cannot have noticed as theirs, monotonic
   * milliseconds; undefined: never.
   */
  resumedMs?(): number | undefined;
}

/** One reading of both. */
export interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}
