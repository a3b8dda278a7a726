// A few instances for one client, always the same ones: rendezvous hashing ("highest random weight"). Every pair of
// client and instance has a number that depends on these two alone, and the client's instances are those with the best
// numbers. So an instance that leaves is missed by those clients alone who had it, each of which gets one other; one
// that comes is taken up by some; no other client moves. Over many clients each instance is chosen in proportion to its
// weight. Limits: the hash spreads load; it does not resist a client that picks its id to meet an instance.

import { hashStart, mixed, textHash } from '../../runtime/text-hash.ts';
import type { Instance } from '../instance.ts';
import { instanceKey } from '../names.ts';
import { arrival } from './order.ts';

interface Ranked<T> {
  readonly item: T;
  readonly place: number;
  readonly isNear: boolean;
  readonly rank: number;
}

/**
 * The `size` instances of a client, in the order in which they came; all where there are no more. Those that `isNear`
 * accepts are taken before others.
 */
export function subsetOf<T extends { readonly instance: Instance }>(
  instances: readonly T[],
  size: number,
  client: string,
  isNear: (item: T) => boolean = () => false,
): readonly T[] {
  if (instances.length <= size) return instances;
  const seed = hashed(client, hashStart);
  const ranked = instances.map((item, place): Ranked<T> => {
    const { instance, weight } = item.instance;
    // The middle of the hash's step: never 0, never 1.
    const point = (hashed(instanceKey(instance), seed) + 0.5) / 2 ** 32;
    return { item, place, isNear: isNear(item), rank: arrival(point, weight) };
  });
  ranked.sort(byRank);
  ranked.length = size;
  return ranked.sort((a, b) => a.place - b.place).map(({ item }) => item);
}

function byRank<T extends { readonly instance: Instance }>(a: Ranked<T>, b: Ranked<T>): number {
  if (a.isNear !== b.isNear) return a.isNear ? -1 : 1;
  if (a.rank !== b.rank) return a.rank - b.rank;
  // By name, not by place: who came first must not decide.
  return instanceKey(a.item.instance.instance) < instanceKey(b.item.instance.instance) ? -1 : 1;
}

function hashed(text: string, start: number): number {
  return mixed(textHash(text, start));
}
