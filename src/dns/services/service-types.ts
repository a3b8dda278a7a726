// Which service types (`_http._tcp`) an env has, and which of its apps serve each, with how many instances: what browsing
// begins with. Instances themselves are found in their apps, so that a million of them need no second list.

import { type ServicePort, servicesOf } from '../../model/compact-instance.ts';
import type { Instance } from '../../model/instance.ts';
import type { InstanceChange } from './apps/instance-change.ts';
import { WeightedTexts } from './apps/weighted-texts.ts';

/** The apps of one type. */
export class AppsOfType {
  /** appid -> its instances that serve the type. */
  readonly counts = new Map<string, number>();
  /** Instances of all. */
  total = 0;
  /** Made when it is first asked for. */
  #order: WeightedTexts | undefined;

  add(appid: string, by: 1 | -1): void {
    const known = this.counts.get(appid) ?? 0;
    const count = known + by;
    this.total += by;
    if (count > 0) this.counts.set(appid, count);
    else this.counts.delete(appid);
    this.#order?.set(appid, known, count);
  }

  /** Draws up to `wanted` apps, by how many instances of the type each has: the same on all threads and nodes. */
  draw(wanted: number, start: number): { readonly appids: readonly string[]; readonly firsts: readonly number[] } {
    if (this.#order === undefined) {
      this.#order = new WeightedTexts();
      for (const [appid, count] of this.counts) this.#order.set(appid, 0, count);
    }
    const { texts, firsts } = this.#order.draw(wanted, start);
    return { appids: texts, firsts };
  }
}

/** The types of one env. */
export class TypesOfEnv {
  readonly #apps = new Map<string, AppsOfType>();
  /** Made when it is first asked for. */
  #order: WeightedTexts | undefined;
  #tcp = 0;

  get size(): number {
    return this.#apps.size;
  }

  /** `_http._tcp` */
  names(): Iterable<string> {
    return this.#apps.keys();
  }

  get(type: string): AppsOfType | undefined {
    return this.#apps.get(type);
  }

  /** Whether one is over TCP. */
  get hasTcp(): boolean {
    return this.#tcp > 0;
  }

  add(type: string, appid: string, by: 1 | -1): void {
    let apps = this.#apps.get(type);
    if (apps === undefined) {
      apps = new AppsOfType();
      this.#apps.set(type, apps);
      this.#count(type, 1);
    }
    apps.add(appid, by);
    if (apps.total > 0) return;
    this.#apps.delete(type);
    this.#count(type, -1);
  }

  /** Draws up to `wanted` types: the same on all threads and nodes. */
  draw(wanted: number, start: number): { readonly texts: readonly string[]; readonly firsts: readonly number[] } {
    if (this.#order === undefined) {
      this.#order = new WeightedTexts();
      for (const type of this.#apps.keys()) this.#order.set(type, 0, 1);
    }
    return this.#order.draw(wanted, start);
  }

  #count(type: string, by: 1 | -1): void {
    if (type.endsWith('._tcp')) this.#tcp += by;
    if (by > 0) this.#order?.set(type, 0, 1);
    else this.#order?.set(type, 1, 0);
  }
}

export class ServiceTypes {
  readonly #envs = new Map<string, TypesOfEnv>();
  /** Of the instance before: those that come or go together mostly serve the same. */
  #latest: { readonly services: readonly ServicePort[]; readonly types: ReadonlySet<string> } | undefined;

  /** A change listener. */
  changed({ before, after }: InstanceChange): void {
    if (before !== undefined) for (const type of this.#typesOf(before)) this.#add(type, before, -1);
    if (after !== undefined) for (const type of this.#typesOf(after)) this.#add(type, after, 1);
  }

  /** Undefined: nothing is registered in the env. */
  of(env: string): TypesOfEnv | undefined {
    return this.#envs.get(env);
  }

  #typesOf(instance: Instance): ReadonlySet<string> {
    const services = servicesOf(instance);
    if (this.#latest?.services !== services) {
      const types = new Set(services.map(({ portName, protocol }) => `_${portName}._${protocol}`));
      this.#latest = { services, types };
    }
    return this.#latest.types;
  }

  #add(type: string, { env, appid }: Instance, by: 1 | -1): void {
    let types = this.#envs.get(env);
    if (types === undefined) {
      types = new TypesOfEnv();
      this.#envs.set(env, types);
    }
    types.add(type, appid, by);
    if (types.size === 0) this.#envs.delete(env);
  }
}
