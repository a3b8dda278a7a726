// `--reason` of commands that change something: goes with the request, and into what the server remembers of it.

import { type Typed, textOption } from './command.ts';

/** A query string, or nothing. */
export function reasonQuery(typed: Typed): string {
  const reason = textOption(typed, 'reason');
  return reason === undefined ? '' : `?reason=${encodeURIComponent(reason.toWellFormed())}`;
}
