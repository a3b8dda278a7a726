// Instances as Nacos lists them, as JSON text in the order of the original; numbers that are doubles there have a point. An
// instance that came in another way has its first address, its zone as its cluster, and is one that beats.

import type { Address } from '../../../model/address.ts';
import { isServing } from '../../../model/health.ts';
import type { Instance } from '../../../model/instance.ts';
import type { InstanceRecord } from '../../../model/instance-record.ts';
import { contentOf, type NacosContent, shownWeight } from './part.ts';
import { beatTimesOf, idGeneratorOf } from './preserved.ts';
import { defaultCluster, type NacosService } from './service-name.ts';

export interface NacosHost {
  readonly ip: string;
  readonly port: number;
  readonly cluster: string;
  readonly isEnabled: boolean;
  readonly isHealthy: boolean;
}

/** `isEnabled` false: an operator or its registrant has taken it out, and lists leave it out. */
export function nacosHostOf(instance: Instance): NacosHost {
  return hostWith(instance, contentOf(instance));
}

function hostWith(instance: Instance, content: NacosContent | undefined): NacosHost {
  const [first] = instance.addrs as readonly [Address, ...Address[]];
  const isUp = instance.status === 'up';
  const isEnabled = isUp || (instance.override === undefined && content?.isDisabled !== true);
  return {
    ip: content?.ip ?? first.host,
    port: first.port,
    cluster: clusterOf(instance, content),
    isEnabled,
    isHealthy: isUp || isHealthyThough(instance, content),
  };
}

/** What takes no traffic for another reason than its health: it was disabled, or has no weight. */
function isHealthyThough({ wanted, override, health }: Instance, content: NacosContent | undefined): boolean {
  if (content?.isUnhealthy === true || (health !== undefined && !isServing(health.verdict))) return false;
  return override !== undefined || wanted === 'up' || content?.isDisabled === true || content?.weight === 0;
}

function clusterOf({ zone }: Instance, content: NacosContent | undefined): string {
  const given = content?.cluster;
  return given !== undefined && given === zone ? given : zone === '' ? defaultCluster : zone;
}

export interface ListedHosts {
  /** JSON, with commas between. */
  readonly text: string;
  /** Too few are healthy, so that all are given, as healthy. */
  readonly isProtected: boolean;
}

/**
 * Of those instances the enabled ones of wanted clusters. `protectThreshold`: where the share of healthy ones is no larger, all
 * are given as healthy, as by the original, which does so for services that were created, at a threshold of 0 too.
 */
export function hostsOf(
  records: Iterable<InstanceRecord>,
  { grouped }: NacosService,
  { isHealthyOnly, isWanted, protectThreshold }: HostsAsked,
): ListedHosts {
  const all: PlacedHost[] = [];
  let healthy = 0;
  for (const { instance } of records) {
    const content = contentOf(instance);
    const host = hostWith(instance, content);
    if (!host.isEnabled || !isWanted(host.cluster)) continue;
    all.push({ instance, content, host });
    if (host.isHealthy) healthy++;
  }
  const isProtected = protectThreshold !== undefined && all.length > 0 && healthy / all.length <= protectThreshold;
  const shown = isHealthyOnly && !isProtected ? all.filter(({ host }) => host.isHealthy) : all;
  return { text: shown.map((one) => hostText(one, grouped, isProtected)).join(), isProtected };
}

export interface HostsAsked {
  readonly isHealthyOnly: boolean;
  isWanted(cluster: string): boolean;
  readonly protectThreshold: number | undefined;
}

interface PlacedHost {
  readonly instance: Instance;
  readonly content: NacosContent | undefined;
  readonly host: NacosHost;
}

function hostText({ instance, content, host }: PlacedHost, grouped: string, isProtected: boolean): string {
  const { ip, port, cluster, isEnabled, isHealthy } = host;
  const { intervalMs, timeoutMs, deleteMs } = beatTimesOf(instance.metadata);
  const generator = idGeneratorOf(instance.metadata);
  const end = generator === undefined ? '' : `,"instanceIdGenerator":${JSON.stringify(generator)}`;
  return (
    `{"instanceId":${JSON.stringify(`${ip}#${port}#${cluster}#${grouped}`)},"ip":${JSON.stringify(ip)},"port":${port},` +
    `"weight":${doubleText(shownWeight(instance, content))},"healthy":${isHealthy || isProtected},"enabled":${isEnabled},` +
    `"ephemeral":${content?.isPersistent !== true},"clusterName":${JSON.stringify(cluster)},` +
    `"serviceName":${JSON.stringify(grouped)},"metadata":${JSON.stringify(Object.fromEntries(instance.metadata))},` +
    `"instanceHeartBeatInterval":${intervalMs},"instanceHeartBeatTimeOut":${timeoutMs},"ipDeleteTimeout":${deleteMs}${end}}`
  );
}

/** What a call for one instance answers. */
export function instanceDetailText({ instance }: InstanceRecord, { grouped }: NacosService): string {
  const content = contentOf(instance);
  const { ip, port, cluster, isHealthy } = hostWith(instance, content);
  return (
    `{"service":${JSON.stringify(grouped)},"ip":${JSON.stringify(ip)},"port":${port},"clusterName":${JSON.stringify(cluster)},` +
    `"weight":${doubleText(shownWeight(instance, content))},"healthy":${isHealthy},` +
    `"instanceId":${JSON.stringify(`${ip}#${port}#${cluster}#${grouped}`)},` +
    `"metadata":${JSON.stringify(Object.fromEntries(instance.metadata))}}`
  );
}

function doubleText(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
