// When the next call of a membership is due: a renewal a little before a third of the lease has passed, a repetition after
// a failure, and whether a refusal may be followed by one at all.

import { limits } from '../../model/instance.ts';
import { backoffMs } from '../../runtime/backoff.ts';
import type { FailedReply, RefusedReply } from '../registry/reply.ts';

const backoff = { firstMs: 500, longestMs: 15_000 };
/** The request itself is wrong. Anything else may pass: a token, room, a zone file that has the name. */
const permanentStatuses: ReadonlySet<number> = new Set([400, 405, 406, 413, 414, 415, 431]);

/** A third of the lease, within what leases may be. */
export function renewEveryMs(leaseSeconds: number): number {
  const { min, max } = limits.leaseSeconds;
  return (Math.min(Math.max(leaseSeconds, min), max) * 1000) / 3;
}

/** Earlier by chance, each client at another moment; `random` is uniform in [0, 1). */
export function jittered(everyMs: number, random: () => number): number {
  return everyMs * (0.8 + 0.2 * random());
}

/** After the `failures`-th failure in a row; near the end of the lease the next renewal comes soon, however often it failed. */
export function retryMs(failures: number, reply: FailedReply, everyMs: number, random: () => number): number {
  const ownMs = backoffMs(failures, { ...backoff, longestMs: Math.min(backoff.longestMs, everyMs) }, random);
  return Math.max(ownMs, reply.kind === 'busy' ? (reply.retryAfterMs ?? 0) : 0);
}

/** It would be refused again. */
export function isPermanent(reply: FailedReply): reply is RefusedReply {
  return reply.kind === 'refused' && permanentStatuses.has(reply.status);
}
