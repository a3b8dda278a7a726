// What a weight is worth beside others, wherever instances are chosen by weight: in DNS answers, in weighted orders and in
// subsets. RFC 2782 gives weight 0 "a very small chance", not none.

/** A hundredth of weight 1. */
const shareOfWeightZero = 0.01;

export function shareOf(weight: number): number {
  return weight === 0 ? shareOfWeightZero : weight;
}
