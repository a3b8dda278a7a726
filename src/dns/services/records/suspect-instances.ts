// Instances that the guard keeps past their lease, or whose lease another node of the cluster runs that was not heard: they
// are still answered, for a second at a time, so that a mistake lasts no longer, which the answer reports (RFC 8914; `_why`
// and /resolve). Code 3, "Stale Answer", is for those that the guard keeps, and for those whose owner was not heard for
// `clusterServeCutSeconds`. An answer with one of them is made anew every second, since its return moves no revision and
// is to bring the normal TTL back.

import { suspicionIn } from '../../../model/suspicion.ts';
import type { LeasedInstance, RegistryView } from '../../../model/view.ts';

const keptTtlSeconds = 1;
const keptAnswerMs = 1000;

/** RFC 1035 §3.2.1 whole seconds; rounded down, because a cache must not hold longer than the lease. */
export function ttlOf(leased: LeasedInstance, nowMs: number): number {
  if (leased.isSuspect) return Math.min(leased.instance.dnsTtl, keptTtlSeconds);
  const left = Math.floor((leased.deadlineMs - nowMs) / 1000);
  return Math.max(0, Math.min(leased.instance.dnsTtl, left));
}

/** Monotonic milliseconds: a record of `ttlOf` seconds may be handed out until that many seconds before. */
export function boundMs(leased: LeasedInstance, nowMs: number): number {
  return leased.isSuspect ? nowMs + keptAnswerMs + ttlOf(leased, nowMs) * 1000 : leased.deadlineMs;
}

/** The note on an answer made from these instances; undefined where none of them is a suspect. */
export function suspectNote(
  leased: readonly LeasedInstance[],
  view: RegistryView,
  nowMs: number,
): { readonly kind: 'stale' | 'unproven'; readonly reason: string } | undefined {
  let kept = 0;
  let first: LeasedInstance | undefined;
  for (const one of leased) {
    if (!one.isSuspect) continue;
    kept++;
    first ??= one;
  }
  if (first === undefined) return undefined;
  const why = view.whySuspect?.(first) ?? '';
  const remote = suspicionIn(why);
  if (remote === undefined) {
    const reason = `the guard keeps ${kept} of ${leased.length} instances past their lease${why === '' ? '' : `: ${why}`}`;
    return { kind: 'stale', reason };
  }
  const counts = `${kept} of ${leased.length} instances`;
  if (remote.kind === 'marked')
    return { kind: 'unproven', reason: `owner ${remote.owner} reports: leases of ${counts} end soon or have ended` };
  const silentMs = Math.max(0, nowMs - remote.sinceMs);
  const reason = `owner ${remote.owner} not heard for ${Math.floor(silentMs / 1000)} s: ${counts} with a TTL of a second`;
  return { kind: silentMs >= remote.staleAfterMs ? 'stale' : 'unproven', reason };
}
