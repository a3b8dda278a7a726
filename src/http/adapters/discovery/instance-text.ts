// Instances and apps as discovery writes them, as JSON text.

import { addressToText } from '../../../model/address.ts';
import { type Instance, weightDefault } from '../../../model/instance.ts';
import type { InstanceRecord } from '../../../model/instance-record.ts';
import { latestOf, nanosecondsOf } from './timestamps.ts';

/** What discovery keeps with an instance. */
export interface DiscoveryContent {
  readonly region?: string;
}

export function contentOf({ fronts }: Pick<Instance, 'fronts'>): DiscoveryContent {
  const part = fronts?.discovery;
  // Written by this front alone.
  return part === undefined ? {} : (JSON.parse(part.content) as DiscoveryContent);
}

/** The app's name as discovery shows it. */
export function appNameOf({ fronts, appid }: Pick<Instance, 'fronts' | 'appid'>): string {
  return fronts?.discovery?.appName ?? appid;
}

const statusNumber = { up: 1, waiting: 2 } as const;

export function instanceText(stored: InstanceRecord): string {
  const { instance, revision, registeredAtMs, upAtMs, renewedAtMs, dirtyAtMs } = stored;
  const { zone, env, instance: hostname, addrs, version, status } = instance;
  const fields = {
    region: contentOf(instance).region ?? '',
    zone,
    env,
    appid: appNameOf(instance),
    hostname,
    addrs: addrs.map(addressToText),
    version,
    metadata: metadataOf(instance),
    status: statusNumber[status],
  };
  const times = [
    `"reg_timestamp":${nanosecondsOf(registeredAtMs)}`,
    `"up_timestamp":${nanosecondsOf(upAtMs ?? registeredAtMs)}`,
    `"renew_timestamp":${nanosecondsOf(renewedAtMs)}`,
    `"dirty_timestamp":${nanosecondsOf(dirtyAtMs)}`,
    `"latest_timestamp":${latestOf(revision)}`,
  ];
  return `${JSON.stringify(fields).slice(0, -1)},${times.join()}}`;
}

/** Its clients read the weight there; a weight that came in another way is shown so too. */
function metadataOf({ metadata, weight }: Instance): Record<string, string> {
  const shown = Object.fromEntries(metadata);
  return weight === weightDefault || metadata.has('weight') ? shown : { ...shown, weight: String(weight) };
}

/** What is written for an instance that is not there. */
export const noInstance =
  '{"region":"","zone":"","env":"","appid":"","hostname":"","addrs":null,"version":"","metadata":null,"status":0,' +
  '"reg_timestamp":0,"up_timestamp":0,"renew_timestamp":0,"dirty_timestamp":0,"latest_timestamp":0}';

/** An app: instances by zone, `zones` being all that are to be shown. */
export function appText(zones: ReadonlyMap<string, readonly string[]>, latest: bigint): string {
  const sorted = [...zones].sort(([a], [b]) => (a < b ? -1 : 1));
  const texts = sorted.map(([zone, instances]) => `${JSON.stringify(zone)}:[${instances.join()}]`);
  return `{"instances":{${texts.join()}},"latest_timestamp":${latest}}`;
}
