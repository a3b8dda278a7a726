// What a node does between a cut and being joined again: it raises the base of the numbers above all that it has used by
// itself, has its pending writes decided, and answers with the cluster's numbers again. No client sees a number that falls.

import type { ClusterDeps, ClusterSettings } from '../cluster-options.ts';
import { isFault } from '../engine.ts';
import type { PendingWrites } from '../replica/pending-writes.ts';
import type { ClusterReplica } from '../replica/replica.ts';
import { raiseBase } from '../writes/number-space.ts';
import type { PendingSettler } from './settling.ts';

const roundsMax = 20;
const appliedMs = 5000;

export interface RejoiningDeps extends Pick<ClusterDeps, 'engine' | 'registry'> {
  readonly settings: Pick<ClusterSettings, 'prefix' | 'node'>;
  readonly replica: ClusterReplica;
  readonly pending: PendingWrites;
  readonly settling: PendingSettler;
}

export class Rejoining {
  readonly #deps: RejoiningDeps;

  constructor(deps: RejoiningDeps) {
    this.#deps = deps;
  }

  /** Undefined: it is as the others are. Otherwise why not. */
  async settle(): Promise<string | undefined> {
    const { registry, replica, pending, settling } = this.#deps;
    for (let round = 0; round < roundsMax; round++) {
      // Others may be writing: what they add meanwhile is a round more.
      const trouble = registry.revision > replica.serial ? await this.#raise() : await settling.all();
      if (trouble !== undefined) return trouble;
      if (registry.revision > replica.serial || pending.size > 0) continue;
      replica.rejoin();
      return undefined;
    }
    return 'writes go on coming in faster than etcd decides them';
  }

  async #raise(): Promise<string | undefined> {
    const { registry, replica, settings } = this.#deps;
    const raised = await raiseBase(this.#deps, settings, registry.revision);
    if (isFault(raised)) return raised.detail;
    if (raised.revision === undefined) return undefined;
    return (await replica.hasApplied(raised.revision, appliedMs)) ? undefined : 'its watch is late';
  }
}
