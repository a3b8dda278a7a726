// Instances by something that DNS asks for and the registry does not keep, such as an address. Fed by the
// change stream, so it is exact when a write has been answered; leases are not in it, since renewals are no changes.
// Each key also counts, through `parents`, for the names above it: an empty non-terminal exists as long as something
// is below.

import type { Instance } from '../../registry/instance.ts';
import type { InstanceChange } from './instance-change.ts';

export class InstanceIndex {
  readonly #keysOf: (instance: Instance) => Iterable<string>;
  readonly #parentsOf: (key: string) => Iterable<string>;
  /** By key, in order of arrival; each instance under the text that is unique to it. */
  readonly #entries = new Map<string, Map<string, Instance>>();
  readonly #parents = new Map<string, number>();

  /** `keysOf`: where an instance is found. `parentsOf`: the names above a key, which exist because of it. */
  constructor(keysOf: (instance: Instance) => Iterable<string>, parentsOf: (key: string) => Iterable<string>) {
    this.#keysOf = keysOf;
    this.#parentsOf = parentsOf;
  }

  /** A change listener. */
  changed(change: InstanceChange): void {
    if (change.before !== undefined) this.#remove(change.before);
    if (change.after !== undefined) this.#add(change.after);
  }

  instances(key: string): ReadonlyMap<string, Instance> | undefined {
    return this.#entries.get(key);
  }

  /** True where some key lies below `name`. */
  isParent(name: string): boolean {
    return this.#parents.has(name);
  }

  #add(instance: Instance): void {
    for (const key of new Set(this.#keysOf(instance))) {
      let entry = this.#entries.get(key);
      if (entry === undefined) {
        entry = new Map();
        this.#entries.set(key, entry);
        for (const parent of this.#parentsOf(key)) this.#parents.set(parent, (this.#parents.get(parent) ?? 0) + 1);
      }
      entry.set(identity(instance), instance);
    }
  }

  #remove(instance: Instance): void {
    for (const key of new Set(this.#keysOf(instance))) {
      const entry = this.#entries.get(key);
      if (entry?.delete(identity(instance)) !== true || entry.size > 0) continue;
      this.#entries.delete(key);
      for (const parent of this.#parentsOf(key)) {
        const count = (this.#parents.get(parent) ?? 1) - 1;
        if (count === 0) this.#parents.delete(parent);
        else this.#parents.set(parent, count);
      }
    }
  }
}

/** Labels, appids and envs have no space in them. */
function identity({ env, appid, label }: Instance): string {
  return `${label} ${appid} ${env}`;
}
