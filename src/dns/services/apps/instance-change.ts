// What the live zones need of a change of the registry: the part that a `Change` has in common with what a DNS thread, which
// has a copy of the registry, knows of it.

import type { Instance } from '../../../model/instance.ts';

export interface InstanceChange {
  /** The registry's revision after it. */
  readonly revision: number;
  /** Undefined: it was not there. */
  readonly before?: Instance | undefined;
  /** Undefined: it is gone. */
  readonly after?: Instance | undefined;
  /** When an answer that was read off a view's numbers last led to `before`; undefined or `never`: none has. */
  readonly answeredMs?: number;
}
