// What has changed in the last three minutes, each instance once as its last change left it. Clients apply it again and
// again, and fetch everything where the hashcode does not fit: after a gap in the changes that are kept, for one.
// Limits: the changes are those of the change log, which is bounded; they are read once each.

import type { ChangeSource } from '../../../control/read-view.ts';
import type { Change } from '../../../model/change.ts';
import { instanceKey } from '../../../model/names.ts';
import type { AppScope } from '../../../model/scope.ts';
import type { Application } from './applications.ts';
import { type ActionType, type InstanceInfo, instanceInfo } from './instance-info.ts';

/** As long as the original keeps them; its clients ask every 30 s. */
const keptMs = 180_000;

export class Delta {
  readonly #source: ChangeSource;
  readonly #env: string;
  #recent: Change[] = [];
  #read: number;

  constructor(source: ChangeSource, env: string) {
    this.#source = source;
    this.#env = env;
    this.#read = source.completeSince;
  }

  applications(wallMs: number, scope: AppScope): readonly Application[] {
    this.#follow(wallMs);
    const last = new Map<string, { readonly change: Change; readonly isNew: boolean }>();
    for (const change of this.#recent) {
      const { env, appid, instance } = change.after ?? change.before;
      if (!scope.covers(env, appid)) continue;
      const key = `${appid} ${instanceKey(instance)}`;
      const isNew = change.kind === 'registered' || (change.kind === 'updated' && last.get(key)?.isNew === true);
      // In the order of their last changes.
      last.delete(key);
      last.set(key, { change, isNew });
    }
    const apps = new Map<string, InstanceInfo[]>();
    for (const { change, isNew } of last.values()) {
      const info = instanceInfo(shownAfter(change), actionOf(change, isNew));
      apps.set(info.app, [...(apps.get(info.app) ?? []), info]);
    }
    return [...apps].map(([name, instance]) => ({ name, instance }));
  }

  #follow(wallMs: number): void {
    const changes = this.#source.since(this.#read) ?? this.#source.since(this.#source.completeSince) ?? [];
    for (const change of changes) {
      this.#read = change.revision;
      if ((change.after ?? change.before).env === this.#env) this.#recent.push(change);
    }
    this.#recent = this.#recent.filter(({ atMs }) => atMs > wallMs - keptMs);
  }
}

function shownAfter({ after, before, times }: Change) {
  return { instance: after ?? before, ...times };
}

function actionOf({ kind }: Change, isNew: boolean): ActionType {
  if (kind === 'cancelled' || kind === 'evicted') return 'DELETED';
  return isNew ? 'ADDED' : 'MODIFIED';
}
