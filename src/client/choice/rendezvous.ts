// Consistent hashing by "highest random weight": every pair of key and instance has a number that depends on these two
// alone, and the best one wins, in proportion to weights over many keys. When an instance leaves, only its keys move.
// The same numbers as the registry's own subsets (`subset=1&client=KEY`): a key meets the same instance over both.
// Limits: the hash spreads keys; it does not resist a caller that picks keys to meet an instance.

import { instanceKey } from '../../model/names.ts';
import { arrival } from '../../model/selection/order.ts';
import { mixed, textHash } from '../../runtime/text-hash.ts';
import type { Candidate } from './candidate.ts';

export function rendezvous<T extends Candidate>(candidates: readonly [T, ...T[]], key: string): T {
  const seed = mixed(textHash(key));
  let best = candidates[0];
  let bestRank = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const { instance, weight } = candidate.endpoint;
    // The middle of the hash's step: never 0, never 1.
    const rank = arrival((mixed(textHash(instanceKey(instance), seed)) + 0.5) / 2 ** 32, weight);
    if (rank < bestRank) [best, bestRank] = [candidate, rank];
  }
  return best;
}
