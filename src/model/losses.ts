// What a node misses of the instances whose leases it runs, for the guards of the other nodes of its cluster: an app with an
// instance on each of three nodes is judged as one of three.

import type { AppKey } from './names.ts';

export interface AppLosses extends AppKey {
  readonly losses: number;
}

export interface Losses {
  /** Of all apps. */
  readonly registry: number;
  /** Of those that miss some, and no others. */
  readonly apps: readonly AppLosses[];
}

/** What other nodes of the cluster run of a scope, and miss of it. */
export interface OthersShare {
  readonly serving: number;
  readonly losses: number;
}

/** Of an app; undefined: of the whole registry. */
export type AskOthers = (app: AppKey | undefined) => OthersShare;
