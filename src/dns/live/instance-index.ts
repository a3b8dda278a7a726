// Instances by something that DNS asks for and the registry does not keep, such as an address. Fed by the
// change stream, so it is exact when a write has been answered; leases are not in it, since renewals are no changes.
// Each key also counts, through `parents`, for the names above it: an empty non-terminal exists as long as something
// is below. Most keys lead to one instance: that one stands in its entry itself, for a map each would cost 200 octets.

import type { Change } from '../../registry/change.ts';
import type { Instance } from '../../registry/instance.ts';

/** One instance; or several in order of arrival, each under the text that is unique to it. */
type Entry = Instance | Map<string, Instance>;

export class InstanceIndex {
  readonly #keysOf: (instance: Instance) => Iterable<string>;
  readonly #parentsOf: (key: string) => Iterable<string>;
  readonly #entries = new Map<string, Entry>();
  readonly #parents = new Map<string, number>();

  /** `keysOf`: where an instance is found. `parentsOf`: the names above a key, which exist because of it. */
  constructor(keysOf: (instance: Instance) => Iterable<string>, parentsOf: (key: string) => Iterable<string>) {
    this.#keysOf = keysOf;
    this.#parentsOf = parentsOf;
  }

  /** A change listener. */
  changed(change: Change): void {
    if (change.before !== undefined) this.#remove(change.before);
    if (change.after !== undefined) this.#add(change.after);
  }

  /** Those with this key; none: undefined. */
  instances(key: string): Iterable<Instance> | undefined {
    const entry = this.#entries.get(key);
    return entry instanceof Map ? entry.values() : entry && [entry];
  }

  /** True where some key lies below `name`. */
  isParent(name: string): boolean {
    return this.#parents.has(name);
  }

  #add(instance: Instance): void {
    for (const key of new Set(this.#keysOf(instance))) {
      const entry = this.#entries.get(key);
      if (entry instanceof Map) entry.set(identity(instance), instance);
      else if (entry !== undefined) {
        this.#entries.set(key, new Map([entry, instance].map((one) => [identity(one), one])));
      } else {
        this.#entries.set(key, instance);
        for (const parent of this.#parentsOf(key)) this.#parents.set(parent, (this.#parents.get(parent) ?? 0) + 1);
      }
    }
  }

  #remove(instance: Instance): void {
    for (const key of new Set(this.#keysOf(instance))) {
      if (!this.#removeFrom(key, identity(instance))) continue;
      for (const parent of this.#parentsOf(key)) {
        const count = (this.#parents.get(parent) ?? 1) - 1;
        if (count === 0) this.#parents.delete(parent);
        else this.#parents.set(parent, count);
      }
    }
  }

  /** True where the key has nobody left. */
  #removeFrom(key: string, id: string): boolean {
    const entry = this.#entries.get(key);
    if (entry instanceof Map) entry.delete(id);
    else if (entry === undefined || identity(entry) !== id) return false;
    if (entry instanceof Map && entry.size > 0) return false;
    return this.#entries.delete(key);
  }
}

/** Labels, appids and envs have no space in them. */
function identity({ env, appid, label }: Instance): string {
  return `${label} ${appid} ${env}`;
}
