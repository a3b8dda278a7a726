// `dirtyAt`, the writer's own time of a registration: epoch milliseconds, or ISO 8601 text with a zone. A time far
// ahead would make every later registration look outdated, so at most a day ahead of our clock is taken.

import { type Problem, problem } from '../../model/problem.ts';
import { parseIsoTime } from './moment.ts';

/** A clock that is wrong by its time zone is still believed; one that counts micro- or nanoseconds is not. */
const aheadMsMax = 24 * 60 * 60 * 1000;

const form = 'must be whole milliseconds since 1970, or a time such as 2026-11-21T09:30:00.000Z';

/** Epoch milliseconds; undefined where the field is absent. */
export function parseDirtyAt(value: unknown, wallMs: number): number | undefined | Problem {
  if (value === undefined) return undefined;
  const ms = typeof value === 'number' ? value : typeof value === 'string' ? parseIsoTime(value) : undefined;
  if (ms === undefined || !Number.isSafeInteger(ms) || ms < 0) return problem('dirtyAt', form, value);
  if (ms > wallMs + aheadMsMax) return problem('dirtyAt', 'must not be more than 24 hours ahead of the server', value);
  // Not minus zero.
  return ms + 0;
}
