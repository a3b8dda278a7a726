// Leaving the registry, by one rule for every program. A drain takes the instance out of all answers and waits until no
// resolver can hold an earlier one; the registry knows when that is. Clients that follow the stream of events see the
// drain some milliseconds later than the reply comes: `settleMs` is for them, and for calls that have just begun.
// What the registry does not know (any more), or knows as another's, has left by itself: then the TTL is waited for.
// Limits: a drain waits in pieces of 30 s, so that neither a proxy nor a restart of the registry ends it. Nothing here
// takes longer than its `timeoutMs`, whatever the registry answers or asks for; while no registry can be reached, a drain
// ends after 10 s.

import { backoffMs } from '../../runtime/backoff.ts';
import { deadline, pause, type Scheduler } from '../../runtime/scheduler.ts';
import type { ApiCall } from '../registry/registry-link.ts';
import type { DoneReply, FailedReply } from '../registry/reply.ts';
import type { OwnInstance } from './own-instance.ts';
import { dateOf } from './registration-reply.ts';

export interface DrainOptions {
  /** Milliseconds; 60 000 by default. Then the drain ends with `safe: false`. */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds between leaving the answers and `safe`, at least; 500 by default. */
  readonly settleMs?: number | undefined;
  /** Recorded in the registry's events; none by default. */
  readonly reason?: string | undefined;
  /** Ends the drain with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface DrainResult {
  /** No resolver can hold an answer with the instance. */
  readonly safe: boolean;
  /** When that is so; undefined: not in the reply. */
  readonly safeToStopAt: Date | undefined;
  /** Why it is not safe; undefined where it is. */
  readonly problem: string | undefined;
}

export interface CancelOptions {
  /** Milliseconds for all tries; 5000 by default. */
  readonly timeoutMs?: number | undefined;
  /** Recorded in the registry's events; none by default. */
  readonly reason?: string | undefined;
  /** Ends the tries. */
  readonly signal?: AbortSignal | undefined;
}

export interface CancelResult {
  /** It is out of the registry. If not, the lease ends it. */
  readonly gone: boolean;
  /** Why it is not; undefined where it is. */
  readonly problem: string | undefined;
}

export interface LeavingDeps {
  readonly scheduler: Scheduler;
  readonly random: () => number;
}

export interface DrainDeps extends LeavingDeps {
  /** Milliseconds for which resolvers may hold an answer that the registry does not know of. */
  readonly ttlMs: () => number;
  /** The registry has confirmed that it is out of the answers; called once. */
  readonly onDrained: () => void;
}

const pieceMs = 30_000;
const backoff = { firstMs: 100, longestMs: 3000 };
/** A reply to a call that waits is early before this time. */
const earlyMs = 1000;
/** A stop has to end, though no registry can be reached. */
const unreachableMsMax = 10_000;
export const drainTimeoutMs = 60_000;
export const cancelTimeoutMs = 5000;

/** Rejects with the reason of the caller's signal only. */
export async function drainOwn(own: OwnInstance, options: DrainOptions, deps: DrainDeps): Promise<DrainResult> {
  const { timeoutMs = drainTimeoutMs, settleMs = 500, signal } = options;
  const limit = deadline(deps.scheduler, timeoutMs, 'the time for the drain is over', signal);
  try {
    const { safeForMs, ...result } = await tryToDrain(own, options, deps, limit.signal);
    if (!result.safe) return result;
    await pause(deps.scheduler, safeForMs ?? settleMs, limit.signal, true);
    signal?.throwIfAborted();
    const isLate = safeForMs !== undefined && limit.signal.aborted;
    return isLate ? { ...result, safe: false, problem: 'resolvers may still hold its address' } : result;
  } finally {
    limit.clear();
  }
}

/** `safeForMs`: until it is safe; undefined: it is, but for the time to settle. */
type Drained = DrainResult & { readonly safeForMs?: number };

async function tryToDrain(
  own: OwnInstance,
  { timeoutMs = drainTimeoutMs, reason, signal }: DrainOptions,
  { scheduler, random, ttlMs, onDrained }: DrainDeps,
  ends: AbortSignal,
): Promise<Drained> {
  const endMs = scheduler.nowMs() + timeoutMs;
  let reachedMs = scheduler.nowMs();
  let isDrained = false;
  let safeToStopAt: Date | undefined;
  const unsafe = (problem: string): Drained => ({ safe: false, safeToStopAt, problem });
  for (let failures = 0, early = 0; ; ) {
    const askedMs = scheduler.nowMs();
    // At once at first: that it has left the answers is worth knowing before it is safe.
    const serverWaitMs = isDrained ? Math.max(0, Math.floor(Math.min(endMs - scheduler.nowMs(), pieceMs))) : 0;
    const reply = await own.write(drainCall(serverWaitMs, reason), ends);
    signal?.throwIfAborted();
    if (typeof reply === 'string') {
      if (!isDrained) onDrained();
      return { safe: true, safeToStopAt: undefined, problem: undefined, safeForMs: ttlMs() };
    }
    if (reply.kind === 'done') {
      if (!isDrained) onDrained();
      isDrained = true;
      safeToStopAt = dateOf(reply.document['safeToStopAt']);
      if (isSafe(reply.document['safe'])) return { safe: true, safeToStopAt, problem: undefined };
      if (ends.aborted) return unsafe(heldUntil(safeToStopAt));
    } else if (reply.kind === 'refused') return unsafe(reply.text);
    // The end of the time ends a call that waits, too: then the registry was reached, and has said until when.
    else if (ends.aborted) return unsafe(isDrained ? heldUntil(safeToStopAt) : reply.text);
    const nowMs = scheduler.nowMs();
    if (reply.kind !== 'unreachable') reachedMs = nowMs;
    else if (nowMs - reachedMs >= unreachableMsMax) return unsafe(reply.text);
    failures = reply.kind === 'done' ? 0 : failures + 1;
    if (reply.kind === 'done') {
      // What answers before its time and is not safe may do so for ever (a cache, a proxy that rewrites).
      early = nowMs - askedMs < Math.min(serverWaitMs, earlyMs) ? early + 1 : 0;
      if (early < 2) continue;
    }
    const pauseMs = reply.kind === 'done' ? backoffMs(early - 1, backoff, random) : waitMs(reply, failures, random);
    await pause(scheduler, pauseMs, ends, true);
    signal?.throwIfAborted();
    if (ends.aborted) return unsafe(isDrained || reply.kind === 'done' ? heldUntil(safeToStopAt) : reply.text);
  }
}

/** `assumed`: but for a node of the cluster that is taken for dead. */
function isSafe(safe: unknown): boolean {
  return safe === true || safe === 'assumed';
}

function heldUntil(safeToStopAt: Date | undefined): string {
  return `resolvers may hold its address until ${safeToStopAt?.toISOString() ?? 'later'}`;
}

function drainCall(serverWaitMs: number, reason: string | undefined): ApiCall {
  const query = new URLSearchParams({
    ...(serverWaitMs === 0 ? {} : { wait: `${serverWaitMs}ms` }),
    ...(reason === undefined ? {} : { reason: reason.toWellFormed() }),
  });
  return { method: 'POST', path: `/drain${query.size === 0 ? '' : `?${query.toString()}`}`, serverWaitMs };
}

/** Never rejects. */
export async function cancelOwn(
  own: OwnInstance,
  { timeoutMs = cancelTimeoutMs, reason, signal }: CancelOptions,
  { scheduler, random }: LeavingDeps,
): Promise<CancelResult> {
  const query = reason === undefined ? '' : `?${new URLSearchParams({ reason: reason.toWellFormed() }).toString()}`;
  const limit = deadline(scheduler, timeoutMs, 'the time for the cancellation is over', signal);
  try {
    for (let failures = 1; ; failures++) {
      const reply = await own.write({ method: 'DELETE', path: query }, limit.signal);
      if (typeof reply === 'string' || reply.kind === 'done') return { gone: true, problem: undefined };
      const isFinal = reply.kind === 'refused' || limit.signal.aborted;
      if (!isFinal) await pause(scheduler, waitMs(reply, failures, random), limit.signal, true);
      if (isFinal || limit.signal.aborted) return { gone: false, problem: reply.text };
    }
  } finally {
    limit.clear();
  }
}

function waitMs(reply: DoneReply | FailedReply, failures: number, random: () => number): number {
  const askedMs = reply.kind === 'busy' ? (reply.retryAfterMs ?? 0) : 0;
  return Math.max(askedMs, backoffMs(failures, backoff, random));
}
