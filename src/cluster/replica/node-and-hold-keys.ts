// The keys in etcd beside the instances, as they come by the list and the watch: nodes and their deaths, hashes of their zone
// files, and holds of instances that are not registered.

import type { InstanceKey } from '../../model/names.ts';
import type { Entry } from '../engine.ts';
import { parseHold } from '../records/hold-value.ts';
import type { ClusterKey } from '../records/keys.ts';
import type { BadKeys } from './bad-keys.ts';
import type { ReplicaOptions } from './replica-options.ts';

export class NodeAndHoldKeys {
  readonly #options: Pick<ReplicaOptions, 'registry' | 'events'>;
  readonly #bad: BadKeys;

  constructor(options: Pick<ReplicaOptions, 'registry' | 'events'>, bad: BadKeys) {
    this.#options = options;
    this.#bad = bad;
  }

  /** No entry: it was deleted. `revision`: of etcd's, when that was so. False: it is a key of another kind. */
  seen(key: ClusterKey, entry: Entry | undefined, revision: number): boolean {
    const { events } = this.#options;
    if (key.kind === 'node' || key.kind === 'dead') events.node(key.kind, key.node, entry?.value, revision);
    else if (key.kind === 'zone') events.zone(key.node, entry?.value);
    else if (key.kind === 'hold') this.#hold(key.key, entry);
    else return false;
    return true;
  }

  /** One that is registered has its hold in its record. */
  #hold(key: InstanceKey, entry: Entry | undefined): void {
    const { registry } = this.#options;
    if (registry.find(key) !== undefined) return;
    const override = entry === undefined ? undefined : parseHold(entry.value);
    if (override !== undefined) registry.keepHold(key, override);
    else if (entry === undefined) registry.releaseHold(key);
    else this.#bad.add(entry.key);
  }
}
