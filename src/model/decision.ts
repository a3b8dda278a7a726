// A decision about a command, before anything has moved. On one node it is applied at once; in a cluster its changes are
// written to the store of the cluster first, and applied when they come back with their numbers.

import type { NewChange } from './change.ts';
import type { InstanceKey } from './names.ts';

/** A registration equal to what is stored: its lease starts anew and its times move, no revision. */
export interface Reregistration {
  readonly key: InstanceKey;
  readonly dirtyAtMs: number;
}

export type Decision<Outcome> =
  | { readonly kind: 'refused'; readonly outcome: Outcome }
  /** `release`: the hold of an instance that is not registered is lifted. */
  | {
      readonly kind: 'unchanged';
      readonly outcome: Outcome;
      readonly renewal?: Reregistration;
      readonly release?: InstanceKey;
    }
  /** `outcome`: to be called directly after `apply` of the changes. */
  | { readonly kind: 'changes'; readonly changes: readonly NewChange[]; readonly outcome: () => Outcome };

/** Changes to be applied together: the first gets `revision`, the others the numbers after it. */
export interface ChangeGroup {
  readonly changes: readonly NewChange[];
  readonly revision: number;
  /** Another node runs the leases of those that it registers. */
  readonly isRemote?: boolean | undefined;
  readonly at: { readonly monotonicMs: number; readonly wallMs: number };
}
