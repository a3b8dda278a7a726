// How many letters two names differ in, for "did you mean": a slip of the fingers and no more.

/** Differences that are still a slip. */
export const slipMax = 2;

/**
 * Levenshtein's distance, or infinity for more than `left`. Equal letters are passed over, and at a difference only
 * three ways go on, so names of two hundred letters cost no more than a few times their length.
 */
export function nameDistance(a: string, b: string, left = slipMax, fromA = 0, fromB = 0): number {
  let [i, j] = [fromA, fromB];
  while (i < a.length && j < b.length && a.charCodeAt(i) === b.charCodeAt(j)) {
    i++;
    j++;
  }
  const [restOfA, restOfB] = [a.length - i, b.length - j];
  if (Math.abs(restOfA - restOfB) > left) return Number.POSITIVE_INFINITY;
  if (restOfA === 0 || restOfB === 0) return restOfA + restOfB;
  if (left === 0) return Number.POSITIVE_INFINITY;
  const replaced = nameDistance(a, b, left - 1, i + 1, j + 1);
  const dropped = nameDistance(a, b, left - 1, i + 1, j);
  const added = nameDistance(a, b, left - 1, i, j + 1);
  return 1 + Math.min(replaced, dropped, added);
}
