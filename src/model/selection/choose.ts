// Which of the instances that match a caller takes, and in what order: its subset, those near it first, each of the two
// groups in the order asked for, and no more than the limit. Where none is near, or too few are, the others fill up:
// a preference never leaves a caller with nothing.

import type { Instance } from '../instance.ts';
import { isSameText } from './filter.ts';
import { type Draw, inOrder, type Order } from './order.ts';
import { subsetOf } from './subset.ts';

export interface Choice {
  /** The zone to prefer. */
  readonly near?: string;
  /** Undefined: the order of registration. */
  readonly order?: Order;
  readonly subset?: { readonly size: number; readonly client: string };
  readonly limit?: number;
}

/** The chosen ones of those that match. `draw` is asked only where there is an order. */
export function choose<T extends { readonly instance: Instance }>(
  matching: readonly T[],
  { near, order, subset, limit }: Choice,
  draw: () => Draw,
): readonly T[] {
  const isNear = (item: T) => near !== undefined && isSameText(item.instance.zone, near);
  const own = subset === undefined ? matching : subsetOf(matching, subset.size, subset.client, isNear);
  const drawn = order === undefined ? undefined : draw();
  const ordered = (items: readonly T[]) => (drawn === undefined ? items : inOrder(items, order as Order, drawn));
  const chosen =
    near === undefined
      ? ordered(own)
      : [...ordered(own.filter(isNear)), ...ordered(own.filter((item) => !isNear(item)))];
  return limit === undefined ? chosen : chosen.slice(0, limit);
}
