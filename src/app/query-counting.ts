// Who asks DNS for what, as far as it is configured to be kept: the statistics over the counts of all DNS threads, the lists
// that fronts read, and the timer that fetches counts without a reader: every ten seconds, and within a second where a
// thread's memory fills. Looking whether it does costs a read of one number a thread.

import { QueryLists, type QueryListsDeps } from '../control/queries/query-lists.ts';
import { QueryStatistics } from '../control/queries/query-statistics.ts';
import type { Plane } from '../dns/plane/plane.ts';
import type { Clock } from '../runtime/clock.ts';

const lookMs = 1000;
const looksPerRefresh = 10;

export interface QueryCounting {
  readonly lists: QueryLists;
  stop(): void;
}

export function countQueries(
  plane: Pick<Plane, 'drainQueries' | 'hasManyQueries'>,
  clock: Clock,
  { view, origin }: Pick<QueryListsDeps, 'view' | 'origin'>,
): QueryCounting {
  const monotonicMs = (): number => clock.monotonicMs();
  const statistics = new QueryStatistics(plane.drainQueries, monotonicMs());
  let looks = 0;
  const timer = setInterval(() => {
    if (++looks % looksPerRefresh === 0 || plane.hasManyQueries) statistics.refresh();
  }, lookMs).unref();
  return {
    lists: new QueryLists({ statistics, view, origin, monotonicMs }),
    stop: () => clearInterval(timer),
  };
}
