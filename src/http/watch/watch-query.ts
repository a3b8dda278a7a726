// What a watcher follows: apps, whole environments, or everything, narrowed by the same filters as a list of
// instances. Queries that mean the same have the same key, so that their watchers can share the work.

import type { Change } from '../../model/change.ts';
import type { AppKey } from '../../model/names.ts';
import { type AppScope, everywhere } from '../../model/scope.ts';
import { isSelected, type Selection } from '../../model/selection/filter.ts';

export interface WatchQuery {
  /** None of either: everything. No app lies in one of `envs`. */
  readonly apps: readonly AppKey[];
  readonly envs: readonly string[];
  readonly selection: Selection;
  /** What the watcher may read. */
  readonly scope: AppScope;
  /** The same for queries that mean the same. */
  readonly key: string;
}

/** The query for these apps and environments, without duplicates. */
export function watchQuery(
  apps: readonly AppKey[],
  envs: readonly string[] = [],
  selection: Selection = {},
  scope: AppScope = everywhere,
): WatchQuery {
  const wholeEnvs = [...new Set(envs)].sort();
  const byName = new Map(apps.map((app) => [`${app.env}/${app.appid}`, app]));
  const names = [...byName.keys()].sort();
  const alone = names.map((name) => byName.get(name) as AppKey).filter(({ env }) => !wholeEnvs.includes(env));
  const key = JSON.stringify([alone, wholeEnvs, selection, ...(scope.isEverywhere ? [] : [scope.key])]);
  return { apps: alone, envs: wholeEnvs, selection, scope, key };
}

/** Whether a change is of an app that the query names. */
export function isAbout({ apps, envs }: Pick<WatchQuery, 'apps' | 'envs'>, change: Change): boolean {
  if (apps.length === 0 && envs.length === 0) return true;
  const { env, appid } = change.after ?? change.before;
  return envs.includes(env) || apps.some((app) => app.appid === appid && app.env === env);
}

/**
 * What a change of such an app is to a watcher: the instance is selected now (`matches`), it was and is no longer
 * (`left`), or it neither is nor was, or the watcher may not read it (undefined).
 */
export function bearingOf({ selection, scope }: WatchQuery, change: Change): 'matches' | 'left' | undefined {
  if (!scope.isEverywhere) {
    const { env, appid } = change.after ?? change.before;
    if (!scope.covers(env, appid)) return undefined;
  }
  const { before, after } = change;
  if (after !== undefined && isSelected(after, selection)) return 'matches';
  return before !== undefined && isSelected(before, selection) ? 'left' : undefined;
}
