// The registry as a caller may read it: apps outside of its scope are not there. For fronts that list what there is; one
// that names an app outside is refused by its front before it looks.

import type { AppRecords } from '../model/app-records.ts';
import type { AppScope } from '../model/scope.ts';
import type { ReadView } from './read-view.ts';

export function scopedView(view: ReadView, scope: AppScope): ReadView {
  if (scope.isEverywhere) return view;
  return {
    get revision() {
      return view.revision;
    },
    guard: view.guard,
    app: (env, appid) => (scope.covers(env, appid) ? view.app(env, appid) : undefined),
    apps: (env) => coveredApps(view, scope, env),
    find: (key) => (scope.covers(key.env, key.appid) ? view.find(key) : undefined),
    appRevision: (env, appid) => (scope.covers(env, appid) ? view.appRevision(env, appid) : 0),
  };
}

function* coveredApps(view: ReadView, scope: AppScope, env: string | undefined): Generator<AppRecords> {
  for (const app of view.apps(env)) if (scope.covers(app.env, app.appid)) yield app;
}
