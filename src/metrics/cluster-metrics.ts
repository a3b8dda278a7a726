// The cluster's part of the metrics page, as text: gauges of its state, and its counts, copied when the page is asked for.
// Labels are states and words, and names of nodes, of which there are as many as the cluster has.

import { type ClusterStatus, clusterCounts, type StoreStatus, takeoverWhys } from '../model/cluster-status.ts';
import type { HistogramCounts } from '../runtime/histogram.ts';

type Values = readonly (readonly [labels: string, value: number])[];

const states = ['starting', 'joined', 'cut', 'rewound'] as const;

export function clusterMetrics(status: ClusterStatus): string {
  const store = status.mode === 'peers' ? [] : storeGauges(status.etcd);
  return [...gaugesOf(status), ...store, ...countersOf(status), ...histogramsOf(status)].join('\n');
}

function gaugesOf(status: ClusterStatus): string[] {
  const { nodes, counts } = status;
  const living = nodes.filter(({ state }) => state !== 'dead' && state !== 'left').length;
  const others = nodes.filter(({ node }) => node !== status.node);
  const gauge = (name: string, help: string, values: Values | number) => metric(name, 'gauge', help, values);
  return [
    gauge(
      'state',
      'State of this node: one series a state.',
      states.map((state) => [`{state="${state}"}`, status.state === state ? 1 : 0]),
    ),
    gauge('nodes', 'Nodes of the cluster that live.', living),
    gauge(
      'nodes_missed',
      'Nodes that died without a word and were not struck off.',
      nodes.filter(({ isMissed }) => isMissed).length,
    ),
    gauge('owned', 'Instances whose leases this node runs.', status.owned),
    gauge('orphans', 'Instances of dead nodes.', status.orphans),
    gauge('executor_for', 'Dead nodes whose instances this node lets go.', status.executorFor.length),
    gauge(
      'clock_skew_seconds',
      'By how much the clock of another node is ahead of this one.',
      others.map(({ node, clockSkewMs }) => [`{peer="${node}"}`, clockSkewMs / 1000]),
    ),
    gauge(
      'session_age_seconds',
      'Since the session in etcd was proven to live; in mode peers, since enough of the others were heard.',
      status.sessionAgeMs / 1000,
    ),
    gauge(
      'session_left_seconds',
      'Until when this node counts as joined, if it hears nothing more.',
      status.sessionLeftMs / 1000,
    ),
    gauge(
      'watch_behind_seconds',
      'Since etcd was heard on the watch, or the changes of a living node.',
      status.watchSilentMs / 1000,
    ),
    gauge('pending', `${clusterCounts.pending} Those that were accepted without it are among them.`, counts.pending),
    gauge('unsettled', clusterCounts.unsettled, counts.unsettled),
  ];
}

function storeGauges(etcd: StoreStatus | undefined): string[] {
  const gauge = (name: string, help: string, value: number) => metric(`etcd_${name}`, 'gauge', help, value);
  const { databaseOctets = 0, databaseUsedOctets = 0, isOutOfSpace = false } = etcd ?? {};
  return [
    gauge('database_bytes', "Size of etcd's database; 0: it does not answer.", databaseOctets),
    gauge('database_used_bytes', 'What of it is in use.', databaseUsedOctets),
    gauge(
      'db_used_ratio',
      'The same as a share: what a defragmentation would leave.',
      databaseOctets === 0 ? 0 : databaseUsedOctets / databaseOctets,
    ),
    gauge('out_of_space', '1: the quota of etcd is used up, and nothing can be written.', isOutOfSpace ? 1 : 0),
  ];
}

function countersOf({ node: me, mode, nodes, counts, takeovers }: ClusterStatus): string[] {
  const counter = (name: string, help: string, values: Values | number) =>
    metric(`${name}_total`, 'counter', help, values);
  const of = (name: string, help: string, label: string, words: Readonly<Record<string, number>>) =>
    counter(
      name,
      help,
      Object.entries(words).map(([word, value]) => [`{${label}="${word}"}`, value]),
    );
  const { won, lost, ownReplyLost, failed, resumed, compacted, rewound, unknownFound: found } = counts;
  const watches = { resumed, compacted, rewound };
  const peers = nodes.filter(({ node }) => node !== me);
  return [
    of('swaps', 'Writes of the cluster, by what became of them; failed: no reply.', 'outcome', {
      ...{ won, lost, 'own-reply-lost': ownReplyLost, failed },
    }),
    of(
      'watch_resumed',
      'Watches of etcd, or streams of other nodes, that were opened again, by what had happened.',
      'how',
      watches,
    ),
    of(
      'takeovers',
      'Instances that this node took over, by the state of their owner.',
      'why',
      Object.fromEntries(takeoverWhys.map((why) => [why, takeovers[why]])),
    ),
    counter('evictions', clusterCounts.evictions, counts.evictions),
    counter('evictions_asked', clusterCounts.asked, counts.asked),
    counter('spared', clusterCounts.spared, counts.spared),
    counter('forwarded', clusterCounts.forwarded, counts.forwarded),
    counter(
      'forward_failures',
      clusterCounts.forwardFailures,
      peers.map(({ node, forwardFailures }) => [`{peer="${node}"}`, forwardFailures]),
    ),
    of('unknown_renewals', 'Renewals of instances unknown here: another node knew them, or none did.', 'outcome', {
      found,
      '404': counts.unknownRefused,
    }),
    counter('conflicts', clusterCounts.conflicts, counts.conflicts),
    counter('drift', clusterCounts.drift, counts.drift),
    counter('bad_records', clusterCounts.badRecords, counts.badRecords),
    ...(mode === 'peers' ? [] : [counter('etcd_reconnects', clusterCounts.etcdConnections, counts.etcdConnections)]),
  ];
}

function histogramsOf({ measured }: ClusterStatus): string[] {
  return [
    histogram(
      'commit_seconds',
      'How long a write took until etcd, or the data folder, had it.',
      measured.commitSeconds,
    ),
    histogram('group_size', 'Writes in one transaction.', measured.groupSize),
    histogram(
      'propagation_seconds',
      'From the acceptance of a write, by the clock of the node that accepted it, until it was applied here.',
      measured.propagationSeconds,
    ),
  ];
}

function metric(name: string, type: 'gauge' | 'counter', help: string, values: Values | number): string {
  const full = `rollcall_cluster_${name}`;
  const all: Values = typeof values === 'number' ? [['', values]] : values;
  const lines = all.map(([labels, value]) => `${full}${labels} ${Number.isFinite(value) ? value : 0}`);
  return [`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`, ...lines].join('\n');
}

function histogram(name: string, help: string, { bounds, counts, sum }: HistogramCounts): string {
  const full = `rollcall_cluster_${name}`;
  let total = 0;
  const lines = counts.map((count, index) => {
    total += count;
    return `${full}_bucket{le="${bounds[index] ?? '+Inf'}"} ${total}`;
  });
  const ends = [`${full}_sum ${sum}`, `${full}_count ${total}`];
  return [`# HELP ${full} ${help}`, `# TYPE ${full} histogram`, ...lines, ...ends].join('\n');
}
