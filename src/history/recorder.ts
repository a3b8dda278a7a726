// The flight recorder's read half: who changed what, when and why. The store implements it on disk, log-recorder.ts in
// memory; both pass test/registry/recorder-contract.ts. A query sees every change that was made before it, and both
// bounds of time are inclusive. Order is by revision, never by time: wall clocks step.

import type { Cause, Change } from '../model/change.ts';

export interface EventQuery {
  readonly env?: string;
  readonly appid?: string;
  /** In any spelling: ids that differ only in case are one instance. */
  readonly instance?: string;
  readonly why?: readonly Cause['why'][];
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Only changes with a lower revision. */
  readonly before?: number;
  readonly limit: number;
}

export interface EventPage {
  /** Newest first; fewer than the limit: there are no more. */
  readonly changes: readonly Change[];
  /** Every change after this revision is kept. */
  readonly completeSince: number;
  readonly completeSinceMs: number;
  /** Of changes that belong between those of this page and cannot be read: the record is damaged there. */
  readonly unreadable: readonly number[];
}

export interface Recorder {
  events(query: EventQuery): Promise<EventPage>;
}
