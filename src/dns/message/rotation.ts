// Who comes first. Clients without a choice of their own take the first address, so the first place is what a weight
// means to them: over many answers each record stands first in proportion to its weight, and evenly so, not only on
// average. Points of an additive golden-ratio sequence (u += φ mod 1) fall into the records' shares of [0, 1): of any
// run of draws each record gets its share, off by a few at most, where independent random draws would stray by the
// square root. Where one plan's run begins is the next point of a second such sequence (u += √2 mod 1), because a plan
// may serve one turn or all: runs joined end to end would, cut short, lead with the same few records again and again.
// An RRset has at most 100 records (BIND refuses more since 9.18.28): of a larger app the records drawn are the ones
// in the answer, so the choice is as fair as the order.

import { shareOf } from '../../model/selection/weight-share.ts';
import type { Written } from './encode.ts';
import type { Rotation } from './message.ts';

export const recordsPerRRsetMax = 100;
/** Turns that one encoded answer serves before the next order is made. */
const drawsPerPlan = 128;
/** With very unequal weights few records come up; the remaining places are then filled in turn. */
const drawsMax = 4 * recordsPerRRsetMax;
const goldenRatio = (Math.sqrt(5) - 1) / 2;

/** Where plans begin; one sequence for all names of a handler. */
export class Draws {
  #point: number;
  /** Plans from 0 on, by the number of items, for those that are all in their answers. */
  readonly #ofEquals: Plan[] = [];

  /** `start` in [0, 1): random in production, so that several nodes do not march in step. */
  constructor(start: number) {
    this.#point = start;
  }

  next(): number {
    this.#point = (this.#point + Math.SQRT2) % 1;
    return this.#point;
  }

  /** The plan of so many items of one weight, beginning with the first. */
  ofEquals(size: number): Plan {
    const known = this.#ofEquals[size];
    if (known !== undefined) return known;
    const plan = planFrom(0, size, (point) => Math.floor(point * size));
    if (size <= recordsPerRRsetMax) this.#ofEquals[size] = plan;
    return plan;
  }
}

/** An order of items (indexes into the input) and who of them comes first when. */
export interface Plan {
  readonly order: readonly number[];
  readonly rotation: Rotation | undefined;
}

/** Plans an RRset: `weights` of all candidates of one priority, in any order. */
export function planOrder(weights: readonly number[], draws: Draws): Plan {
  const size = weights.length;
  if (size < 2) return { order: size === 0 ? [] : [0], rotation: undefined };
  const start = draws.next();
  if (!weights.every((weight) => weight === weights[0])) return planFrom(start, size, sharesOf(weights));
  // Among equals beginning elsewhere is counting from another item, so one plan serves for all beginnings.
  const { order, rotation } = draws.ofEquals(size);
  const shift = Math.floor(start * size);
  return { order: order.map((item) => (item + shift) % size), rotation };
}

/** `itemAt`: whose share of [0, 1) contains a point. */
function planFrom(start: number, size: number, itemAt: (point: number) => number): Plan {
  const wanted = Math.min(size, recordsPerRRsetMax);
  const order: number[] = [];
  const placeOf = new Map<number, number>();
  const firsts: number[] = [];
  let point = start;
  for (; firsts.length < (order.length < wanted ? drawsMax : drawsPerPlan); point = (point + goldenRatio) % 1) {
    const item = itemAt(point);
    let place = placeOf.get(item);
    if (place === undefined) {
      if (order.length === wanted) break;
      place = order.length;
      placeOf.set(item, place);
      order.push(item);
    }
    firsts.push(place);
  }
  for (let item = Math.floor(point * size); order.length < wanted; item = (item + 1) % size) {
    if (!placeOf.has(item)) {
      placeOf.set(item, order.length);
      order.push(item);
    }
  }
  return { order, rotation: { span: order.length, firsts: Uint8Array.from(firsts) } };
}

/** Whose share of [0, 1) contains a point, where shares are as the weights. */
function sharesOf(weights: readonly number[]): (point: number) => number {
  const bounds = boundsOf(weights);
  return (point) => itemAt(bounds, point);
}

/** Upper bounds of the items' shares of [0, 1). */
function boundsOf(weights: readonly number[]): Float64Array {
  const bounds = new Float64Array(weights.length);
  let sum = 0;
  for (const [index, weight] of weights.entries()) {
    sum += shareOf(weight);
    bounds[index] = sum;
  }
  for (let index = 0; index < bounds.length; index++) bounds[index] = (bounds[index] as number) / sum;
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
 * The rotation where only some records are there: the first `records` ones, or those with these indexes. Firsts come in
 * the order in which records were chosen, so those before the first missing one are of records that are there; where
 * an early one is missing, each that is there still has a turn.
 */
export function rotationOf(rotation: Rotation, records: Written): Rotation {
  const { span, firsts } = rotation;
  if (typeof records !== 'number') return rotationOfIndexes(rotation, records);
  if (records >= span) return rotation;
  const missing = firsts.findIndex((first) => first >= records);
  return { span: records, firsts: missing < 0 ? firsts : firsts.subarray(0, missing) };
}

function rotationOfIndexes({ span, firsts }: Rotation, records: readonly number[]): Rotation {
  const placeOf = new Map(records.filter((record) => record < span).map((record, place) => [record, place]));
  const places = Array.from(firsts, (first) => placeOf.get(first));
  const missing = places.indexOf(undefined);
  const here = places.filter((place) => place !== undefined);
  return {
    span: placeOf.size,
    firsts: Uint8Array.from(missing < 0 ? here : here.slice(0, Math.max(missing, placeOf.size))),
  };
}
