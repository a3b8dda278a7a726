// A hybrid logical clock: wall-clock milliseconds that never go back and never repeat at one node, so that what a node
// stamps later is later, whatever an operator does to its clock. It orders two conflicting writers and nothing else.

/** A stamp further ahead than this is a wrong clock's: it is compared, but not adopted, or one node would move them all. */
export const aheadMaxMs = 60_000;

/** The stamp of something that happens now. */
export function nextStamp(last: number, wallMs: number): number {
  return Math.max(Math.floor(wallMs), last + 1);
}

/** The last stamp, after one of another node was seen. */
export function afterSeeing(last: number, stamp: number, wallMs: number): number {
  return stamp > wallMs + aheadMaxMs ? last : Math.max(last, stamp);
}
