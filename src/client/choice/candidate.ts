// What a strategy chooses from, and what a strategy is. Endpoints that may not be called, because the call was tried there
// or their circuit is open, are no candidates.

import type { Endpoint } from '../discovery/instance.ts';

export interface Candidate {
  readonly endpoint: Endpoint;
  /** Calls of this client that it has not answered yet. */
  readonly pending: number;
}

/**
 * Chooses one of at least one; a candidate is the same object from choice to choice. `key`: calls with the same key are to
 * meet the same instance; only `hash` looks at it.
 */
export type Strategy = <T extends Candidate>(candidates: readonly [T, ...T[]], key: string | undefined) => T;
