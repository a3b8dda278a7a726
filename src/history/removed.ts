// Which instances were taken away in a span of time, read from the record: the newest matching removal of each. Whether
// it can be undone is decided in undo.ts.
// An instance that was drained and then cancelled, both meant, counts as it was before it was drained.
// Limits: `scannedMax` removals are looked at a call, newest first; the result has where it stopped.

import type { Change } from '../model/change.ts';
import { type Instance, isSameRegistration } from '../model/instance.ts';
import { instanceKey } from '../model/names.ts';
import type { Recorder } from './recorder.ts';

export const Removal = ['cancelled', 'drained', 'evicted'] as const;
export type Removal = (typeof Removal)[number];

/** Which removals are meant. Times are wall-clock milliseconds, inclusive. */
export interface RemovalFilter {
  readonly env?: string;
  readonly appid?: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly why: readonly Removal[];
  /** Asked for by this caller; what is left out may be anything. */
  readonly by?: { readonly token?: string; readonly address?: string };
}

export interface Removed {
  readonly why: Removal;
  readonly change: Change;
  /** As it was before. */
  readonly instance: Instance;
}

export interface RemovedInstances {
  /** Newest first, each instance once. */
  readonly removed: readonly Removed[];
  /** The record is complete since then (wall-clock milliseconds). */
  readonly completeSinceMs: number;
  /** The time of the last removal that was looked at, where there are more than one call looks at. */
  readonly scannedToMs?: number;
}

/** Some seconds of work, done in pages; what is found is in memory at once. */
const scannedMaxDefault = 100_000;
const pageChanges = 1000;

export async function findRemoved(
  recorder: Recorder,
  filter: RemovalFilter,
  scannedMax = scannedMaxDefault,
): Promise<RemovedInstances> {
  const { by, ...query } = filter;
  const found = new Map<string, Removed>();
  for (let scanned = 0, before = Number.MAX_SAFE_INTEGER; ; ) {
    const limit = Math.min(pageChanges, scannedMax - scanned);
    const { changes, completeSinceMs } = await recorder.events({ ...query, before, limit });
    for (const change of changes) if (isBy(change, by)) note(found, change);
    scanned += changes.length;
    const last = changes.at(-1);
    const removed = [...found.values()];
    if (last === undefined || changes.length < limit) return { removed, completeSinceMs };
    if (scanned >= scannedMax) return { removed, completeSinceMs, scannedToMs: last.atMs };
    before = last.revision;
  }
}

function note(found: Map<string, Removed>, change: Change): void {
  const { before: instance } = change;
  // What was new has not been removed.
  if (instance === undefined) return;
  const key = `${instance.env} ${instance.appid} ${instanceKey(instance.instance)}`;
  const later = found.get(key);
  if (later === undefined) found.set(key, { why: change.cause.why as Removal, change, instance });
  else if (isLeftBy(change, later)) found.set(key, { ...later, instance });
}

/** Whether what was removed is what this drain had left of it. */
function isLeftBy({ cause, after }: Change, later: Removed): boolean {
  if (cause.why !== 'drained' || later.why === 'drained' || after === undefined) return false;
  return isSameRegistration(after, later.instance);
}

function isBy({ origin }: Change, by: RemovalFilter['by']): boolean {
  if (by === undefined) return true;
  if (origin.kind === 'system') return false;
  return (
    (by.token === undefined || by.token === origin.principal) &&
    (by.address === undefined || by.address === origin.address)
  );
}
