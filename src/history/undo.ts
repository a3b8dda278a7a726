// Puts back what was removed: each instance as a registration of its own, through the registry and all its checks, with
// a fresh lease. Nothing that is registered now is touched, except that a drained instance which nobody has changed
// since takes traffic again. What came back by itself and then left for another reason stays away. What nobody renews
// leaves again at the end of its lease.
// Two steps: the plan asks the record; the doing asks nobody and is done at once, so `planMax` bounds how long.

import type { Actor } from '../model/change.ts';
import type { PatchCommand, UpCommand } from '../model/command.ts';
import { ownersRegistration } from '../model/compact-instance.ts';
import type { Instance } from '../model/instance.ts';
import { type InstanceKey, instanceKey } from '../model/names.ts';
import type { Registry } from '../registry/registry.ts';
import type { Recorder } from './recorder.ts';
import type { Removed } from './removed.ts';

/** A registration costs some 20 µs with its listeners: everybody else waits for a few hundredths of a second. */
const planMaxDefault = 1000;

export interface Skipped {
  readonly removed: Removed;
  readonly reason: string;
}

export interface RestorePlan {
  /** In the order in which they left. */
  readonly planned: readonly Removed[];
  readonly skipped: readonly Skipped[];
  /** At most as many more could be put back by another call. */
  readonly left: number;
}

/** What can be put back. Whether there is room, and whether names are still free, only the doing shows. */
export async function planRestore(
  registry: Registry,
  recorder: Recorder,
  all: readonly Removed[],
  planMax = planMaxDefault,
): Promise<RestorePlan> {
  const planned: Removed[] = [];
  const skipped: Skipped[] = [];
  const changes = new LastChanges(recorder);
  let left = 0;
  for (const removed of all.toReversed()) {
    const reason = obstacleTo(registry, removed);
    if (reason === undefined && planned.length >= planMax) left++;
    else {
      const found = reason ?? (await laterRemoval(changes, removed));
      if (found === undefined) planned.push(removed);
      else skipped.push({ removed, reason: found });
    }
  }
  return { planned, skipped, left };
}

export interface RestoreRun {
  readonly done: readonly Removed[];
  readonly skipped: readonly Skipped[];
}

/** Does what was planned, as far as it still can be done. */
export function restoreRemoved(registry: Registry, planned: readonly Removed[], by: Actor): RestoreRun {
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
async function laterRemoval(changes: LastChanges, { why, change, instance }: Removed): Promise<string | undefined> {
  if (why === 'drained') return undefined;
  const last = await changes.of(instance, change.revision);
  if (last === undefined || last.revision <= change.revision) return undefined;
  return `came back, and was ${last.why} at revision ${last.revision}`;
}

/** A few for one that was removed just now; with each page more, for thousands of one app. */
const pageChanges = { first: 16, growth: 4, most: 1000 };

interface LastChange {
  readonly revision: number;
  readonly why: string;
}

/** The last changes of instances, read from the record app by app and each page once, since thousands are asked for. */
class LastChanges {
  readonly #recorder: Recorder;
  readonly #apps = new Map<string, { before: number; page: number; readonly last: Map<string, LastChange> }>();

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  /** Undefined: it has not changed since that revision. */
  async of({ env, appid, instance }: Instance, since: number): Promise<LastChange | undefined> {
    const place = `${env}/${appid}`;
    const app = this.#apps.get(place) ?? { before: Number.MAX_SAFE_INTEGER, page: pageChanges.first, last: new Map() };
    this.#apps.set(place, app);
    while (app.before > since + 1) {
      const { changes } = await this.#recorder.events({ env, appid, before: app.before, limit: app.page });
      for (const { revision, cause, before, after } of changes) {
        const key = instanceKey((after ?? before).instance);
        if (!app.last.has(key)) app.last.set(key, { revision, why: cause.why });
      }
      app.before = changes.length < app.page ? 0 : (changes.at(-1)?.revision ?? 0);
      app.page = Math.min(pageChanges.most, app.page * pageChanges.growth);
    }
    return app.last.get(instanceKey(instance));
  }
}

/** Drains of before there were overrides changed what the registrant wants. */
function upCommand(registry: Registry, key: InstanceKey): UpCommand | PatchCommand {
  const isOverridden = registry.find(key)?.instance.override !== undefined;
  return isOverridden ? { kind: 'up', key } : { kind: 'patch', key, patch: { status: 'up' } };
}

/** The reason why not; undefined where it was done. */
function write(registry: Registry, { why, change, instance }: Removed, actor: Actor): string | undefined {
  const by = { ...actor, reason: `put back: ${why} at revision ${change.revision}` };
  const { env, appid, instance: id } = instance;
  const key = { env, appid, instance: id };
  if (why === 'drained') {
    const { kind } = registry.perform(upCommand(registry, key), by);
    return kind === 'resumed' || kind === 'patched' ? undefined : `cannot be brought up: ${kind}`;
  }
  // The writer's own time again, so that its next registration is not taken for an older one.
  const { dirtyAtMs } = change.times;
  const { liveness, override } = instance;
  const registration = ownersRegistration(instance);
  const precondition = { ifNoneMatch: '*' } as const;
  const command = { kind: 'register', key, registration, liveness, override, dirtyAtMs, precondition } as const;
  const outcome = registry.perform(command, by);
  if (outcome.kind === 'created') return undefined;
  return 'problem' in outcome ? `${outcome.problem.field} ${outcome.problem.message}` : 'is registered';
}
