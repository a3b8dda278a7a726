// Something kept for each of some apps, by env and app: two maps, so that looking one up makes no text.

import type { Named } from './catalogue.ts';

export class ByApp<Kept> {
  readonly #envs = new Map<string, Map<string, Kept>>();

  get({ env, appid }: Named): Kept | undefined {
    return this.#envs.get(env)?.get(appid);
  }

  set({ env, appid }: Named, kept: Kept): void {
    const apps = this.#envs.get(env) ?? new Map<string, Kept>();
    if (apps.size === 0) this.#envs.set(env, apps);
    apps.set(appid, kept);
  }

  delete({ env, appid }: Named): void {
    const apps = this.#envs.get(env);
    if (apps?.delete(appid) && apps.size === 0) this.#envs.delete(env);
  }

  *values(): Generator<Kept> {
    for (const apps of this.#envs.values()) yield* apps.values();
  }
}
