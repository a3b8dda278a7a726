// Who asks DNS for what, as far as it is configured to be kept: the statistics over the counts of all DNS threads, the lists
// that fronts read, and the timer that fetches counts without a reader: every ten seconds, and within a second where a
// thread's memory fills. Looking whether it does costs a read of one number a thread. When each app was last asked for is
// written into the data folder every five minutes and at the end, so that it is known after a restart.

import type { Logger } from 'pino';
import { appOfName } from '../control/queries/app-of-name.ts';
import { LastAsked } from '../control/queries/last-asked.ts';
import { QueryLists, type QueryListsDeps } from '../control/queries/query-lists.ts';
import { QueryStatistics } from '../control/queries/query-statistics.ts';
import type { Plane } from '../dns/plane/plane.ts';
import type { Clock } from '../runtime/clock.ts';
import { readAsked, removeAsked, writeAsked } from '../store/asked-file.ts';

const lookMs = 1000;
const looksPerRefresh = 10;
const looksPerWrite = 300;

export interface QueryCounting {
  readonly lists: QueryLists;
  stop(): Promise<void>;
}

export interface QueryCountingDeps extends Pick<QueryListsDeps, 'view' | 'origin'> {
  readonly plane: Pick<Plane, 'drainQueries' | 'hasManyQueries'>;
  readonly clock: Clock;
  /** Undefined: nothing is kept beyond the process. */
  readonly folder: string | undefined;
  readonly logger: Logger;
}

export function countQueries({ plane, clock, view, origin, folder, logger }: QueryCountingDeps): QueryCounting {
  const monotonicMs = (): number => clock.monotonicMs();
  const wallMs = (): number => clock.wallMs();
  const lastAsked = new LastAsked(folder === undefined ? undefined : readAsked(folder), wallMs());
  const noted = (name: string, lastMs: number): void => {
    const app = appOfName(name, origin, view);
    if (app !== undefined) lastAsked.note(app, wallMs() - (monotonicMs() - lastMs));
  };
  const statistics = new QueryStatistics(plane.drainQueries, monotonicMs(), noted);
  let isFailing = false;
  const write = async (): Promise<void> => {
    if (folder === undefined) return;
    try {
      await writeAsked(folder, lastAsked.record(wallMs()));
      isFailing = false;
    } catch (error) {
      if (!isFailing) logger.warn({ folder, reason: (error as Error).message }, 'Cannot keep when apps were asked for');
      isFailing = true;
    }
  };
  let looks = 0;
  let writing = Promise.resolve();
  const timer = setInterval(() => {
    if (++looks % looksPerRefresh === 0 || plane.hasManyQueries) statistics.refresh(monotonicMs());
    if (looks % looksPerWrite === 0) writing = writing.then(write);
  }, lookMs).unref();
  return {
    lists: new QueryLists({ statistics, lastAsked, view, origin, monotonicMs, wallMs }),
    stop: async () => {
      clearInterval(timer);
      statistics.refresh(monotonicMs());
      await writing;
      await write();
    },
  };
}

/** Queries are not counted: what was kept before would be wrong when they are again. */
export function forgetQueries(folder: string | undefined, logger: Logger): void {
  try {
    if (folder !== undefined) removeAsked(folder);
  } catch (error) {
    logger.warn({ folder, reason: (error as Error).message }, 'Cannot remove when apps were asked for');
  }
}
