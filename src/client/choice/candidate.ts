// Among whom is chosen, and what a strategy is. Whoever may not be called, because it has been tried or its breaker holds
// it back, is no candidate any more.

import type { Endpoint } from '../discovery/instance.ts';

export interface Candidate {
  readonly endpoint: Endpoint;
  /** Calls of this client that it has not answered yet. */
  readonly pending: number;
}

/** One of at least one; a candidate is the same object from choice to choice. `key` is what the caller wants to meet the same instance for; only `hash` looks at it. */
export type Strategy = <T extends Candidate>(candidates: readonly [T, ...T[]], key: string | undefined) => T;
