// What DNS would answer, in words, and why: made by the DNS side and passed on by the fronts. Records are in presentation
// format, one line each.

import type { Problem } from './problem.ts';

export interface Explanation {
  readonly name: string;
  readonly type: string;
  readonly rcode: string;
  readonly flags: readonly string[];
  readonly answer: readonly string[];
  readonly authority: readonly string[];
  readonly additional: readonly string[];
  readonly reason: string;
  /** Seconds for which the answer may be cached; absent where nothing may be. */
  readonly ttl?: number;
}

/** `problems`: the name or the type is not one that can be asked for. */
export type Explained = Explanation | { readonly problems: readonly Problem[] };
