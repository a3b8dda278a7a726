// How long to wait before the next try: the ceiling doubles with every failure in a row, and the wait is anywhere between
// the first and the ceiling ("full jitter"), so that clients which lost one server at the same moment do not return at
// the same moment.

export interface BackoffLimits {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Milliseconds to wait after the `failures`-th failure in a row, 1 for the first; `random` is uniform in [0, 1). */
export function backoffMs(failures: number, { firstMs, longestMs }: BackoffLimits, random: () => number): number {
  const leastMs = Math.min(firstMs, longestMs);
  // Beyond 2^30 the ceiling is `longestMs` anyway.
  const ceilingMs = Math.min(longestMs, firstMs * 2 ** Math.min(failures, 30));
  return Math.round(leastMs + random() * (ceilingMs - leastMs));
}
