// The latest calls that were refused for want of a right, of good credentials, or of room in a quota: the other half of
// the record of changes. The same refusal again is counted, so that a client that tries for ever takes one entry, and logs
// one line a minute; all of them together `linesPerMinuteMax`.
// Limits: `keptMax` entries, the oldest go first; in memory, so they begin anew with each start.

import type { Logger } from 'pino';
import { printable } from '../model/problem.ts';

export const RefusalReason = ['credentials', 'right', 'quota'] as const;
export type RefusalReason = (typeof RefusalReason)[number];

export interface RefusedCall {
  readonly reason: RefusalReason;
  /** In words: `token deploy`; for wrong credentials what was wrong with them. */
  readonly who: string;
  readonly address: string;
  /** What was asked for: a route, or a command. */
  readonly what: string;
  /** The right that is missing, the entry whose quota is full; empty for credentials. */
  readonly missing: string;
  readonly where: string;
}

export interface KeptRefusal extends RefusedCall {
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly count: number;
}

const keptMax = 1000;
const loggedEveryMs = 60_000;
const linesPerMinuteMax = 60;

interface Entry {
  readonly call: RefusedCall;
  readonly firstAtMs: number;
  lastAtMs: number;
  loggedAtMs: number;
  count: number;
}

export class RefusedCalls {
  readonly #logger: Logger;
  readonly #wallMs: () => number;
  readonly #entries = new Map<string, Entry>();
  #minute = { beganMs: Number.NEGATIVE_INFINITY, lines: 0 };

  constructor(logger: Logger, wallMs: () => number) {
    this.#logger = logger;
    this.#wallMs = wallMs;
  }

  note(call: RefusedCall): void {
    const nowMs = this.#wallMs();
    const key = JSON.stringify(call);
    const known = this.#entries.get(key);
    const entry = known ?? {
      call: shortened(call),
      firstAtMs: nowMs,
      lastAtMs: nowMs,
      loggedAtMs: Number.NEGATIVE_INFINITY,
      count: 0,
    };
    entry.count++;
    entry.lastAtMs = nowMs;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size > keptMax) this.#entries.delete(this.#entries.keys().next().value as string);
    if (nowMs - entry.loggedAtMs < loggedEveryMs || !this.#mayLog(nowMs)) return;
    entry.loggedAtMs = nowMs;
    const { reason, who, address, what, missing, where } = entry.call;
    const facts = { reason, who, remote: address, what, missing, where, count: entry.count };
    this.#logger.warn({ decision: 'refused', ...facts }, 'refused a call');
  }

  /** Many clients that are refused must not fill the log. */
  #mayLog(nowMs: number): boolean {
    if (nowMs - this.#minute.beganMs >= loggedEveryMs) this.#minute = { beganMs: nowMs, lines: 0 };
    return this.#minute.lines++ < linesPerMinuteMax;
  }

  /** Newest first. */
  latest(limit: number): KeptRefusal[] {
    return [...this.#entries.values()]
      .reverse()
      .slice(0, limit)
      .map(({ call, firstAtMs, lastAtMs, count }) => ({ ...call, firstAtMs, lastAtMs, count }));
  }
}

function shortened(call: RefusedCall): RefusedCall {
  const { who, address, what, missing, where } = call;
  return {
    reason: call.reason,
    who: printable(who),
    address: printable(address),
    what: printable(what),
    missing: printable(missing),
    where: printable(where),
  };
}
