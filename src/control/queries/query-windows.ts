// How often in the last minute, hour and day, exact to a twelfth of each or better: counts in rings of buckets. The present
// bucket is filled; one that is out of date is emptied when it is used again. Counts, not averages: what is shown was asked.

interface Ring {
  readonly bucketMs: number;
  readonly buckets: number;
}

const minute: Ring = { bucketMs: 5000, buckets: 12 };
const hour: Ring = { bucketMs: 300_000, buckets: 12 };
const day: Ring = { bucketMs: 3_600_000, buckets: 24 };
const rings = [minute, hour, day] as const;
const total = rings.reduce((sum, { buckets }) => sum + buckets, 0);

/** Queries of the last minute, hour and day. */
export interface Recent {
  readonly minute: number;
  readonly hour: number;
  readonly day: number;
}

export class QueryWindows {
  readonly #counts = new Float64Array(total);
  /** Of each ring, the bucket that was filled last, counted from time zero. */
  readonly #last = new Float64Array(rings.length).fill(Number.NEGATIVE_INFINITY);

  add(queries: number, atMs: number): void {
    let first = 0;
    for (const [index, { bucketMs, buckets }] of rings.entries()) {
      const bucket = Math.floor(atMs / bucketMs);
      const last = this.#last[index] as number;
      const from = Math.max(last + 1, bucket - buckets + 1);
      for (let passed = from; passed <= bucket; passed++) this.#counts[first + placeIn(passed, buckets)] = 0;
      if (bucket > last) this.#last[index] = bucket;
      // Of a time that the ring no longer has, or of a moment ago.
      if (bucket > (this.#last[index] as number) - buckets) {
        const place = first + placeIn(bucket, buckets);
        this.#counts[place] = (this.#counts[place] as number) + queries;
      }
      first += buckets;
    }
  }

  recent(nowMs: number): Recent {
    const [minute, hour, day] = rings.map((_, index) => this.#sum(index, nowMs)) as [number, number, number];
    return { minute, hour, day };
  }

  #sum(index: number, nowMs: number): number {
    const { bucketMs, buckets } = rings[index] as Ring;
    const first = rings.slice(0, index).reduce((sum, ring) => sum + ring.buckets, 0);
    const now = Math.floor(nowMs / bucketMs);
    const last = this.#last[index] as number;
    let sum = 0;
    for (let bucket = Math.max(now, last) - buckets + 1; bucket <= last; bucket++)
      sum += this.#counts[first + placeIn(bucket, buckets)] as number;
    return sum;
  }
}

function placeIn(bucket: number, buckets: number): number {
  return ((bucket % buckets) + buckets) % buckets;
}
