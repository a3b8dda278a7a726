// The services of the env with the tags of their instances, as the catalog lists them. Of each app what was found is kept
// until it changes, so that a registration costs a look at its own app, however many there are.
// Limits: one entry an app.

import type { ReadView } from '../../../control/read-view.ts';
import type { AppRecords } from '../../../model/app-records.ts';
import { serviceNameOf } from './part.ts';
import { tagsOf } from './shown-service.ts';

interface AppTags {
  readonly revision: number;
  /** As Consul was given it; instances that came in another way are among them. */
  readonly name: string;
  /** In order. */
  readonly tags: readonly string[];
}

export class ServiceTags {
  readonly #view: Pick<ReadView, 'apps'>;
  readonly #env: string;
  #byApp = new Map<string, AppTags>();

  constructor(view: Pick<ReadView, 'apps'>, env: string) {
    this.#view = view;
    this.#env = env;
  }

  /** By name, each with its tags in order. `own`: a service beside them. */
  sorted(own: string): Readonly<Record<string, readonly string[]>> {
    const byApp = new Map<string, AppTags>();
    const found = new Map<string, readonly string[]>([[own, []]]);
    for (const app of this.#view.apps(this.#env)) {
      const known = this.#byApp.get(app.appid);
      const kept = known?.revision === app.revision ? known : tagsOfApp(app);
      byApp.set(app.appid, kept);
      found.set(kept.name, kept.tags);
    }
    this.#byApp = byApp;
    return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

function tagsOfApp(app: AppRecords): AppTags {
  let name = app.appid;
  const tags = new Set<string>();
  for (const { instance } of app.instances()) {
    if (instance.fronts?.consul !== undefined) name = serviceNameOf(instance);
    for (const tag of tagsOf(instance)) tags.add(tag);
  }
  return { revision: app.revision, name, tags: [...tags].sort() };
}
