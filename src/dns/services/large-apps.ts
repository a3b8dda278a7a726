// Which apps are large: with more addresses than an RRset may have records. All others are walked for every answer that is
// made, which is then as short as its answer. A change listener; an app that shrinks is let go at half of the limit, so
// that one that goes up and down about it is not made into numbers again and again.

import type { AppView, RegistryView } from '../../model/view.ts';
import { recordsPerRRsetMax } from '../message/rotation.ts';
import type { InstanceChange } from './instance-change.ts';
import { LargeApp } from './large-app.ts';

const addressesMax = recordsPerRRsetMax;
const addressesKept = addressesMax / 2;

export class LargeApps {
  readonly #view: Pick<RegistryView, 'at'>;
  /** By env and appid. */
  readonly #apps = new Map<string, Map<string, LargeApp>>();
  /** Addresses by env and appid, where the view does not count them. */
  readonly #counts = new Map<string, Map<string, number>>();

  constructor(view: Pick<RegistryView, 'at'>) {
    this.#view = view;
  }

  of({ env, appid }: Pick<AppView, 'env' | 'appid'>): LargeApp | undefined {
    return this.#apps.get(env)?.get(appid);
  }

  /** The view shows the change already. */
  changed(change: InstanceChange): void {
    const { before, after } = change;
    const place = after ?? before;
    if (place === undefined) return;
    const { env, appid } = place;
    const app = this.#view.at(env, appid);
    const addresses = this.#addresses(app, env, appid, change);
    const known = this.of(place);
    if (app === undefined || app === 'within' || (known !== undefined && addresses <= addressesKept)) {
      put(this.#apps, env, appid, undefined);
    } else if (known !== undefined) known.changed(before, after);
    else if (addresses > addressesMax) put(this.#apps, env, appid, new LargeApp(app));
  }

  #addresses(
    app: AppView | 'within' | undefined,
    env: string,
    appid: string,
    { before, after }: InstanceChange,
  ): number {
    if (typeof app === 'object' && app.addressCount !== undefined) return app.addressCount;
    const known = this.#counts.get(env)?.get(appid) ?? 0;
    const count = known + (after?.addrs.length ?? 0) - (before?.addrs.length ?? 0);
    put(this.#counts, env, appid, count > 0 ? count : undefined);
    return count;
  }
}

/** Undefined takes it out. */
function put<Value>(envs: Map<string, Map<string, Value>>, env: string, appid: string, value: Value | undefined): void {
  const apps = envs.get(env);
  if (value !== undefined) {
    if (apps === undefined) envs.set(env, new Map([[appid, value]]));
    else apps.set(appid, value);
    return;
  }
  apps?.delete(appid);
  if (apps?.size === 0) envs.delete(env);
}
