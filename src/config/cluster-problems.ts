// What the settings of a cluster ask of each other: where it is, and that nothing goes over a network in the open unless
// that is asked for by name.

import type { Listen } from '../model/listen.ts';
import type { SettingKey, Settings } from './settings.ts';
import { formatListen, isLoopback } from './values.ts';

type ClusterKey = SettingKey & `cluster${string}`;
type ClusterValues = Readonly<Omit<Pick<Settings, ClusterKey>, 'clusterListen'>> & { readonly clusterListen: Listen };

/** The last part of the prefix is the name, and each follows from the other. */
export function clusterNaming({ clusterName: name, clusterPrefix: prefix }: ClusterNaming): ClusterNaming {
  if (prefix === '') return { clusterName: name, clusterPrefix: name === '' ? '' : `/rollcall/${name}/` };
  return { clusterName: name === '' ? lastPart(prefix) : name, clusterPrefix: prefix };
}

type ClusterNaming = Readonly<Pick<Settings, 'clusterName' | 'clusterPrefix'>>;

function lastPart(prefix: string): string {
  return prefix.split('/').at(-2) ?? '';
}

/** `origins`: where each value comes from. */
export function clusterProblems(config: ClusterValues, origins: Readonly<Record<ClusterKey, string>>): string[] {
  const { clusterName, clusterListen, clusterPlainHttp } = config;
  const keys = Object.keys(config).filter((key): key is ClusterKey => key.startsWith('cluster'));
  const given = keys.filter(
    (key) => key !== 'clusterName' && key !== 'clusterPrefix' && key in origins && origins[key] !== 'default',
  );
  if (clusterName === '') {
    const [first] = given;
    return first === undefined ? [] : [`${first} (${origins[first]}) is of no use without clusterName`];
  }
  const problems =
    config.clusterMode === 'peers' ? peersProblems(config, origins, given) : etcdProblems(config, origins);
  const { clusterEtcdCa: ca, clusterEtcdCert: cert, clusterEtcdKey: key } = config;
  const isTls = ca !== '' && cert !== '' && key !== '';
  if (!isTls && (cert !== '' || key !== ''))
    problems.push('clusterEtcdCa, clusterEtcdCert and clusterEtcdKey belong together: one of them has no value');
  if ((config.clusterEtcdUser === '') !== (config.clusterEtcdPasswordFile === ''))
    problems.push('clusterEtcdUser and clusterEtcdPasswordFile belong together: one of them has no value');
  const listen = `clusterListen (${origins.clusterListen}) ${formatListen(clusterListen)}`;
  if (!isLoopback(clusterListen) && !isTls) {
    if (config.clusterTokenFile === '')
      problems.push(
        `${listen} can be reached from other machines: set clusterEtcdCa, -Cert and -Key, or clusterTokenFile`,
      );
    else if (!clusterPlainHttp)
      problems.push(`${listen} would send the token in the open: set clusterPlainHttp to accept it`);
  }
  const reached = config.clusterMode === 'peers' ? 'clusterPeers' : 'clusterEtcdEndpoints';
  const open = config[reached].filter((url) => url.startsWith('http:') && !isLoopbackUrl(url));
  if (open.length > 0 && !clusterPlainHttp)
    problems.push(
      `${reached} (${origins[reached]}): ${open.join(', ')} without TLS: set clusterPlainHttp to accept it`,
    );
  return problems;
}

function etcdProblems(config: ClusterValues, origins: Readonly<Record<ClusterKey, string>>): string[] {
  const { clusterEtcdEndpoints, clusterPeers } = config;
  const keys = keyProblems(config, origins);
  if (keys.length > 0) return keys;
  if (clusterPeers.length > 0)
    return [`clusterPeers (${origins.clusterPeers}) is of no use but with clusterMode peers: etcd has where nodes are`];
  return clusterEtcdEndpoints.length > 0
    ? []
    : [
        'clusterEtcdEndpoints has no value: the members of etcd that the cluster keeps its registry in (a cluster without etcd: clusterMode peers)',
      ];
}

/** Those of etcd that mean nothing without it. Its certificates are those of the nodes as well. */
const ofEtcd: readonly ClusterKey[] = [
  'clusterEtcdEndpoints',
  'clusterEtcdUser',
  'clusterEtcdPasswordFile',
  'clusterSkydns',
  'clusterPrefix',
];

function peersProblems(
  { clusterPeers, clusterEtcdCert }: Pick<ClusterValues, 'clusterPeers' | 'clusterEtcdCert'>,
  origins: Readonly<Record<ClusterKey, string>>,
  given: readonly ClusterKey[],
): string[] {
  const problems = ofEtcd
    .filter((key) => given.includes(key) || (key === 'clusterPrefix' && origins[key] !== 'default'))
    .map((key) => `${key} (${origins[key]}) is of no use with clusterMode peers: such a cluster has no etcd`);
  if (clusterPeers.length === 0)
    problems.push(
      'clusterPeers has no value: the URLs of the other nodes, or one DNS name that has the addresses of all',
    );
  const tls = clusterPeers.filter((url) => url.startsWith('https:'));
  if (tls.length > 0 && clusterEtcdCert === '')
    problems.push(
      `clusterPeers (${origins.clusterPeers}): ${tls.join(', ')} needs clusterEtcdCa, -Cert and -Key, which are those of the nodes`,
    );
  return problems;
}

function keyProblems(
  { clusterName: name, clusterPrefix: prefix, clusterSkydns: skydns }: ClusterValues,
  origins: Readonly<Record<ClusterKey, string>>,
): string[] {
  const problems: string[] = [];
  if (lastPart(prefix) !== name)
    problems.push(
      `clusterPrefix (${origins.clusterPrefix}) ${prefix} does not end with clusterName (${origins.clusterName}) ${name}: set one of them`,
    );
  if (skydns !== '' && (prefix.startsWith(`${skydns}/`) || `${skydns}/`.startsWith(prefix)))
    problems.push(
      `clusterSkydns (${origins.clusterSkydns}) ${skydns} overlaps with the registry at ${prefix}: set another path`,
    );
  return problems;
}

function isLoopbackUrl(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  return host === 'localhost' || isLoopback({ host, port: 0 });
}
