// When the next renewal of an instance is expected: each has an interval of its own, a third of its lease until its
// renewals have shown another. It is late once nothing has come for one and a half of its intervals, and no later than
// at the end of its lease. Learned in steps, upwards faster than downwards: an instance that was once waited for longer is given
// that time again, while a few renewals in a row (a client that starts, or two that renew one instance) change little.

/** Whole milliseconds everywhere: V8 keeps small integers without a box of their own. */
const firstShareOfLease = 1 / 3;
/** One that renews more often still is not late before an eighth of its lease: its next ones may be on their way. */
const shortestShareOfLease = 1 / 12;
const lateAfterIntervals = 1.5;
/** Gaps this close to what was expected teach nothing: most renewals end here. */
const sameWithin = 1 / 8;
const stepUp = 1 / 4;
const stepDown = 1 / 16;

export function firstIntervalMs(leaseSeconds: number): number {
  return Math.round(leaseSeconds * 1000 * firstShareOfLease);
}

/** Whether a renewal after `gapMs` changes the estimate. */
export function isUnexpected(gapMs: number, intervalMs: number): boolean {
  return Math.abs(gapMs - intervalMs) > intervalMs * sameWithin;
}

/** The interval after a renewal that came after `gapMs`. Silence beyond the lease is no rhythm and teaches nothing. */
export function learnedIntervalMs(intervalMs: number, gapMs: number, leaseMs: number): number {
  if (gapMs > leaseMs) return intervalMs;
  const step = gapMs > intervalMs ? stepUp : stepDown;
  return Math.round(Math.max(intervalMs + (gapMs - intervalMs) * step, leaseMs * shortestShareOfLease));
}

/** How long nothing may come before an instance is late. */
export function lateAfterMs(intervalMs: number, leaseMs: number): number {
  return Math.min(intervalMs * lateAfterIntervals, leaseMs);
}
