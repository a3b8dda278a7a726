// What the doctor says of a cluster, from what one of its nodes says of it: whether that is joined, who is missing, whose
// clock is wrong, and how etcd is.

import { callApi } from '../api-call.ts';
import type { ServerConnection } from '../connection.ts';
import { type Fields, fieldsList, textField } from '../document-fields.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const skewSecondsMax = 5;
const mibibyte = 1_048_576;

/** Empty: it is a node of its own. */
export async function checkCluster(connection: ServerConnection): Promise<Finding[]> {
  const reply = await callApi(connection, { path: '/api/v1/nodes', timeoutMs: 3000 });
  return 'problem' in reply ? [] : clusterFindings(reply.document);
}

export function clusterFindings(document: Fields): Finding[] {
  const nodes = fieldsList(document, 'nodes');
  return [
    stateFinding(document, nodes.length),
    ...nodes.flatMap(nodeFindings),
    ...versionFindings(nodes),
    ...etcdFindings(document),
  ];
}

function stateFinding(document: Fields, nodes: number): Finding {
  const [node, state, why] = ['node', 'state', 'why'].map((field) => textField(document, field)) as [
    string,
    string,
    string,
  ];
  const what = `cluster node ${node}`;
  if (state === 'joined') return ok(what, `is joined, of ${nodes} nodes`);
  const advice = 'it answers, and removes nothing; see what keeps it from etcd';
  return state === 'rewound' ? fail(what, `is rewound: ${why}`, advice) : warn(what, `is ${state}: ${why}`, advice);
}

function nodeFindings(node: Fields): Finding[] {
  const name = textField(node, 'node');
  const what = `cluster node ${name}`;
  const state = textField(node, 'state');
  const skew = Number(textField(node, 'clockSkewSeconds'));
  return [
    ...(node['missed'] === true
      ? [warn(what, 'died without a word', `start it again, or strike it off: rollcall nodes --forget ${name}`)]
      : state === 'cut'
        ? [warn(what, 'is cut off from etcd', 'it answers, and removes nothing')]
        : []),
    ...(Math.abs(skew) > skewSecondsMax
      ? [
          warn(
            what,
            `has a clock that differs by ${skew} s`,
            'keep the clocks right with NTP (leases do not depend on it)',
          ),
        ]
      : []),
  ];
}

function versionFindings(nodes: readonly Fields[]): Finding[] {
  const versions = new Set(nodes.map((node) => textField(node, 'version')).filter((version) => version !== ''));
  if (versions.size < 2) return [];
  return [warn('versions', `of rollcall in the cluster: ${[...versions].join(', ')}`, 'finish the upgrade')];
}

function etcdFindings(document: Fields): Finding[] {
  const etcd = document['etcd'];
  if (typeof etcd !== 'object' || etcd === null) return [];
  const fields = etcd as Fields;
  const version = textField(fields, 'version');
  const what = `etcd at ${textField(fields, 'endpoint')}`;
  const [size, used] = ['databaseBytes', 'databaseUsedBytes'].map((field) => Number(textField(fields, field)));
  const words = `version ${version}, database ${Math.round((size ?? 0) / mibibyte)} MiB`;
  if (fields['outOfSpace'] === true)
    return [
      fail(
        what,
        `${words}: its quota is used up, so nothing can be written`,
        'compact, defragment, and disarm the alarm: etcdctl alarm disarm',
      ),
    ];
  if (/^3\.5\.[0-2]$/.test(version))
    return [warn(what, `${words}: this release can damage its data (etcd#13766)`, 'upgrade to a later 3.5')];
  if ((size ?? 0) > 512 * mibibyte && (used ?? 0) * 4 < (size ?? 0))
    return [
      warn(
        what,
        `${words}, of which ${Math.round((used ?? 0) / mibibyte)} MiB are in use`,
        'is --auto-compaction-retention set? then defragment',
      ),
    ];
  return [ok(what, words)];
}
