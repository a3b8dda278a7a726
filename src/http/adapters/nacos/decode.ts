// A registration of Nacos's as the parts of a command: one address, the cluster as the zone, the group as the group, the version
// from the metadata. The port's name is not in Nacos: `https` where the metadata has secure=true, the metadata's
// `protocol` (Dubbo), `http` for Spring, and `tcp` otherwise. A persistent instance is checked over TCP.

import { parseAddress } from '../../../model/address.ts';
import {
  type Instance,
  parseRegistration,
  type Registration,
  type RegistrationDefaults,
} from '../../../model/instance.ts';
import type { Liveness } from '../../../model/liveness.ts';
import type { Problem } from '../../../model/problem.ts';
import { hostInUrl } from '../host-text.ts';
import { isLabelText } from '../label-text.ts';
import type { GivenInstance } from './given-instance.ts';
import { contentOf, keptWeight, type NacosContent, namesOf, weightOf } from './part.ts';
import { beatLiveness } from './preserved.ts';
import { defaultCluster, defaultGroup, type NacosService } from './service-name.ts';

/** `beats`: it beats over HTTP. `connection`: it is there while its client is connected over gRPC. */
export type Lasting = 'beats' | 'connection' | 'persistent';

export interface DecodedInstance {
  readonly registration: Registration;
  readonly content: NacosContent;
  readonly keeps: readonly Exclude<keyof Registration, 'addrs' | 'status'>[];
  readonly liveness: Liveness;
}

const connection: Liveness = { kind: 'connection' };
const checks: Liveness = { kind: 'checks' };

/** The original opens a connection to each persistent instance every 5 s, and one that fails 3 times is unhealthy. */
const tcpProbe = { type: 'tcp', intervalSeconds: 5, timeoutSeconds: 2, failures: 3 } as const;

/** Whether its checks are the one that it got as a persistent instance. */
export function hasOwnProbe({ checks: given, fronts }: Pick<Instance, 'checks' | 'fronts'>): boolean {
  const [first, second] = given;
  return contentOf({ fronts })?.isPersistent === true && first?.type === 'tcp' && second === undefined;
}

export function registrationOf(
  name: NacosService,
  given: GivenInstance,
  asked: Lasting,
  defaults: RegistrationDefaults,
): DecodedInstance | Problem[] {
  const { ip, port, cluster = defaultCluster, weight = 1, metadata = {} } = given;
  const isPersistent = given.isEphemeral === false || asked === 'persistent';
  const isDisabled = given.isEnabled === false;
  const isUnhealthy = given.isHealthy === false;
  const addr = `${portNameOf(metadata)}://${hostInUrl(ip)}:${port}`;
  const { leaseSeconds, liveness } = beatLiveness(new Map(Object.entries(metadata)));
  const hasVersion = isLabelText(metadata['version']);
  const hasGroup = name.group !== defaultGroup && isLabelText(name.group);
  const input = {
    addrs: [addr],
    weight: weightOf(weight),
    status: isDisabled || isUnhealthy || weight === 0 ? 'waiting' : 'up',
    metadata,
    ...(asked === 'beats' && !isPersistent ? { leaseSeconds } : {}),
    ...(cluster === defaultCluster ? {} : { zone: cluster }),
    ...(isPersistent ? { checks: [tcpProbe] } : {}),
    ...(hasGroup ? { group: name.group } : {}),
    ...(hasVersion ? { version: metadata['version'] } : {}),
  };
  const registration = parseRegistration(input, defaults);
  if (Array.isArray(registration)) return registration.map(named);
  const host = registration.addrs[0]?.host;
  const content: NacosContent = {
    ...namesOf(name, cluster),
    ...(host === ip ? {} : { ip }),
    ...keptWeight(weight),
    ...(isDisabled ? { isDisabled } : {}),
    ...(isUnhealthy ? { isUnhealthy } : {}),
    ...(isPersistent ? { isPersistent } : {}),
  };
  const keeps = [
    ...(['tags', 'priority', 'dnsTtl'] as const),
    ...(cluster === defaultCluster ? ['zone' as const] : []),
    ...(hasGroup ? [] : ['group' as const]),
    ...(hasVersion ? [] : ['version' as const]),
  ];
  const lasting = isPersistent ? checks : asked === 'connection' ? connection : liveness;
  return { registration, content, keeps, liveness: lasting };
}

/** In Nacos's words for the fields. */
function named(one: Problem): Problem {
  const fields: Readonly<Record<string, string>> = { zone: 'clusterName', 'addrs[0]': 'ip' };
  return { ...one, field: fields[one.field] ?? one.field };
}

function portNameOf(metadata: Readonly<Record<string, string>>): string {
  if (metadata['secure'] === 'true') return 'https';
  const protocol = metadata['protocol'];
  if (protocol !== undefined && !('fault' in parseAddress(`${protocol}://h:1`))) return protocol;
  return metadata['preserved.register.source'] === 'SPRING_CLOUD' ? 'http' : 'tcp';
}
