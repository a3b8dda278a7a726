// The candidates that a strategy chooses from: those of the caller's own zone while there is one, then those of the lowest
// priority, as SRV means it. Candidates can be called, so a zone whose circuits are all open spills over to the others, and
// a backup (a higher priority) takes over when all before it are gone.

import type { Candidate } from './candidate.ts';

/** At least one of at least one. `near`: the zone to prefer; zones compare without regard to ASCII case. */
export function preferred<T extends Candidate>(
  candidates: readonly [T, ...T[]],
  near: string | undefined,
): readonly [T, ...T[]] {
  const zone = near?.toLowerCase();
  const [first, ...rest] =
    zone === undefined ? candidates : candidates.filter(({ endpoint }) => endpoint.zone.toLowerCase() === zone);
  const pool: readonly [T, ...T[]] = first === undefined ? candidates : [first, ...rest];
  const lowest = pool.reduce((least, { endpoint }) => Math.min(least, endpoint.priority), Number.POSITIVE_INFINITY);
  return pool.filter(({ endpoint }) => endpoint.priority === lowest) as unknown as readonly [T, ...T[]];
}
