// One node of the simulated cluster without etcd (peers-simulation.ts): its store, its ownership machine, and whom it hears.

import { Ownership } from '../../../src/cluster/ownership/ownership.ts';
import { DeathWatch } from '../../../src/cluster/peers-engine/death-watch.ts';
import { StoreNode } from './shared-stores.ts';

export const ceilingMs = 3_600_000;

export class SimulatedNode {
  readonly name: string;
  readonly stored: StoreNode;
  ownership: Ownership;
  deaths = new DeathWatch(ceilingMs);
  isUp = true;
  isPaused = false;
  isJoined = false;
  provenUntilMs = 0;
  run = 0;
  readonly heardMs = new Map<string, number>();
  readonly living = new Set<string>();
  /** How far it has the changes of each. */
  readonly cursors = new Map<string, number>();

  constructor(name: string) {
    this.name = name;
    this.stored = new StoreNode(name);
    this.ownership = this.fresh();
  }

  fresh(): Ownership {
    return new Ownership({ me: this.name, idPrefix: `${this.name}-${++this.run}-`, mayEvict: () => true });
  }

  get works(): boolean {
    return this.isUp && !this.isPaused;
  }
}
