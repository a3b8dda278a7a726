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
  const { clusterName, clusterListen, clusterEtcdEndpoints, clusterPlainHttp } = config;
  const keys = Object.keys(config).filter((key): key is ClusterKey => key.startsWith('cluster'));
  const given = keys.filter(
    (key) => key !== 'clusterName' && key !== 'clusterPrefix' && key in origins && origins[key] !== 'default',
  );
  if (clusterName === '') {
    const [first] = given;
    return first === undefined ? [] : [`${first} (${origins[first]}) is of no use without clusterName`];
  }
  const problems = keyProblems(config, origins);
  if (clusterEtcdEndpoints.length === 0)
    problems.push('clusterEtcdEndpoints has no value: the members of etcd that the cluster keeps its registry in');
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
  const open = clusterEtcdEndpoints.filter((url) => url.startsWith('http:') && !isLoopbackUrl(url));
  if (open.length > 0 && !clusterPlainHttp)
    problems.push(
      `clusterEtcdEndpoints (${origins.clusterEtcdEndpoints}): ${open.join(', ')} without TLS: set clusterPlainHttp to accept it`,
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
