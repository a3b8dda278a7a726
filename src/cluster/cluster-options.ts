// What a node of a cluster is made with, and what it hands to the rest of the program.

import type { AnsweredInstance, AnswersHeld } from '../model/answers-held.ts';
import type { ClusterMode, NodeDns } from '../model/cluster-status.ts';
import type { Instance } from '../model/instance.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ClusterLog } from './cluster-log.ts';
import type { Engine } from './engine.ts';
import type { PeerCredentials } from './peer-link/credentials.ts';
import type { PeerNetwork } from './peers-engine/peer-network.ts';
import type { RegistryPort } from './registry-port.ts';
import type { LocalCopy } from './replica/local-copy.ts';

export interface ClusterSettings {
  /** With a final slash. */
  readonly prefix: string;
  readonly node: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** How the others reach the listener; undefined: as it listens. */
  readonly advertise: string | undefined;
  /**
   * `ap`: what is written while cut off is accepted here and decided later. `cp`: it is refused. `peers`: there is no etcd,
   * and each node is the authority for what it runs.
   */
  readonly mode: ClusterMode;
  readonly sessionSeconds: number;
  /** `all`: no drain is safe while a node that died without a word may answer resolvers. */
  readonly drainCertainty: 'reachable' | 'all';
  /** So long a start waits for etcd before it goes on with what the data folder has. */
  readonly startWaitSeconds: number;
  readonly commitWaitMs: number;
  /** So long after its owner was last heard an instance is answered as out of date. */
  readonly serveCutSeconds: number;
  readonly guardPercent: number;
  readonly guardCeilingSeconds: number;
  readonly evictionPercentPerMinute: number;
}

export interface ClusterDeps {
  readonly engine: Engine;
  /** In mode `peers`; its engine is `engine`. */
  readonly network: PeerNetwork | undefined;
  readonly registry: RegistryPort;
  readonly credentials: PeerCredentials;
  /** Undefined: nothing is kept. */
  readonly copy: LocalCopy | undefined;
  /** Time that does not stop while the process does: a session ends meanwhile. */
  readonly clock: Clock;
  /** The registry's own. */
  readonly registryClock: Clock;
  readonly version: string;
  /** Where this node answers DNS. */
  readonly dns: NodeDns;
  /** Where the nodes that have a session do, this one among them: once it is known, and when it is another list. */
  readonly onNameServers: (servers: readonly NodeDns[]) => void;
  /** Hashes of this node's zone files, by zone. */
  readonly zoneDigests: () => ReadonlyMap<string, string>;
  readonly log: ClusterLog;
  /** The numbers are the cluster's from now on. */
  readonly newLife: () => string;
  /** The numbers are of this node's own life from now on, until `onLife`. */
  readonly onOwnLife: (life: string) => void;
  readonly onLife: (life: string) => void;
  /** Another node runs the instance from now on, or this one. */
  readonly onOwner: (instance: Instance, isOwn: boolean) => void;
  /** The changes up to now are not all known one by one. */
  readonly onGap: () => void;
  /** Answers another node's question for changes that this one has applied; undefined: it cannot. */
  readonly ownEvents: (question: unknown) => Promise<object | undefined>;
  /** Asked once every change so far is in the answers. */
  readonly answersHeld: (instance: AnsweredInstance) => Promise<AnswersHeld>;
}
