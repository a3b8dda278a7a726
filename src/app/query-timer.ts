// Fetches what DNS threads have counted of queries when nobody reads it: every ten seconds, and within a second where a
// thread's memory fills. Looking whether it does costs a read of one number a thread.

import type { QueryStatistics } from '../control/queries/query-statistics.ts';
import type { Plane } from '../dns/plane/plane.ts';

const lookMs = 1000;
const looksPerRefresh = 10;

/** Returns what stops it. */
export function startQueryTimer(statistics: Pick<QueryStatistics, 'refresh'>, plane: Plane): () => void {
  let looks = 0;
  const timer = setInterval(() => {
    if (++looks % looksPerRefresh === 0 || plane.hasManyQueries) statistics.refresh();
  }, lookMs).unref();
  return () => clearInterval(timer);
}
