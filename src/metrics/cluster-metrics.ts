// The cluster's part of the metrics page, as text: gauges of its state, and its counts, copied when the page is asked for.
// Labels are states and words, never names of nodes that others choose.

import { type ClusterCount, type ClusterStatus, clusterCounts } from '../model/cluster-status.ts';

const states = ['starting', 'joined', 'cut', 'rewound'] as const;

export function clusterMetrics(status: ClusterStatus): string {
  const living = status.nodes.filter(({ state }) => state !== 'dead' && state !== 'left').length;
  return [
    metric(
      'state',
      'gauge',
      'State of this node: one series a state.',
      states.map((state) => [`{state="${state}"}`, status.state === state ? 1 : 0]),
    ),
    metric('nodes', 'gauge', 'Nodes of the cluster that live.', [['', living]]),
    metric('nodes_missed', 'gauge', 'Nodes that died without a word and were not struck off.', [
      ['', status.nodes.filter(({ isMissed }) => isMissed).length],
    ]),
    metric('owned', 'gauge', 'Instances whose leases this node runs.', [['', status.owned]]),
    metric('clock_skew_seconds', 'gauge', 'By how much the clocks of other nodes differ at most.', [
      ['', Math.max(0, ...status.nodes.map(({ clockSkewMs }) => Math.abs(clockSkewMs))) / 1000],
    ]),
    ...(status.mode === 'peers' ? [] : etcdMetrics(status)),
    metric('orphans', 'gauge', 'Instances of dead nodes.', [['', status.orphans]]),
    metric('executor_for', 'gauge', 'Dead nodes whose instances this node lets go.', [['', status.executorFor.length]]),
    metric('session_left_seconds', 'gauge', 'Until when this node counts as joined, if it hears nothing more.', [
      ['', status.sessionLeftMs / 1000],
    ]),
    metric('watch_silent_seconds', 'gauge', 'Since etcd was heard on the watch, or the changes of a living node.', [
      ['', status.watchSilentMs / 1000],
    ]),
    ...(Object.keys(clusterCounts) as ClusterCount[])
      .filter((count) => status.mode !== 'peers' || count !== 'etcdConnections')
      .map((count) => {
        const isGauge = count === 'pending' || count === 'unsettled';
        const name = count.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
        return metric(isGauge ? name : `${name}_total`, isGauge ? 'gauge' : 'counter', clusterCounts[count], [
          ['', status.counts[count]],
        ]);
      }),
  ].join('\n');
}

function etcdMetrics(status: ClusterStatus): string[] {
  return [
    metric('etcd_database_bytes', 'gauge', "Size of etcd's database; 0: it does not answer.", [
      ['', status.etcd?.databaseOctets ?? 0],
    ]),
    metric('etcd_database_used_bytes', 'gauge', 'What of it is in use.', [['', status.etcd?.databaseUsedOctets ?? 0]]),
    metric('etcd_out_of_space', 'gauge', '1: the quota of etcd is used up, and nothing can be written.', [
      ['', status.etcd?.isOutOfSpace === true ? 1 : 0],
    ]),
  ];
}

function metric(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  values: readonly (readonly [labels: string, value: number])[],
): string {
  const full = `rollcall_cluster_${name}`;
  const lines = values.map(([labels, value]) => `${full}${labels} ${Number.isFinite(value) ? value : 0}`);
  return [`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`, ...lines].join('\n');
}
