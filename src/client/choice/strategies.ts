// The strategies by name. What each is good for:
//   round-robin    calls of one size; exact turns
//   random         many clients that each call seldom, and would all begin their turns with the same instance
//   weighted       by chance and weight, as SRV means it
//   least-pending  calls of different sizes, or instances of different speed: the fewest calls in flight for the weight
//   hash           the same instance for the same `key`: caches, sessions; without a key by chance and weight

import { instanceKey } from '../../model/names.ts';
import { arrival } from '../../model/selection/order.ts';
import { shareOf } from '../../model/selection/weight-share.ts';
import { mixed, textHash } from '../../runtime/text-hash.ts';
import type { Candidate, Strategy } from './candidate.ts';

export const strategyNames = ['round-robin', 'random', 'weighted', 'least-pending', 'hash'] as const;
export type StrategyName = (typeof strategyNames)[number];

/** A strategy with a memory of its own; `random` is uniform in [0, 1). */
export function strategyOf(name: StrategyName, random: () => number): Strategy {
  if (name === 'round-robin') return roundRobin();
  if (name === 'random') return (candidates) => candidates[Math.floor(random() * candidates.length)] ?? candidates[0];
  if (name === 'weighted') return (candidates) => byWeight(candidates, random);
  if (name === 'least-pending') return leastPending(random);
  return (candidates, key) => (key === undefined ? byWeight(candidates, random) : rendezvous(candidates, key));
}

/** The one chosen longest ago: exact also where candidates come, go and are left out. */
function roundRobin(): Strategy {
  const turns = new WeakMap<Candidate, number>();
  let turn = 0;
  return (candidates) => {
    const turnOf = (candidate: Candidate) => turns.get(candidate) ?? 0;
    let chosen = candidates[0];
    for (const candidate of candidates) if (turnOf(candidate) < turnOf(chosen)) chosen = candidate;
    turns.set(chosen, ++turn);
    return chosen;
  };
}

function byWeight<T extends Candidate>(candidates: readonly [T, ...T[]], random: () => number): T {
  let left = random() * candidates.reduce((sum, { endpoint }) => sum + shareOf(endpoint.weight), 0);
  for (const candidate of candidates) {
    left -= shareOf(candidate.endpoint.weight);
    if (left < 0) return candidate;
  }
  return candidates[0];
}

/** Of those that are equally free one by chance and weight: else the first of the list would get every single call. */
function leastPending(random: () => number): Strategy {
  return (candidates) => {
    const loadOf = ({ pending, endpoint }: Candidate) => (pending === 0 ? 0 : pending / shareOf(endpoint.weight));
    const least = Math.min(...candidates.map(loadOf));
    const free = candidates.filter((one) => loadOf(one) === least) as [
      (typeof candidates)[0],
      ...(typeof candidates)[0][],
    ];
    return byWeight(free, random);
  };
}

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
