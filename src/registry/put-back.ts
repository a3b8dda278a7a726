// Puts back what was removed: each instance as a registration of its own, through the registry and all its checks, with
// a fresh lease. Nothing that is registered now is touched, except that a drained instance which nobody has changed
// since takes traffic again. What came back by itself and then left for another reason stays away. What nobody renews
// leaves again at the end of its lease.
// Two steps: the plan asks the record; the doing asks nobody and is done at once, so `planMax` bounds how long.

import type { Actor } from './change.ts';
import type { Recorder } from './recorder.ts';
import type { Registry } from './registry.ts';
import type { Removed } from './removed.ts';

/** A registration costs some 20 µs with its listeners: everybody else waits for a few hundredths of a second. */
const planMaxDefault = 1000;

export interface Skipped {
  readonly removed: Removed;
  readonly reason: string;
}

export interface PutBackPlan {
  /** In the order in which they left. */
  readonly planned: readonly Removed[];
  readonly skipped: readonly Skipped[];
  /** At most as many more could be put back by another call. */
  readonly left: number;
}

/** What can be put back. Whether there is room, and whether names are still free, only the doing shows. */
export async function planPutBack(
  registry: Registry,
  recorder: Recorder,
  all: readonly Removed[],
  planMax = planMaxDefault,
): Promise<PutBackPlan> {
  const planned: Removed[] = [];
  const skipped: Skipped[] = [];
  let left = 0;
  for (const removed of all.toReversed()) {
    const reason = obstacleTo(registry, removed);
    if (reason === undefined && planned.length >= planMax) left++;
    else {
      const found = reason ?? (await laterRemoval(recorder, removed));
      if (found === undefined) planned.push(removed);
      else skipped.push({ removed, reason: found });
    }
  }
  return { planned, skipped, left };
}

export interface PutBack {
  readonly done: readonly Removed[];
  readonly skipped: readonly Skipped[];
}

/** Does what was planned, as far as it still can be done. */
export function putBack(registry: Registry, planned: readonly Removed[], by: Actor): PutBack {
  const done: Removed[] = [];
  const skipped: Skipped[] = [];
  for (const removed of planned) {
    const reason = obstacleTo(registry, removed) ?? write(registry, removed, by);
    if (reason === undefined) done.push(removed);
    else skipped.push({ removed, reason });
  }
  return { done, skipped };
}

/** Why it cannot be put back, as far as the present state says. */
function obstacleTo(registry: Registry, { why, change, instance }: Removed): string | undefined {
  const stored = registry.find(instance);
  if (why !== 'drained') return stored === undefined ? undefined : 'is registered';
  if (stored === undefined) return 'is not registered any more';
  if (stored.instance.status === 'up') return 'takes traffic';
  if (stored.revision !== change.revision) return `was changed since, at revision ${stored.revision}`;
  return instance.status === 'up' ? undefined : 'took no traffic before it was drained';
}

/** The removal for which an instance is gone now, if it is not this one. */
async function laterRemoval(recorder: Recorder, { why, change, instance }: Removed): Promise<string | undefined> {
  if (why === 'drained') return undefined;
  const { env, appid, instance: id } = instance;
  const { changes } = await recorder.events({ env, appid, instance: id, limit: 1 });
  const last = changes[0];
  if (last === undefined || last.revision <= change.revision) return undefined;
  return `came back, and was ${last.cause.why} at revision ${last.revision}`;
}

/** The reason why not; undefined where it was done. */
function write(registry: Registry, { why, change, instance }: Removed, actor: Actor): string | undefined {
  const by = { ...actor, reason: `put back: ${why} at revision ${change.revision}` };
  const { env, appid, instance: id } = instance;
  const key = { env, appid, instance: id };
  if (why === 'drained') {
    const outcome = registry.patch(key, { status: 'up' }, by);
    return outcome.kind === 'patched' ? undefined : `cannot be patched: ${outcome.kind}`;
  }
  // The writer's own time again, so that its next registration is not taken for an older one.
  const { dirtyAtMs } = change.times;
  const outcome = registry.register(
    key,
    { ...instance, status: instance.health?.wanted ?? instance.status },
    { ifAbsent: true, dirtyAtMs, by },
  );
  if (outcome.kind === 'created') return undefined;
  return 'problem' in outcome ? `${outcome.problem.field} ${outcome.problem.message}` : 'is registered';
}
