// An instance as Eureka's InstanceInfo: a plain object in the order of the original, from which JSON and XML are written.
// One that came in through another front is shown from its registration: its first address, its app as its vip, so that
// clients which look up by vip (Spring) find it.

import type { Address } from '../../../model/address.ts';
import type { Instance } from '../../../model/instance.ts';
import type { InstanceRecord } from '../../../model/instance-record.ts';
import { appNameOf, contentOf, type EurekaContent, sentStatus } from './part.ts';
import { type EurekaStatus, overrideOf, statusOf } from './status.ts';

export type ActionType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface InstanceInfo {
  readonly app: string;
  readonly status: EurekaStatus;
  readonly vipAddress?: string;
  readonly secureVipAddress?: string;
  readonly [field: string]: unknown;
}

type LeasedInstance = Omit<InstanceRecord, 'deadlineMs' | 'isSuspect' | 'isNearExpiry' | 'revision'>;

const ownDataCenter = { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' };
const emptyMap = { '@class': 'java.util.Collections$EmptyMap' };
const renewalIntervalDefault = 30;

export function instanceInfo(stored: LeasedInstance, actionType: ActionType = 'ADDED'): InstanceInfo {
  const { instance } = stored;
  const content = contentOf(instance);
  const { plain, secure } = portsOf(instance.addrs);
  const [any] = instance.addrs as readonly [Address, ...Address[]];
  const first = plain ?? secure ?? any;
  const vips = vipsOf(instance, content, secure !== undefined);
  const overridden = overrideOf(instance);
  return {
    ...(content.isNamedByHost === true ? {} : { instanceId: instance.instance }),
    hostName: content.hostName ?? first.host,
    app: appNameOf(instance),
    ...(content.appGroupName === undefined ? {} : { appGroupName: content.appGroupName }),
    ipAddr: first.host,
    status: statusOf(instance, sentStatus(content)),
    overriddenStatus: overridden,
    overriddenstatus: overridden,
    port: portObject(content.disabledPort === undefined ? plain : undefined, content.disabledPort ?? 7001),
    securePort: portObject(secure, content.disabledSecurePort ?? 7002),
    countryId: content.countryId ?? 1,
    dataCenterInfo: dataCenterOf(content),
    leaseInfo: leaseInfo(stored, content),
    metadata: instance.metadata.size === 0 ? emptyMap : Object.fromEntries(instance.metadata),
    ...urlsOf(content),
    ...vips,
    ...(content.asgName === undefined ? {} : { asgName: content.asgName }),
    isCoordinatingDiscoveryServer: 'false',
    lastUpdatedTimestamp: String(Math.trunc(stored.updatedAtMs)),
    lastDirtyTimestamp: String(Math.trunc(stored.dirtyAtMs)),
    actionType,
  };
}

function portsOf(addrs: readonly Address[]): {
  readonly plain: Address | undefined;
  readonly secure: Address | undefined;
} {
  return {
    plain: addrs.find(({ portName }) => portName === 'http') ?? addrs.find(({ portName }) => portName !== 'https'),
    secure: addrs.find(({ portName }) => portName === 'https'),
  };
}

function portObject(address: Address | undefined, disabled: number) {
  return { $: address?.port ?? disabled, '@enabled': String(address !== undefined) };
}

/** Java needs the class, which some clients leave out or give another name. */
function dataCenterOf({ dataCenterInfo }: EurekaContent): Readonly<Record<string, unknown>> {
  if (dataCenterInfo === undefined) return ownDataCenter;
  const { name, metadata } = dataCenterInfo;
  const isAmazon = name === 'Amazon';
  const known = `com.netflix.appinfo.${isAmazon ? 'AmazonInfo' : 'InstanceInfo$DefaultDataCenterInfo'}`;
  const hasMetadata = typeof metadata === 'object' && metadata !== null;
  return { '@class': known, name, ...(hasMetadata ? { metadata } : {}) };
}

function leaseInfo({ instance, registeredAtMs, renewedAtMs, upAtMs }: LeasedInstance, content: EurekaContent) {
  return {
    renewalIntervalInSecs: content.renewalIntervalInSecs ?? renewalIntervalDefault,
    durationInSecs: instance.leaseSeconds,
    registrationTimestamp: Math.trunc(registeredAtMs),
    lastRenewalTimestamp: Math.trunc(renewedAtMs),
    evictionTimestamp: 0,
    serviceUpTimestamp: Math.trunc(upAtMs ?? 0),
  };
}

function urlsOf(content: EurekaContent): Record<string, string> {
  const names = ['homePageUrl', 'statusPageUrl', 'healthCheckUrl', 'secureHealthCheckUrl'] as const;
  return Object.fromEntries(
    names.flatMap((name) => {
      const url = content[name];
      return url === undefined ? [] : [[name, url] as const];
    }),
  );
}

function vipsOf({ fronts, appid }: Instance, content: EurekaContent, isSecure: boolean) {
  if (fronts?.eureka === undefined) return { vipAddress: appid, ...(isSecure ? { secureVipAddress: appid } : {}) };
  const { vipAddress, secureVipAddress } = content;
  return {
    ...(vipAddress === undefined ? {} : { vipAddress }),
    ...(secureVipAddress === undefined ? {} : { secureVipAddress }),
  };
}
