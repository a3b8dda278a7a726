// An instance as SkyDNS keeps it in etcd, which the etcd plugin of CoreDNS reads: a key for each address, the labels of the
// name from the root down, and a JSON value. Only instances that take traffic have keys.
// CoreDNS takes a priority or TTL of 0 for one that is missing (10, 300), and a weight of 0 for 100: so priorities are 10
// higher than the instance's own, and the other two at least 1. Metadata and port names have no place there.

import type { Instance } from '../../model/instance.ts';

/** In each value that is this cluster's. CoreDNS ignores fields that it does not know. */
const markField = 'rollcall';
const priorityBase = 10;

type Mirrored = Pick<Instance, 'env' | 'appid' | 'label' | 'addrs' | 'status' | 'priority' | 'weight' | 'dnsTtl'>;

export interface MirrorNames {
  /** Without a slash at its end: `/skydns`. */
  readonly prefix: string;
  /** With a final dot: `svc.` */
  readonly origin: string;
  readonly cluster: string;
}

/** The prefix of all names of the origin: `/skydns/svc/`. */
export function originPrefix({ prefix, origin }: MirrorNames): string {
  return `${prefix}/${labelsOf(origin).join('/')}/`;
}

/** Which keys the instance has, and their values. */
export function servicesOf(instance: Mirrored, names: MirrorNames): ReadonlyMap<string, string> {
  const { env, appid, label, addrs, status, priority, weight, dnsTtl } = instance;
  if (status !== 'up') return new Map();
  const path = [env, ...appid.split('.').toReversed(), label].join('/');
  const common = {
    priority: Math.min(priority + priorityBase, 65_535),
    weight: Math.max(weight, 1),
    ttl: Math.max(dnsTtl, 1),
    [markField]: names.cluster,
  };
  return new Map(
    addrs.map(({ host, port }, index) => [
      `${originPrefix(names)}${path}/a${index}`,
      JSON.stringify({ host, port, ...common }),
    ]),
  );
}

/** Whether a value is this cluster's: no other is ever overwritten or deleted. */
export function isOwnValue(value: Uint8Array, cluster: string): boolean {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(value));
    return typeof parsed === 'object' && parsed !== null && (parsed as Record<string, unknown>)[markField] === cluster;
  } catch {
    return false;
  }
}

/** From the root down. */
function labelsOf(origin: string): string[] {
  return origin
    .split('.')
    .filter((label) => label !== '')
    .toReversed();
}
