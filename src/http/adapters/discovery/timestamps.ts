// Nanoseconds as discovery has them, as digits: times of ours have milliseconds, so six zeros follow. `latest_timestamp`
// orders the changes of an app and is compared by clients and by us; it is the revision, in the place of seconds. It moves
// with each change, never back, and is the same on all nodes.

/** Digits of a wall-clock time; 0 where there is none. */
export function nanosecondsOf(wallMs: number | undefined): string {
  const ms = Math.trunc(wallMs ?? 0);
  return ms <= 0 ? '0' : `${ms}000000`;
}

const perRevision = 1_000_000_000n;

export function latestOf(revision: number): bigint {
  return BigInt(revision) * perRevision;
}

/**
 * Whether a client that has `asked` knows less than `latest`. A later one waits, unless another registry gave it: none of
 * ours ends otherwise than in nine zeros, and a client that has moved to us must not wait for the next change.
 */
export function isBehind(asked: bigint, latest: bigint, wallMs: number): boolean {
  if (asked <= latest) return asked < latest;
  return asked % perRevision !== 0n && asked <= BigInt(Math.trunc(wallMs)) * 1_000_000n;
}
