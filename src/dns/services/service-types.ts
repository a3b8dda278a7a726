// Which service types (`_http._tcp`) an env has, and which of its apps serve each, with how many instances: what browsing
// begins with. Instances themselves are found in their apps, so that a million of them need no second list.

import type { Instance } from '../../model/instance.ts';
import { mixed, textHash } from '../../runtime/text-hash.ts';
import type { InstanceChange } from './instance-change.ts';
import { OrderedSlots } from './ordered-slots.ts';

/** The apps of one type. */
export class AppsOfType {
  /** appid -> its instances that serve the type. */
  readonly counts = new Map<string, number>();
  /** Instances of all. */
  total = 0;
  /** Made when it is first asked for. */
  #order: AppOrder | undefined;

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
      this.#order = new AppOrder();
      for (const [appid, count] of this.counts) this.#order.set(appid, 0, count);
    }
    return this.#order.draw(wanted, start);
  }
}

/** Apps in the order of a hash, with their counts as weights. */
class AppOrder {
  readonly #slots = new OrderedSlots();
  readonly #appids: string[] = [];
  readonly #slotOf = new Map<string, number>();
  readonly #free: number[] = [];

  set(appid: string, known: number, count: number): void {
    const key = mixed(textHash(appid));
    const slot = this.#slotOf.get(appid) ?? this.#free.pop() ?? this.#appids.length;
    if (known > 0) this.#slots.delete(key, slot);
    if (count > 0) {
      this.#slots.insert(key, slot, 1, count);
      this.#appids[slot] = appid;
      this.#slotOf.set(appid, slot);
    } else if (this.#slotOf.delete(appid)) this.#free.push(slot);
  }

  draw(wanted: number, start: number): { readonly appids: readonly string[]; readonly firsts: readonly number[] } {
    const all = { set: undefined, want: 0, having: undefined };
    const { order, firsts } = this.#slots.look(all, undefined).draw(wanted, start);
    return { appids: order.map((slot) => this.#appids[slot] as string), firsts };
  }
}

export class ServiceTypes {
  readonly #envs = new Map<string, Map<string, AppsOfType>>();

  /** A change listener. */
  changed({ before, after }: InstanceChange): void {
    if (before !== undefined) for (const type of typesOf(before)) this.#add(type, before, -1);
    if (after !== undefined) for (const type of typesOf(after)) this.#add(type, after, 1);
  }

  /** By type; undefined: nothing is registered in the env. */
  of(env: string): ReadonlyMap<string, AppsOfType> | undefined {
    return this.#envs.get(env);
  }

  #add(type: string, { env, appid }: Instance, by: 1 | -1): void {
    let types = this.#envs.get(env);
    if (types === undefined) {
      types = new Map();
      this.#envs.set(env, types);
    }
    let apps = types.get(type);
    if (apps === undefined) {
      apps = new AppsOfType();
      types.set(type, apps);
    }
    apps.add(appid, by);
    if (apps.total === 0) types.delete(type);
    if (types.size === 0) this.#envs.delete(env);
  }
}

function typesOf({ addrs }: Instance): Iterable<string> {
  const [first] = addrs;
  if (first !== undefined && addrs.length === 1) return [`_${first.portName}._${first.protocol}`];
  return new Set(addrs.map(({ portName, protocol }) => `_${portName}._${protocol}`));
}
