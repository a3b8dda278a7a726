// The cluster as one of its nodes sees it, put together for people and monitors.

import type { ClusterStatus, NodeStatus } from '../../model/cluster-status.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Histogram } from '../../runtime/histogram.ts';
import type { EngineStatus } from '../engine.ts';
import type { NodeState } from './nodes-table.ts';

/** What it reads of this node. */
export interface ObservedNode extends Pick<ClusterStatus, 'state' | 'why' | 'sinceMs'> {
  readonly name: string;
  readonly mode: ClusterStatus['mode'];
  /** In mode `peers`. */
  readonly network: ObservedNetwork | undefined;
  /** Monotonic milliseconds. */
  readonly provenUntilMs: number;
  readonly follower:
    | { silentMs(): number; readonly resumed: Readonly<Record<'resumed' | 'compacted' | 'rewound', number>> }
    | undefined;
  readonly etcd: EngineStatus | undefined;
  /** Of the session, when it is proven to be alive: so long. */
  readonly provenForMs: number;
  readonly parts: ObservedParts;
}

interface ObservedNetwork {
  silentMs(): number;
  readonly counts: { readonly resumed: number; readonly gaps: number; readonly conflicts: number };
}

interface ObservedParts {
  readonly table: { all(): Iterable<NodeState> };
  readonly watch: { readonly executes: Iterable<string> };
  readonly publisher: {
    readonly waiting: number;
    readonly counts: Readonly<Record<'won' | 'lost' | 'failed' | 'own-reply-lost', number>>;
  };
  readonly driftCheck: { readonly drift: number };
  readonly elsewhere: { readonly counts: { readonly found: number; readonly unknown: number } };
  readonly pending: { readonly size: number; readonly conflicts: number };
  readonly runner: {
    readonly ownership: { counts(): { readonly orphans: number }; readonly spared: number };
    readonly swaps: { readonly takeovers: ClusterStatus['takeovers']; readonly evictions: number };
  };
  readonly peers: {
    readonly forwarded: number;
    readonly forwardFailures: number;
    readonly failuresTo: ReadonlyMap<string, number>;
    readonly asked: number;
  };
  readonly measured: { readonly commitSeconds: Histogram; readonly groupSizes: Histogram };
  readonly propagationSeconds: Histogram;
  readonly replica: { readonly records: { ownedBy(node: string): number }; readonly badRecords: number };
}

export function clusterStatus(node: ObservedNode, clock: Clock, etcdConnections: number): ClusterStatus {
  const { name, mode, state, why, sinceMs, follower, network } = node;
  const { publisher, runner, peers, replica, watch, table, pending, elsewhere, driftCheck } = node.parts;
  const nowMs = clock.monotonicMs();
  const { won, lost, failed, 'own-reply-lost': ownReplyLost } = publisher.counts;
  const { resumed, compacted, rewound } = resumedOf(node);
  const nodes = [...table.all()].map((one) => nodeStatus(one, node, nowMs));
  return {
    node: name,
    mode,
    ...{ state, why: state === 'joined' ? '' : why, sinceMs },
    nodes: nodes.sort((a, b) => (a.node < b.node ? -1 : 1)),
    owned: replica.records.ownedBy(name),
    orphans: runner.ownership.counts().orphans,
    executorFor: [...watch.executes],
    watchSilentMs: network?.silentMs() ?? follower?.silentMs() ?? 0,
    sessionLeftMs: node.provenUntilMs - nowMs,
    sessionAgeMs: node.provenForMs - (node.provenUntilMs - nowMs),
    etcd: node.etcd,
    takeovers: runner.swaps.takeovers,
    measured: {
      commitSeconds: node.parts.measured.commitSeconds.counts,
      groupSize: node.parts.measured.groupSizes.counts,
      propagationSeconds: node.parts.propagationSeconds.counts,
    },
    counts: {
      pending: publisher.waiting + pending.size,
      ...{ won, lost, ownReplyLost, failed, resumed, compacted, rewound, etcdConnections },
      spared: runner.ownership.spared,
      evictions: runner.swaps.evictions,
      forwarded: peers.forwarded,
      forwardFailures: peers.forwardFailures,
      asked: peers.asked,
      badRecords: replica.badRecords,
      unknownFound: elsewhere.counts.found,
      unknownRefused: elsewhere.counts.unknown,
      unsettled: pending.size,
      conflicts: network?.counts.conflicts ?? pending.conflicts,
      drift: driftCheck.drift,
    },
  };
}

function resumedOf({ network, follower }: ObservedNode) {
  if (network === undefined) return follower?.resumed ?? { resumed: 0, compacted: 0, rewound: 0 };
  const { resumed, gaps } = network.counts;
  return { resumed, compacted: gaps, rewound: 0 };
}

function nodeStatus(
  state: NodeState,
  { name, state: own, parts: { replica, peers } }: ObservedNode,
  nowMs: number,
): NodeStatus {
  const isMe = state.node === name;
  return {
    node: state.node,
    url: state.info?.url,
    version: state.info?.version,
    startedAtMs: state.info?.startedAtMs,
    state: isMe ? own : stateOf(state),
    owned: replica.records.ownedBy(state.node),
    heardMsAgo: isMe || !state.hasSentHello ? undefined : nowMs - state.provenMs,
    isMissed: state.isMissed,
    clockSkewMs: isMe ? 0 : state.skewMs,
    forwardFailures: peers.failuresTo.get(state.node) ?? 0,
  };
}

function stateOf({ isDead, hasLeft, hasSession, hasSentHello, isJoined }: NodeState): NodeStatus['state'] {
  if (hasLeft && !hasSession) return 'left';
  if (isDead) return 'dead';
  // Its session is there before its first hello.
  if (hasSession && !hasSentHello) return 'starting';
  return hasSession && isJoined ? 'joined' : 'cut';
}
