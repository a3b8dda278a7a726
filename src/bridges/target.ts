// The registry that is kept equal to another one, as a follower needs it. Writes are conditional: what another caller has
// written since the follower looked is never overwritten, cancelled or revived.

import type { InstanceKey } from '../model/names.ts';
import type { MirroredInstance } from './mirrored.ts';

/** An instance as it is here. */
export interface Present {
  readonly key: InstanceKey;
  /** The fields of its registration, as JSON; `status` is what its registrant wants. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly fronts: Readonly<Record<string, unknown>>;
  /** Undefined: it was not written by a follower. */
  readonly mark: string | undefined;
  readonly endpoints: readonly string[];
  readonly revision: number;
  /** Wall-clock milliseconds. */
  readonly updatedAtMs: number;
  readonly dirtyAtMs: number;
}

/** By appid, by the folded id of the instance. */
export type PresentInstances = ReadonlyMap<string, ReadonlyMap<string, Present>>;

/** `before`: as the follower knows it; undefined: it is not there. */
export interface MirrorWrite {
  readonly wanted: MirroredInstance;
  readonly before: Present | undefined;
}

export interface MirrorWritten {
  readonly key: InstanceKey;
  readonly outcome: 'written' | 'unchanged' | 'refused';
  readonly why?: string;
}

/** The registry cannot be reached, or does not take it. */
export interface TargetFault {
  readonly fault: string;
}

/** No call rejects. */
export interface MirrorTarget {
  /** Keeps `present` up to date until the signal aborts; `onChange` runs after each change, `onFault` where that fails. */
  follow(onChange: () => void, onFault: (why: string) => void, signal: AbortSignal): Promise<void>;
  /** Undefined: not yet known, or not any more. */
  present(): PresentInstances | undefined;
  register(writes: readonly MirrorWrite[], signal: AbortSignal): Promise<readonly MirrorWritten[] | TargetFault>;
  cancel(instance: Present, why: string, signal: AbortSignal): Promise<'cancelled' | 'not-ours' | TargetFault>;
  renew(keys: readonly InstanceKey[], signal: AbortSignal): Promise<TargetFault | undefined>;
}
