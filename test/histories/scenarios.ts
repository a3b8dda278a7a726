// What each scenario does to three nodes and three members of etcd, how long it lasts, and what becomes of the instances of
// the node that it hits.

import type { FaultKind } from '../kit/cluster/cluster-nemesis.ts';

export interface Scenario {
  readonly fault: FaultKind;
  readonly faultSeconds: number;
  /** The first node is dead meanwhile: its silent instances leave later. */
  readonly isOwnerDead: boolean;
  /** Its clients go on at it, so that the others miss all it had, and their guard holds them until it is back. */
  readonly isOwnerHeld?: boolean;
  /** A peer with a session does not answer: a lease may last half as long again. */
  readonly isPeerSilent?: boolean;
  /** None is evicted meanwhile: no node may write. */
  readonly isEtcdAway?: boolean;
  /** A copy of etcd is made before, and changes follow it. */
  readonly isSaved?: boolean;
}

export const scenarios = {
  renewals: { fault: 'none', faultSeconds: 30, isOwnerDead: false },
  kill: { fault: 'kill-node', faultSeconds: 50, isOwnerDead: true },
  stop: { fault: 'end-node', faultSeconds: 30, isOwnerDead: true },
  'hang-node': { fault: 'stop-node', faultSeconds: 50, isOwnerDead: true, isPeerSilent: true },
  outage: { fault: 'outage', faultSeconds: 40, isOwnerDead: false, isEtcdAway: true },
  cut: { fault: 'isolate', faultSeconds: 34, isOwnerDead: true, isOwnerHeld: true },
  'cut-etcd': { fault: 'cut-etcd', faultSeconds: 34, isOwnerDead: true },
  'cut-peer': { fault: 'cut-peer', faultSeconds: 34, isOwnerDead: false, isPeerSilent: true },
  'cut-way': { fault: 'cut-way', faultSeconds: 34, isOwnerDead: false, isPeerSilent: true },
  split: { fault: 'split', faultSeconds: 34, isOwnerDead: true, isOwnerHeld: true },
  wipe: { fault: 'wipe', faultSeconds: 5, isOwnerDead: false, isEtcdAway: true },
  restore: { fault: 'restore', faultSeconds: 5, isOwnerDead: false, isSaved: true, isEtcdAway: true },
  'hang-member': { fault: 'stop-follower', faultSeconds: 8, isOwnerDead: false },
  'hang-leader': { fault: 'stop-leader', faultSeconds: 8, isOwnerDead: false },
  'full-disk': { fault: 'full-disk', faultSeconds: 30, isOwnerDead: false, isEtcdAway: true },
  compact: { fault: 'compact', faultSeconds: 5, isOwnerDead: false },
  skew: { fault: 'skew', faultSeconds: 30, isOwnerDead: false },
} as const satisfies Readonly<Record<string, Scenario>>;

export type ScenarioName = keyof typeof scenarios;
export const scenarioNames = Object.keys(scenarios) as ScenarioName[];
