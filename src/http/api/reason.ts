// `?reason=`: what a caller gives as the reason of a write, in its own words. It changes nothing; it is kept in the log
// line and in /events. A parameter and not a body: DELETE has none.

import { problem } from '../../model/problem.ts';
import type { QueryReader } from './query-reader.ts';

/** A sentence. It is kept with every change for as long as /events goes back. */
const reasonCharactersMax = 200;

/** The reason, printable and bounded; undefined where none is given. Faults go to the reader's problems. */
export function readReason(query: QueryReader): string | undefined {
  const reason = query.text('reason');
  if (reason === undefined || reason === '') return undefined;
  if (reason.length <= reasonCharactersMax) return reason;
  query.problems.push(problem('reason', `must be at most ${reasonCharactersMax} characters`, reason));
  return undefined;
}
