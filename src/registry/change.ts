// The registry's one way out: an ordered stream of numbered changes. A renewal is not a change. Listeners are called
// in the order in which app.ts adds them, before the write returns; they must not write to the registry, must not
// throw and must not wait.

import type { Instance } from './instance.ts';

interface Common {
  /** The registry's revision after this change: higher than before, by one unless it was touched in between. */
  readonly revision: number;
  /** Wall-clock milliseconds, for people. */
  readonly atMs: number;
}

export type Change = Common &
  (
    | { readonly kind: 'registered'; readonly after: Instance; readonly before?: never }
    | { readonly kind: 'updated'; readonly after: Instance; readonly before: Instance }
    | { readonly kind: 'cancelled' | 'evicted'; readonly before: Instance; readonly after?: never }
  );

export type ChangeListener = (change: Change) => void;
