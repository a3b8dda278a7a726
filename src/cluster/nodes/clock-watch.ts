// Reports a node whose clock differs from this one's, once until it is right again. Leases do not depend on the clocks; the
// order of two conflicting writers does.

import type { ClusterLog } from '../cluster-log.ts';
import type { NodeState } from './nodes-table.ts';

const skewMsMax = 5000;

export class ClockWatch {
  readonly #log: ClusterLog;
  readonly #skewed = new Set<string>();

  constructor(log: ClusterLog) {
    this.#log = log;
  }

  /** With each hello. */
  look(nodes: Iterable<Pick<NodeState, 'node' | 'skewMs'>>): void {
    for (const { node, skewMs } of nodes) {
      const isWrong = Math.abs(skewMs) > skewMsMax;
      const skewSeconds = Math.round(skewMs / 1000);
      if (isWrong && !this.#skewed.has(node))
        this.#log('warn', { node, skewSeconds }, 'the clock of a node differs: is NTP running?');
      if (isWrong) this.#skewed.add(node);
      else this.#skewed.delete(node);
    }
  }
}
