// Times that callers name: ISO 8601 with a zone, `now`, or counted back from now (`-15m`, `-2h`), as one writes them
// by hand when something has just gone wrong.

import { type Problem, problem } from '../../model/problem.ts';
import type { QueryReader } from './query-reader.ts';

const isoTime = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** Wall-clock milliseconds of ISO 8601 text with a zone; undefined where it is not that. */
export function parseIsoTime(text: string): number | undefined {
  const parts = isoTime.exec(text);
  if (parts === null) return undefined;
  const [year, month, day] = parts.slice(1, 4).map(Number) as [number, number, number];
  // Date.parse takes the 30th of February for the 2nd of March.
  if (new Date(Date.UTC(year, month - 1, day)).getUTCDate() !== day) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : Math.floor(ms);
}

const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export const momentForm =
  'must be a time such as 2026-11-21T09:30:00Z, now, or counted back from now as -15m, -2h, -7d';

/** Wall-clock milliseconds of a time in any of the forms; undefined where it is none. */
export function parseMoment(text: string, nowMs: number): number | undefined {
  if (text === 'now') return nowMs;
  const back = /^-(\d{1,9})([smhd])$/.exec(text);
  if (back !== null) return Math.max(0, nowMs - Number(back[1]) * unitMs[back[2] as keyof typeof unitMs]);
  // In a query an unencoded plus sign has become a space: 09:30:00 02:00.
  return parseIsoTime(text.replace(/(?<=:\d\d(?:\.\d{1,9})?) (?=\d\d:\d\d$)/, '+'));
}

/** The time that a parameter names, if it is given. Faults go to the reader's problems. */
export function readMoment(query: QueryReader, name: string, nowMs: number): number | undefined {
  const text = query.text(name);
  if (text === undefined) return undefined;
  const ms = parseMoment(text, nowMs);
  if (ms === undefined) query.problems.push(problem(name, momentForm, text));
  return ms;
}

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
