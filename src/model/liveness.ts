// How the registry learns that an instance is gone. Without a policy of its own, an instance with checks is judged by
// them, and any other one holds a lease.

export type Liveness =
  /** Evicted at the end of its lease. */
  | { readonly kind: 'lease' }
  /** `waiting` at the end of its lease, then evicted after so many seconds more; undefined: never. */
  | { readonly kind: 'lease-then-waiting'; readonly evictAfterSeconds?: number | undefined }
  /** Its checks decide whether it takes traffic; it stays until it is cancelled, or has been critical for so long. */
  | { readonly kind: 'checks'; readonly evictAfterSeconds?: number | undefined }
  /** It stays until it is cancelled. */
  | { readonly kind: 'none' }
  /** It stays while a connection is open, and for `connectionGraceMs` after. */
  | { readonly kind: 'connection' }
  /** Another node watches it and reports what it finds. */
  | { readonly kind: 'remote' };

/** For a client that reconnects. */
export const connectionGraceMs = 15_000;

const lease: Liveness = Object.freeze({ kind: 'lease' });
const checks: Liveness = Object.freeze({ kind: 'checks' });

export function defaultLiveness(registration: { readonly checks: readonly unknown[] }): Liveness {
  return registration.checks.length === 0 ? lease : checks;
}

export function isSameLiveness(a: Liveness, b: Liveness): boolean {
  return a === b || (a.kind === b.kind && secondsOf(a) === secondsOf(b));
}

function secondsOf(liveness: Liveness): number | undefined {
  return 'evictAfterSeconds' in liveness ? liveness.evictAfterSeconds : undefined;
}
