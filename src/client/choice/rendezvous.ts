// Consistent hashing by "highest random weight": every pair of key and instance has a number that depends on these two
// alone, and the best one wins, in proportion to weights over many keys. When an instance leaves, its keys alone move.
// The same numbers as the registry's own subsets (`subset=1&client=KEY`): a key meets the same instance over both.
// Limits: the hash is for spreading, not against somebody who picks keys to meet an instance.

import type { Candidate } from './candidate.ts';
import { shareOf } from './share.ts';

export function rendezvous<T extends Candidate>(candidates: readonly [T, ...T[]], key: string): T {
  const seed = hashed(key, 0x811c9dc5);
  let best = candidates[0];
  let bestRank = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const { instance, weight } = candidate.endpoint;
    const id = instance.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    // The middle of the hash's step: never 0, never 1.
    const rank = -Math.log((hashed(id, seed) + 0.5) / 2 ** 32) / shareOf(weight);
    if (rank < bestRank) [best, bestRank] = [candidate, rank];
  }
  return best;
}

/** FNV-1a over UTF-16 units, and MurmurHash3's last step, without which like ids would get like numbers. 32 bits. */
function hashed(text: string, seed: number): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
