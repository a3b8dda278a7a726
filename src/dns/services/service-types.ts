// Which service types (`_http._tcp`) an env has, and which of its apps serve each, with how many instances: what browsing
// begins with. Instances themselves are found in their apps, so that a million of them need no second list.

import type { Instance } from '../../model/instance.ts';
import type { InstanceChange } from './instance-change.ts';

/** appid -> its instances that serve the type. */
export type AppsOfType = ReadonlyMap<string, number>;

export class ServiceTypes {
  readonly #envs = new Map<string, Map<string, Map<string, number>>>();

  /** A change listener. */
  changed({ before, after }: InstanceChange): void {
    if (before !== undefined) for (const type of typesOf(before)) this.#remove(type, before);
    if (after !== undefined) for (const type of typesOf(after)) this.#add(type, after);
  }

  /** By type; undefined: nothing is registered in the env. */
  of(env: string): ReadonlyMap<string, AppsOfType> | undefined {
    return this.#envs.get(env);
  }

  #add(type: string, { env, appid }: Instance): void {
    let types = this.#envs.get(env);
    if (types === undefined) {
      types = new Map();
      this.#envs.set(env, types);
    }
    let apps = types.get(type);
    if (apps === undefined) {
      apps = new Map();
      types.set(type, apps);
    }
    apps.set(appid, (apps.get(appid) ?? 0) + 1);
  }

  #remove(type: string, { env, appid }: Instance): void {
    const types = this.#envs.get(env);
    const apps = types?.get(type);
    if (types === undefined || apps === undefined) return;
    const count = (apps.get(appid) ?? 1) - 1;
    if (count > 0) apps.set(appid, count);
    else apps.delete(appid);
    if (apps.size === 0) types.delete(type);
    if (types.size === 0) this.#envs.delete(env);
  }
}

function typesOf({ addrs }: Instance): Iterable<string> {
  const [first] = addrs;
  if (first !== undefined && addrs.length === 1) return [`_${first.port}._${first.protocol}`];
  return new Set(addrs.map(({ port, protocol }) => `_${port}._${protocol}`));
}
