// A node's report on its cluster, for operators and monitors. Undefined everywhere outside of one.

import type { HistogramCounts } from '../runtime/histogram.ts';

export interface NodeStatus {
  readonly node: string;
  readonly url: string | undefined;
  readonly version: string | undefined;
  /** Wall-clock milliseconds. */
  readonly startedAtMs: number | undefined;
  /** `leaving`: it sent goodbye. `dead`: neither a session nor a hello; `cut`: it sends hello, and has no session. */
  readonly state: 'joined' | 'cut' | 'starting' | 'rewound' | 'dead' | 'left';
  /** Instances whose leases it runs. */
  readonly owned: number;
  /** Since it was heard directly; undefined: never, or it is this one. */
  readonly heardMsAgo: number | undefined;
  /** It died without a word: drains are not safe until it is back or struck off. */
  readonly isMissed: boolean;
  /** By how much its clock is ahead. */
  readonly clockSkewMs: number;
  /** Renewals that could not be forwarded to it from here. */
  readonly forwardFailures: number;
}

/** At which a node answers DNS: the name of its server, and addresses where that name is within the origin. */
export interface NodeDns {
  readonly server: string;
  readonly addresses: readonly string[];
}

/** The store of the cluster, as the member in use reports it. */
export interface StoreStatus {
  readonly endpoint: string;
  readonly version: string;
  readonly databaseOctets: number;
  readonly databaseUsedOctets: number;
  readonly isOutOfSpace: boolean;
}

/** Where the registry is that the nodes share: in etcd, or with each of them. */
export type ClusterMode = 'ap' | 'cp' | 'peers';

export interface ClusterStatus {
  readonly node: string;
  readonly mode: ClusterMode;
  readonly state: 'starting' | 'joined' | 'cut' | 'rewound';
  /** Why it is not joined; '' where it is. */
  readonly why: string;
  readonly sinceMs: number;
  readonly nodes: readonly NodeStatus[];
  readonly owned: number;
  readonly orphans: number;
  /** Dead nodes whose instances this one lets go. */
  readonly executorFor: readonly string[];
  /** Since etcd was heard on the watch, or the changes of a living node. */
  readonly watchSilentMs: number;
  /** Since the session was proven last; negative: just now. */
  readonly sessionAgeMs: number;
  /** Until when the session is proven, from now; negative: it is not. */
  readonly sessionLeftMs: number;
  /** Undefined: it does not answer, or there is none. */
  readonly etcd: StoreStatus | undefined;
  readonly counts: Readonly<Record<ClusterCount, number>>;
  /** Why this node took instances over. */
  readonly takeovers: Readonly<Record<TakeoverWhy, number>>;
  /** How long etcd took for a transaction, how many writes went in one, and from a write's stamp until it was applied here. */
  readonly measured: Readonly<Record<'commitSeconds' | 'groupSize' | 'propagationSeconds', HistogramCounts>>;
}

export const clusterCounts = {
  pending: 'Writes that wait for etcd.',
  won: 'Writes that were taken.',
  lost: 'Writes that another write had overtaken.',
  ownReplyLost: 'Writes that etcd had taken before the reply was lost.',
  failed: 'Writes without a reply from etcd.',
  evictions: 'Instances that this node evicted.',
  forwarded: 'Renewals forwarded to the node that runs the lease.',
  forwardFailures: 'Renewals that could not be forwarded.',
  spared: 'Leases about to end that another node had heard.',
  asked: 'Leases about to end that the other nodes were asked about.',
  resumed: 'Watches of etcd, or streams of other nodes, that went on where they stopped.',
  compacted: 'Watches of etcd, or streams of other nodes, that had to begin anew.',
  rewound: 'Times that etcd had another history.',
  unknownFound: 'Renewals of instances unknown here that another node knew.',
  unknownRefused: 'Renewals of instances that no node knew.',
  unsettled: 'Writes accepted without etcd that it has not decided yet.',
  conflicts:
    'Writes accepted while cut off that do not count, because another was made after them; in mode peers, instances that were put together from what two nodes wrote.',
  drift: 'Instances that this node did not have as etcd has them, repaired.',
  badRecords: 'Keys that another node wrote and that could not be read.',
  etcdConnections: 'Connections to etcd that were tried.',
} as const;

/** The owner is dead; it lives and cannot be reached from here; the instance is not renewed, and its owner is dead. */
export const takeoverWhys = ['dead', 'unreachable', 'unleased'] as const;
export type TakeoverWhy = (typeof takeoverWhys)[number];

export type ClusterCount = keyof typeof clusterCounts;

export type Forgotten = 'forgotten' | 'unknown' | 'alive' | { readonly trouble: string };

export interface ClusterView {
  readonly mode: ClusterMode;
  status(): ClusterStatus;
  /** Settles once this node has every write that was answered before; a reason: it cannot know. Never asked in mode peers. */
  upToDate(): Promise<string | undefined>;
  /** Strikes off a node that died and will not come back. */
  forget(node: string): Promise<Forgotten>;
}
