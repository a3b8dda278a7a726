// How many instances the credentials of one entry have registered, where the entry limits that (`instancesMax`). An instance
// belongs to the entry that has registered it last; that is stored with it (`quotaEntry`), and the counts follow the changes of
// the registry. So they are right after a restart, and in a cluster, where each node sees all instances, they are of
// the whole cluster.
// Limits: one number for each entry that has an instance. In a cluster nodes that register for one entry in the same moment
// see each other's instances a moment later, and may exceed its number by what is under way at the others.

import type { Change } from '../model/change.ts';
import type { InstanceRecord } from '../model/instance-record.ts';
import type { InstanceKey } from '../model/names.ts';
import type { Principal, Quota } from '../model/principal.ts';

export class Quotas {
  readonly #find: (key: InstanceKey) => InstanceRecord | undefined;
  /** Registered, and about to be: by entry. */
  readonly #counts = new Map<string, number>();

  constructor(find: (key: InstanceKey) => InstanceRecord | undefined) {
    this.#find = find;
  }

  /** Of an entry with a number of its own. */
  count(entry: string): number {
    return this.#counts.get(entry) ?? 0;
  }

  /** The quota that an instance would exceed; undefined: there is room. */
  exceededBy({ quota }: Principal, key: InstanceKey): Quota | undefined {
    if (quota === undefined || this.count(quota.entry) < quota.instancesMax) return undefined;
    return this.#find(key)?.instance.quotaEntry === quota.entry ? undefined : quota;
  }

  /** Keeps room for an instance whose registration is not confirmed yet; returns how to give it back. */
  reserve({ quota }: Principal): () => void {
    if (quota === undefined) return () => undefined;
    this.#add(quota.entry, 1);
    return () => this.#add(quota.entry, -1);
  }

  /** A subscriber: an instance has come, gone, or now counts for another entry. */
  changed({ before, after }: Change): void {
    const [from, to] = [before?.quotaEntry, after?.quotaEntry];
    if (from === to) return;
    if (from !== undefined) this.#add(from, -1);
    if (to !== undefined) this.#add(to, 1);
  }

  #add(entry: string, count: number): void {
    const sum = this.count(entry) + count;
    if (sum > 0) this.#counts.set(entry, sum);
    else this.#counts.delete(entry);
  }
}
