// How long a resolver really keeps an answer: asked again and again, its TTL counts down and jumps up when it has asked
// anew. From one such jump to the next is how long it kept one. For a name that was never asked for before, the first answer
// counts as such a jump.
// Limits: seen are jumps between two questions, so the result is right to the interval. Where a question took long, or the
// machine slept, what happened in between is unknown, and the measurement starts again. A resolver that always gives the full TTL, or
// none, cannot be measured this way.

export interface CacheWorld {
  /** The TTL of the answer now, in seconds; undefined: it has none. */
  ask(): Promise<number | undefined>;
  nowMs(): number;
  sleep(ms: number): Promise<void>;
}

export interface Watched {
  /** The largest TTL that was seen; undefined: none had any. */
  readonly ttlMax: number | undefined;
  /** The longest time one answer was kept; undefined: none ended while we watched. */
  readonly keptMs: number | undefined;
  /** The TTL went down at least once, so there is a cache. */
  readonly countsDown: boolean;
  /** How long was watched without a gap, up to the end. */
  readonly unbrokenMs: number;
}

const everyMs = 250;
/** Between two questions; more, and a jump may have come at any time in between. */
const gapMsMax = 3 * everyMs;

/** Watches for `forMs` at most, and no longer than needed. */
export async function watchCache(world: CacheWorld, forMs: number, isFresh: boolean): Promise<Watched> {
  let unbrokenSince = world.nowMs();
  const endsAt = unbrokenSince + forMs;
  let ttlMax: number | undefined;
  let last: number | undefined;
  let countsDown = false;
  let filledAt = isFresh ? world.nowMs() : undefined;
  let askedBefore = world.nowMs();
  for (;;) {
    const askedAt = world.nowMs();
    if (askedAt - askedBefore > gapMsMax) [last, filledAt, unbrokenSince] = [undefined, undefined, askedAt];
    askedBefore = askedAt;
    const ttl = await world.ask();
    if (ttl !== undefined) {
      ttlMax = Math.max(ttlMax ?? 0, ttl);
      if (last !== undefined && ttl < last) countsDown = true;
      if (last !== undefined && ttl > last) {
        if (filledAt !== undefined)
          return { ttlMax, keptMs: askedAt - filledAt, countsDown, unbrokenMs: askedAt - unbrokenSince };
        filledAt = askedAt;
      }
      last = ttl;
    }
    if (world.nowMs() + everyMs > endsAt)
      return { ttlMax, keptMs: undefined, countsDown, unbrokenMs: askedAt - unbrokenSince };
    await world.sleep(everyMs);
  }
}
