// How long to wait before the next try: longer from failure to failure, and anywhere within that time, so that all who
// lost the same registry do not come back together ("full jitter").

export interface BackOff {
  readonly leastMs: number;
  readonly mostMs: number;
}

/** The wait after the `failures`-th failure in a row, 1 for the first; `random` is uniform in [0, 1). */
export function backOffMs(failures: number, { leastMs, mostMs }: BackOff, random: () => number): number {
  // Beyond 2^30 it is the most anyhow.
  const ceilingMs = Math.min(mostMs, leastMs * 2 ** Math.min(failures, 30));
  return Math.round(leastMs + random() * (ceilingMs - leastMs));
}
