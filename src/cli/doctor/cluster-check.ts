// The cluster, where the server is a node of one: whether each node that was named is joined, hears the others, finds
// everything in etcd readable, and is of the same version as they are. Several URLs that are several registries are a fault:
// an instance that is registered at one of them is not found in the DNS of the other.

import { registryHeader } from '../../model/life.ts';
import { callApi } from '../api-call.ts';
import { addressText, type ServerConnection } from '../connection.ts';
import { type Fields, fieldsList, partField, textField } from '../document-fields.ts';
import { printable } from '../terminal/printable.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** Nodes send hello every second. */
const unheardSecondsMax = 5;
const timeoutMs = 3000;
const skewSecondsMax = 5;
const mibibyte = 1_048_576;

/** Nothing where no node of a cluster answers: that there is an answer at all is checked elsewhere. */
export async function checkCluster(connection: ServerConnection): Promise<Finding[]> {
  const each = connection.urls.map((url): ServerConnection => ({ ...connection, urls: [url] }));
  const found = await Promise.all(
    each.map(async (one) => {
      const reply = await callApi(one, { path: '/api/v1/nodes', timeoutMs });
      return 'problem' in reply ? [] : nodeFindings(reply.document);
    }),
  );
  return [...(each.length === 1 ? [] : await compareRegistries(each)), ...found.flat()];
}

async function compareRegistries(each: readonly ServerConnection[]): Promise<Finding[]> {
  const named = await Promise.all(
    each.map(async (one) => {
      const reply = await callApi(one, { path: '/api/v1/apps?limit=1', timeoutMs });
      const registry = 'problem' in reply ? null : reply.headers.get(registryHeader);
      return registry === null ? [] : [{ url: addressText(one), registry }];
    }),
  );
  return registryFindings(named.flat());
}

export function registryFindings(all: readonly { readonly url: string; readonly registry: string }[]): Finding[] {
  if (new Set(all.map(({ registry }) => registry)).size < 2) return [];
  const list = all.map(({ url, registry }) => `${url} is ${printable(registry)}`).join(', ');
  const advice = 'name the nodes of one cluster, or one registry alone';
  return [fail('registries', `those that were named know nothing of each other: ${list}`, advice)];
}

const etcdAdvice = 'look at etcd (etcdctl endpoint status): the node joins again by itself';
const peersAdvice =
  'see that the nodes of clusterPeers run and are reached; strike off those that will not come back: "rollcall nodes --forget NODE"';

/** `document`: `/api/v1/nodes` of one node. */
export function nodeFindings(document: Fields): Finding[] {
  const [node, state, why] = ['node', 'state', 'why'].map((name) => printable(textField(document, name)));
  if (node === '') return [];
  const what = `node ${node} of the cluster`;
  const hasEtcd = textField(document, 'mode') !== 'peers';
  const others = fieldsList(document, 'nodes').filter((one) => textField(one, 'node') !== node);
  const findings = [
    state === 'joined'
      ? ok(what, `is joined, with ${others.length} others`)
      : fail(what, `is ${state}: ${why}`, hasEtcd ? etcdAdvice : peersAdvice),
  ];
  const unheard = others.filter(
    (one) => textField(one, 'state') === 'joined' && Number(textField(one, 'heardSecondsAgo')) > unheardSecondsMax,
  );
  if (unheard.length > 0)
    findings.push(
      warn(
        what,
        `does not hear ${namesOf(unheard)}`,
        'see that nodes reach each other at clusterListen and clusterAdvertise',
      ),
    );
  const missed = others.filter((one) => one['missed'] === true);
  if (missed.length > 0)
    findings.push(
      warn(what, `misses ${namesOf(missed)}: no drain is certain`, 'start it again, or "rollcall nodes --forget NODE"'),
    );
  const cut = others.filter((one) => textField(one, 'state') === 'cut');
  if (cut.length > 0)
    findings.push(
      hasEtcd
        ? warn(what, `hears that ${namesOf(cut)} is cut off from etcd`, 'see what keeps it from etcd')
        : warn(what, `hears that ${namesOf(cut)} does not hear enough of the others`, 'see what keeps it from them'),
    );
  const skewed = others.filter((one) => Math.abs(Number(textField(one, 'clockSkewSeconds'))) > skewSecondsMax);
  if (skewed.length > 0)
    findings.push(
      warn(
        what,
        `sees the clock of ${namesOf(skewed)} differ`,
        'keep clocks right with NTP (leases do not depend on them)',
      ),
    );
  const versions = new Set(
    fieldsList(document, 'nodes')
      .map((one) => textField(one, 'version'))
      .filter((one) => one !== ''),
  );
  if (versions.size > 1)
    findings.push(
      warn(what, `sees versions ${printable([...versions].join(', '))}`, 'end the upgrade: one version at all nodes'),
    );
  const bad = Number(textField(partField(document, 'counts'), 'badRecords'));
  if (bad > 0)
    findings.push(
      warn(what, `has skipped ${bad} keys that it cannot read`, 'its log names them: correct or delete them'),
    );
  return [...findings, ...etcdFindings(document)];
}

function namesOf(nodes: readonly Fields[]): string {
  return printable(nodes.map((one) => textField(one, 'node')).join(', '));
}

/** Of the member that the node has asked. */
export function etcdFindings(document: Fields): Finding[] {
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
