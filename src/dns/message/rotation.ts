// Who comes first. Clients without a choice of their own take the first address, so the first place is what a weight
// means to them: over many answers each record comes first in proportion to its weight, and evenly so, not only on
// average. Points of an additive golden-ratio sequence (u += φ mod 1) fall into the records' shares of [0, 1): of any
// run of draws each record gets its share, off by a few at most, where independent random draws would stray by the
// square root. Where one plan's run begins is the next point of a second such sequence (u += √2 mod 1), because a plan
// may serve one turn or all: runs joined end to end would, cut short, lead with the same few records again and again.
// An RRset has at most 100 records (BIND refuses more since 9.18.28). Of more, the items that the points fall on are the
// ones in the answer, so the choice is as fair as the order; there the caller gives where the run begins, since the choice
// has to be the same for a while (services/apps/epoch.ts), and only the turns go on from answer to answer.

import { shareOf } from '../../model/selection/weight-share.ts';
import type { Rotation, Written } from './message.ts';

export const recordsPerRRsetMax = 100;
/** Turns that one encoded answer serves before the next order is made. */
const drawsPerPlan = 128;
/** With very unequal weights few records come up; the remaining places are then filled in turn. */
const drawsMax = 4 * recordsPerRRsetMax;
const goldenRatio = (Math.sqrt(5) - 1) / 2;

/** Where plans begin; one sequence for all names of a handler. */
export class Draws {
  #point: number;
  /** By number of items: beginning elsewhere among equals is counting from another item, so one plan serves all. */
  readonly #ofEquals: Plan[] = [];

  /** `start` in [0, 1): random in production, so that several nodes do not march in step. */
  constructor(start: number) {
    this.#point = start;
  }

  next(): number {
    this.#point = (this.#point + Math.SQRT2) % 1;
    return this.#point;
  }

  /** Draws among items of one weight, from point 0 on. Precondition: no more than an RRset's records. */
  ofEquals(size: number): Plan {
    const known = this.#ofEquals[size];
    if (known !== undefined) return known;
    const itemOf = (point: number) => Math.floor(point * size);
    const plan = planOf(drawFrom({ start: 0, size, wanted: size, itemOf, atRank: (rank) => rank }));
    this.#ofEquals[size] = plan;
    return plan;
  }
}

/** Items (indexes into the input) in the order in which they were first drawn. */
export interface Drawn {
  readonly order: readonly number[];
  /** Places in `order`, as they were drawn. */
  readonly firsts: readonly number[];
}

/** An order of items and who of them comes first when. */
export interface Plan {
  readonly order: readonly number[];
  readonly rotation: Rotation | undefined;
}

function planOf({ order, firsts }: Drawn): Plan {
  return { order, rotation: { span: order.length, firsts: Uint8Array.from(firsts) } };
}

/** Plans an RRset that has all of its records: `weights` of all candidates of one priority, in any order. */
export function planOrder(weights: readonly number[], draws: Draws): Plan {
  const size = weights.length;
  if (size < 2) return { order: size === 0 ? [] : [0], rotation: undefined };
  const start = draws.next();
  if (size > recordsPerRRsetMax || !weights.every((weight) => weight === weights[0]))
    return planOf(planDraws(boundsOf(weights), recordsPerRRsetMax, start));
  const { order, rotation } = draws.ofEquals(size);
  const shift = Math.floor(start * size);
  const shifted: number[] = [];
  for (const item of order) shifted.push(item + shift < size ? item + shift : item + shift - size);
  return { order: shifted, rotation };
}

/** Draws up to `wanted` items. `bounds`: of each item, the sum of the shares up to its own (see shareOf). */
export function planDraws(bounds: Float64Array, wanted: number, start: number): Drawn {
  const size = bounds.length;
  const total = bounds[size - 1] ?? 0;
  const itemOf = (point: number) => itemAt(bounds, point * total);
  return drawFrom({ start, size, wanted: Math.min(size, wanted), itemOf, atRank: (rank) => rank });
}

export interface Drawing {
  /** In [0, 1). */
  readonly start: number;
  /** How many items there are. */
  readonly size: number;
  /** How many of them are to be drawn. */
  readonly wanted: number;
  /** Whose share of [0, 1) contains a point. */
  itemOf(point: number): number;
  /** The item at a place among all. */
  atRank(rank: number): number;
}

export function drawFrom({ start, size, wanted, itemOf, atRank }: Drawing): Drawn {
  const order: number[] = [];
  const positionOf = new Map<number, number>();
  const firsts: number[] = [];
  let point = start;
  for (; firsts.length < (order.length < wanted ? drawsMax : drawsPerPlan); point = (point + goldenRatio) % 1) {
    const item = itemOf(point);
    let place = positionOf.get(item);
    if (place === undefined) {
      if (order.length === wanted) break;
      place = order.length;
      positionOf.set(item, place);
      order.push(item);
    }
    firsts.push(place);
  }
  for (let rank = Math.floor(point * size); order.length < wanted; rank = (rank + 1) % size) {
    const item = atRank(rank);
    if (positionOf.has(item)) continue;
    positionOf.set(item, order.length);
    order.push(item);
  }
  return { order, firsts };
}

/** Upper bounds of the items' shares. */
export function boundsOf(weights: readonly number[]): Float64Array {
  const bounds = new Float64Array(weights.length);
  let sum = 0;
  for (let index = 0; index < bounds.length; index++) {
    sum += shareOf(weights[index] as number);
    bounds[index] = sum;
  }
  return bounds;
}

/** The item whose share contains `point`: binary search. */
function itemAt(bounds: Float64Array, point: number): number {
  let low = 0;
  let high = bounds.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (point < (bounds[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Turns of a choice that stays the same for a while: the next answer begins elsewhere among them. Undefined: one record
 * has no other to take turns with.
 */
export function turnsFrom(firsts: ArrayLike<number>, span: number, draws: Draws): Rotation | undefined {
  const { length } = firsts;
  if (span < 2 || length === 0) return undefined;
  const shift = Math.floor(draws.next() * length);
  const turns = new Uint8Array(length);
  for (let turn = 0; turn < length; turn++) turns[turn] = firsts[(turn + shift) % length] as number;
  return { span, firsts: turns, isLasting: true };
}

/**
 * The rotation where only some records are there: the first `records` ones, or those with these indexes. Firsts come in
 * the order in which records were chosen, so those before the first missing one are of records that are there, and the next
 * order brings the others; where an early one is missing, each that is there still has a turn. Of an order that lasts, the
 * turns of the missing are left out.
 */
export function rotationOf(rotation: Rotation, records: Written): Rotation {
  const { span, firsts, isLasting = false } = rotation;
  if (typeof records !== 'number') return rotationOfIndexes(rotation, records);
  if (records >= span) return rotation;
  const isMissing = (first: number) => first >= records;
  if (isLasting) return { span: records, firsts: firsts.filter((first) => !isMissing(first)), isLasting };
  const missing = firsts.findIndex(isMissing);
  return { span: records, firsts: missing < 0 ? firsts : firsts.subarray(0, missing) };
}

function rotationOfIndexes({ span, firsts, isLasting = false }: Rotation, records: readonly number[]): Rotation {
  const positionOf = new Map(records.filter((record) => record < span).map((record, place) => [record, place]));
  const places = Array.from(firsts, (first) => positionOf.get(first));
  const missing = places.indexOf(undefined);
  const here = places.filter((place) => place !== undefined);
  if (isLasting) return { span: positionOf.size, firsts: Uint8Array.from(here), isLasting };
  return {
    span: positionOf.size,
    firsts: Uint8Array.from(missing < 0 ? here : here.slice(0, Math.max(missing, positionOf.size))),
  };
}
