// Restores what was removed: each instance by a command of its own, like any other registration, with a fresh lease.
// Nothing that is registered now is touched, except that a drained instance which has not been changed since takes
// traffic again. What came back by itself and then left for another reason stays away. What is not renewed leaves again
// at the end of its lease.
// Two steps: the plan reads the record; the run reads nothing and is done at once, so `planMax` bounds how long.

import type { Actor } from '../model/change.ts';
import type { PatchCommand, RegisterCommand, UpCommand } from '../model/command.ts';
import { ownersRegistration } from '../model/compact-instance.ts';
import type { Instance } from '../model/instance.ts';
import { type InstanceKey, instanceKey } from '../model/names.ts';
import type { Problem } from '../model/problem.ts';
import type { Registry } from '../registry/registry.ts';
import type { Recorder } from './recorder.ts';
import type { Removed } from './removed.ts';

/** A registration costs some 20 µs with its listeners: other calls wait for a few hundredths of a second. */
const planMaxDefault = 1000;

export interface Skipped {
  readonly removed: Removed;
  readonly reason: string;
}

export interface RestorePlan {
  /** In the order in which they left. */
  readonly planned: readonly Removed[];
  readonly skipped: readonly Skipped[];
  /** At most as many more could be restored by another call. */
  readonly left: number;
}

/** What can be restored. Whether there is room, and whether names are still free, only the run shows. */
export async function planRestore(
  registry: Pick<Registry, 'find'>,
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

/** Carries out a command; only the kind of its outcome, and its problem, are read. */
export type Perform = (
  actor: Actor,
  command: RegisterCommand | PatchCommand | UpCommand,
) => PerformedOutcome | Promise<PerformedOutcome>;

interface PerformedOutcome {
  readonly kind: string;
  readonly problem?: Problem;
}

/** Does what was planned, as far as it still can be done. */
export async function restoreRemoved(
  registry: Pick<Registry, 'find'>,
  planned: readonly Removed[],
  by: Actor,
  perform: Perform,
): Promise<RestoreRun> {
  const done: Removed[] = [];
  const skipped: Skipped[] = [];
  for (const removed of planned) {
    const reason = obstacleTo(registry, removed) ?? (await write(registry, perform, removed, by));
    if (reason === undefined) done.push(removed);
    else skipped.push({ removed, reason });
  }
  return { done, skipped };
}

/** Why it cannot be restored, as far as the present state shows. */
function obstacleTo(registry: Pick<Registry, 'find'>, { why, change, instance }: Removed): string | undefined {
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
function upCommand(registry: Pick<Registry, 'find'>, key: InstanceKey): UpCommand | PatchCommand {
  const isOverridden = registry.find(key)?.instance.override !== undefined;
  return isOverridden ? { kind: 'up', key } : { kind: 'patch', key, patch: { status: 'up' } };
}

/** The reason why not; undefined where it was done. */
async function write(
  registry: Pick<Registry, 'find'>,
  perform: Perform,
  { why, change, instance }: Removed,
  actor: Actor,
): Promise<string | undefined> {
  const by = { ...actor, reason: `restored: ${why} at revision ${change.revision}` };
  const { env, appid, instance: id } = instance;
  const key = { env, appid, instance: id };
  if (why === 'drained') {
    const { kind } = await perform(by, upCommand(registry, key));
    return kind === 'resumed' || kind === 'patched' ? undefined : `cannot be brought up: ${kind}`;
  }
  // The writer's own time again, so that its next registration is not taken for an older one.
  const { dirtyAtMs } = change.times;
  const { liveness, override, fronts, quotaEntry } = instance;
  const registration = ownersRegistration(instance);
  const precondition = { ifNoneMatch: '*' } as const;
  const parts = { liveness, override, fronts, quotaEntry };
  const command = { kind: 'register', key, registration, ...parts, dirtyAtMs, precondition } as const;
  const outcome = await perform(by, command);
  if (outcome.kind === 'created') return undefined;
  if (outcome.kind === 'exists') return 'is registered';
  const { problem } = outcome;
  return problem === undefined ? `cannot be registered: ${outcome.kind}` : `${problem.field} ${problem.message}`;
}
