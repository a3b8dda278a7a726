// What the checks of instances count, for metrics.

export interface CheckCounts {
  /** With checks. */
  readonly instances: number;
  /** Now. */
  readonly running: number;
  /** Begun late, because too many were running. */
  readonly delayed: number;
  results(): Iterable<{ readonly type: string; readonly result: string; readonly count: number }>;
}
