// The first page of a sorted list without sorting the list: one pass, and never more than a page in memory. For a page of
// a hundred, a hundred thousand apps cost a comparison each and a few hundred insertions.

/** The `limit` smallest of `items` that come after a cursor (`isAfter`), in order, and whether there are more. */
export function firstAfter<T>(
  items: Iterable<T>,
  compare: (a: T, b: T) => number,
  isAfter: (item: T) => boolean,
  limit: number,
): { readonly page: readonly T[]; readonly hasMore: boolean } {
  const kept: T[] = [];
  for (const item of items) {
    if (!isAfter(item)) continue;
    // One more than the page, to know whether there is another.
    if (kept.length > limit) {
      if (compare(item, kept[limit] as T) >= 0) continue;
      kept.pop();
    }
    kept.splice(positionOf(kept, item, compare), 0, item);
  }
  return { page: kept.slice(0, limit), hasMore: kept.length > limit };
}

/** Binary search: where `item` belongs in a sorted list. */
function positionOf<T>(sorted: readonly T[], item: T, compare: (a: T, b: T) => number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(sorted[middle] as T, item) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
