// The changes of one app, for as long as it has a subscriber: `run` is called in a turn of its own after each change,
// once for several that come together.
// Limit: places of the waits that are given; there may be none left.

import type { LongPolls } from '../../../control/long-poll.ts';
import type { ReadView } from '../../../control/read-view.ts';
import type { AppKey } from '../../../model/names.ts';

/** A wait has an end; it is begun anew then. */
const waitMs = 3_600_000;

export interface Followed {
  readonly waits: LongPolls;
  readonly view: Pick<ReadView, 'appRevision'>;
}

/** What ends it; undefined: there is no place. */
export function followApp(
  { waits, view }: Followed,
  { env, appid }: AppKey,
  run: () => void,
): (() => void) | undefined {
  let isOver = false;
  let revision = view.appRevision(env, appid);
  let end: (() => void) | undefined;
  const wait = (): void => {
    end = waits.wait(env, appid, waitMs, () => {
      if (isOver) return;
      const now = view.appRevision(env, appid);
      const hasChanged = now !== revision;
      revision = now;
      wait();
      if (hasChanged) run();
    });
  };
  wait();
  if (end === undefined) return undefined;
  return () => {
    isOver = true;
    end?.();
  };
}
