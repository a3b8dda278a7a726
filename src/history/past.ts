// An app as it was: the present state, and the changes that came later undone, the newest first. Every change has what
// was before it, so that is exact for additions, updates, removals and what came back. What is rebuilt is what was
// registered; renewals are no changes, and so the past knows no leases.
// "As of a time" is the state after the last change of the whole registry, in the order of revisions, whose wall-clock
// time is not later: one moment for all apps, also where the wall clock was stepped and showed a time twice (it then
// means the last of the two). Limits: the record's own, and `undoneMax`.

import type { Change } from '../model/change.ts';
import type { Instance } from '../model/instance.ts';
import type { InstanceRecord } from '../model/instance-record.ts';
import { instanceKey } from '../model/names.ts';
import type { EventPage, Recorder } from './recorder.ts';

/** What of the registry is read. */
export interface PresentState {
  readonly revision: number;
  app(env: string, appid: string): { instances(): Iterable<InstanceRecord> } | undefined;
}

export type PastApp =
  /** Sorted by id; `revision` is the one that the registry had then, or a later one with the same data. */
  | { readonly kind: 'known'; readonly revision: number; readonly instances: readonly Instance[] }
  /** Older than the record, which is complete since then (wall-clock milliseconds). */
  | { readonly kind: 'forgotten'; readonly completeSinceMs: number }
  /** Of the changes between then and now, so many cannot be read. */
  | { readonly kind: 'damaged'; readonly changes: number }
  /** More changes lie between than one call may undo. */
  | { readonly kind: 'far'; readonly undoneMax: number };

/** Twenty restarts of the largest app; some seconds of work, done in pages. */
const undoneMaxDefault = 200_000;
const pageChanges = 1000;

/** The app at wall-clock `atMs`, which must lie before now. */
export async function appInThePast(
  registry: PresentState,
  recorder: Recorder,
  { env, appid }: { readonly env: string; readonly appid: string },
  atMs: number,
  undoneMax = undoneMaxDefault,
): Promise<PastApp> {
  // Both before the first wait: a moment that stays while the registry goes on.
  let before = registry.revision + 1;
  const instances = new Map<string, Instance>();
  for (const { instance } of registry.app(env, appid)?.instances() ?? []) put(instances, instance);

  const last = await recorder.events({ toMs: atMs, before, limit: 1 });
  const revision = last.changes[0]?.revision ?? last.completeSince;
  if (last.changes.length === 0 && atMs < last.completeSinceMs) return forgotten(last);
  for (let undone = 0; ; ) {
    const page = await recorder.events({ env, appid, before, limit: pageChanges });
    if (page.completeSince > revision) return forgotten(page);
    const unreadable = page.unreadable.filter((lost) => lost > revision);
    if (unreadable.length > 0) return { kind: 'damaged', changes: unreadable.length };
    for (const change of page.changes) {
      if (change.revision <= revision) return { kind: 'known', revision, instances: sorted(instances) };
      if (++undone > undoneMax) return { kind: 'far', undoneMax };
      undo(instances, change);
      before = change.revision;
    }
    if (page.changes.length < pageChanges) return { kind: 'known', revision, instances: sorted(instances) };
  }
}

function forgotten({ completeSinceMs }: EventPage): PastApp {
  return { kind: 'forgotten', completeSinceMs };
}

function undo(instances: Map<string, Instance>, change: Change): void {
  if (change.before === undefined) instances.delete(instanceKey(change.after.instance));
  else put(instances, change.before);
}

function put(instances: Map<string, Instance>, instance: Instance): void {
  instances.set(instanceKey(instance.instance), instance);
}

/** The order of registration is not recorded. */
function sorted(instances: ReadonlyMap<string, Instance>): Instance[] {
  return [...instances].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, instance]) => instance);
}
