// Who asks for what, as a process keeps it, over counts that a test makes up instead of DNS threads.

import { pino } from 'pino';
import { countQueries, type QueryCounting } from '../../../src/app/query-counting.ts';
import type { QueryLists } from '../../../src/control/queries/query-lists.ts';
import type { ReadView } from '../../../src/control/read-view.ts';
import type { DrainQueries } from '../../../src/model/query-sample.ts';
import type { Clock } from '../../../src/runtime/clock.ts';

/** `folder`: where it is kept when apps were asked for. */
export function countingOver(
  drainQueries: DrainQueries,
  clock: Clock,
  view: Pick<ReadView, 'app' | 'apps'>,
  folder?: string,
): QueryCounting {
  const plane = { drainQueries, hasManyQueries: false };
  return countQueries({ plane, clock, view, origin: 'svc.', folder, logger: pino({ level: 'silent' }) });
}

export function listsOver(drainQueries: DrainQueries, clock: Clock, view: Pick<ReadView, 'app' | 'apps'>): QueryLists {
  return countingOver(drainQueries, clock, view).lists;
}
