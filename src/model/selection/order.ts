// In what order a caller gets instances, when he does not want the order of registration. Who takes the first of a list,
// as most do, spreads its load by it.
//   weighted     a draw without putting back, each by its weight; the preferred first (SRV's priority and weight)
//   round-robin  the order of registration, begun one place later from call to call
//   random       each order as likely as any other; neither priority nor weight counts
// Chance and the number of the call come from outside: nothing is remembered here.

import type { Instance } from '../instance.ts';
import { shareOf } from './weight-share.ts';

export const Order = ['weighted', 'round-robin', 'random'] as const;
export type Order = (typeof Order)[number];

/** What an order is made with, anew for every call. */
export interface Draw {
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** How many calls came before; only `round-robin` looks at it. */
  readonly turn: number;
}

type Placed = { readonly instance: Instance };

/** The same instances in another order. */
export function inOrder<T extends Placed>(instances: readonly T[], order: Order, { random, turn }: Draw): readonly T[] {
  if (order === 'round-robin') return rotated(instances, turn);
  const isWeighted = order === 'weighted';
  const drawn = instances.map((item) => {
    const { priority, weight } = item.instance;
    return isWeighted ? { item, priority, at: arrival(1 - random(), weight) } : { item, priority: 0, at: random() };
  });
  drawn.sort((a, b) => a.priority - b.priority || a.at - b.at);
  return drawn.map(({ item }) => item);
}

/**
 * When an instance arrives, if each arrives by chance at the rate of its weight: in the order of arrival, the first is
 * any instance with the chance of its weight, and so is the next among the rest. `point` is uniform in (0, 1].
 */
export function arrival(point: number, weight: number): number {
  return -Math.log(point) / shareOf(weight);
}

function rotated<T>(items: readonly T[], turn: number): readonly T[] {
  if (items.length === 0) return items;
  const start = turn % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
