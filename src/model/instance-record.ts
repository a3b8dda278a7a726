// A registered instance as everything outside the registry may see it: its content, its lease and its times, read-only.
// The registry's own record behind it moves with every renewal, so it is read and not kept.

import type { LeasedInstance } from './view.ts';

/** Wall-clock milliseconds, for people. */
export interface Timestamps {
  readonly registeredAtMs: number;
  /** When it last began to take traffic; undefined while it never has. */
  readonly upAtMs: number | undefined;
  readonly renewedAtMs: number;
  readonly updatedAtMs: number;
  /** The writer's own time of the registration: orders two writers of one instance. */
  readonly dirtyAtMs: number;
}

export interface InstanceRecord extends LeasedInstance, Timestamps {
  /** The registry's revision at the last change of this instance. */
  readonly revision: number;
  /** Its lease is about to end, and copies of the registry know when: see near-expiry.ts. */
  readonly isNearExpiry: boolean;
}
