// A host of Nacos's lists in our fields, and in the names that rollcall's own front for Nacos has: a service of another group
// than DEFAULT_GROUP is the app `service.group`, a cluster is the zone, 1.0 of its weight is 10 of ours, and the id is
// `ip#port#cluster#group@@service`. What takes no traffic there (unhealthy, disabled, weight 0) is waiting here.

import { parseAddress } from '../../model/address.ts';
import { limits } from '../../model/instance.ts';
import type { SourceInstance } from '../source.ts';
import { addressOf, isSelectable, type SourceFields, selectorsIn, textOf, textsOf } from '../source.ts';

const defaultGroup = 'DEFAULT_GROUP';
const defaultCluster = 'DEFAULT';
const weightScale = 10;

export interface NacosName {
  /** Empty: `public`. */
  readonly namespace: string;
  readonly group: string;
  readonly service: string;
}

export function nacosInstance({ namespace, group, service }: NacosName, host: SourceFields): SourceInstance {
  const ip = textOf(host['ip']);
  const port = Number(host['port']);
  const cluster = textOf(host['clusterName']) || defaultCluster;
  const given = typeof host['weight'] === 'number' ? host['weight'] : 1;
  const weight = Math.min(limits.weight, Math.max(1, Math.round(given * weightScale)));
  const metadata = textsOf(host['metadata']);
  const isHealthy = host['healthy'] !== false;
  const isDisabled = host['enabled'] === false;
  const isDefault = group === defaultGroup;
  return {
    appName: isDefault ? service : `${service}.${group}`,
    instance: `${ip}#${port}#${cluster}#${group}@@${service}`,
    registration: {
      addrs: [addressOf(portNameOf(metadata), ip, port)],
      status: isHealthy && !isDisabled && given > 0 ? 'up' : 'waiting',
      weight,
      metadata,
      ...(cluster === defaultCluster ? {} : { zone: cluster }),
      ...(!isDefault && isSelectable(group) ? { group } : {}),
      ...selectorsIn(metadata, ['version']),
    },
    content: {
      service,
      ...(namespace === '' || namespace === 'public' ? {} : { namespace }),
      ...(isDefault ? {} : { group }),
      ...(cluster === defaultCluster ? {} : { cluster }),
      ...(weight / weightScale === given ? {} : { weight: given }),
      ...(isDisabled ? { isDisabled } : {}),
      ...(isHealthy ? {} : { isUnhealthy: true }),
      ...(host['ephemeral'] === false ? { isPersistent: true } : {}),
    },
  };
}

/** As the front reads it: Nacos has no scheme. */
function portNameOf(metadata: Readonly<Record<string, string>>): string {
  if (metadata['secure'] === 'true') return 'https';
  const { protocol } = metadata;
  if (protocol !== undefined && !('fault' in parseAddress(`${protocol}://h:1`))) return protocol;
  return metadata['preserved.register.source'] === 'SPRING_CLOUD' ? 'http' : 'tcp';
}
