// How long to wait before the next try: twice as long after every failure, by chance somewhere in the upper half, so
// that a fleet which lost its registry at one moment does not come back at one moment. What the server asks for counts
// where it is longer.

export interface BackOffLimits {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** A server that names more than this has a clock or a mind of its own. */
const askedMsMax = 60_000;

/**
 * Milliseconds before the next try after `failures` (1 and more) in a row.
 * @param random in [0, 1)
 * @param askedMs what the server said in Retry-After
 */
export function backOffMs(failures: number, limits: BackOffLimits, random: number, askedMs = 0): number {
  const { firstMs, longestMs } = limits;
  const fullMs = Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.max(fullMs * (0.5 + random / 2), Math.min(askedMs, askedMsMax));
}
