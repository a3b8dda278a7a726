// What a weight is worth beside others. RFC 2782 gives weight 0 "a very small chance", not none; the registry counts it as
// a hundredth of weight 1, and so does its client.

const shareOfWeightZero = 0.01;

export function shareOf(weight: number): number {
  return weight === 0 ? shareOfWeightZero : weight;
}
