// An InstanceInfo of Eureka's JSON in our fields: what rollcall's own front for Eureka would make of its registration. Servers
// and their versions differ in what is a number and what a text, so both are read.

import { limits } from '../../model/instance.ts';
import type { SourceInstance } from '../source.ts';
import { addressOf, fieldsOf, listOf, type SourceFields, selectorsIn, textsOf } from '../source.ts';

const keptTexts = [
  ...(['appGroupName', 'homePageUrl', 'statusPageUrl', 'healthCheckUrl', 'secureHealthCheckUrl'] as const),
  ...(['vipAddress', 'secureVipAddress', 'asgName'] as const),
];

export interface EurekaInfo {
  readonly app: string;
  readonly id: string;
  readonly status: string;
  readonly actionType: string;
  readonly fields: SourceFields;
}

/** All instances of an answer to `/apps` or `/apps/delta`. Old servers write a list of one as the one. */
export function infosIn(applications: SourceFields): readonly EurekaInfo[] {
  return manyOf(applications['application']).flatMap((application) => {
    const { name, instance } = fieldsOf(application);
    return manyOf(instance).map((one) => infoOf(fieldsOf(one), plain(name)));
  });
}

function infoOf(fields: SourceFields, name: string): EurekaInfo {
  return {
    app: (plain(fields['app']) || name).toUpperCase(),
    id: plain(fields['instanceId']) || plain(fields['hostName']),
    status: (plain(fields['status']) || 'UP').toUpperCase(),
    actionType: plain(fields['actionType']) || 'ADDED',
    fields,
  };
}

function manyOf(value: unknown): readonly unknown[] {
  return value === undefined || value === null || Array.isArray(value) ? listOf(value) : [value];
}

function plain(value: unknown): string {
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : '';
}

export function eurekaInstance({ app, id, status, fields }: EurekaInfo): SourceInstance {
  const host = plain(fields['ipAddr']) || plain(fields['hostName']);
  const metadata = Object.fromEntries(
    Object.entries(textsOf(fields['metadata'])).filter(([key]) => !key.startsWith('@')),
  );
  const http = portOf(fields['port'], 7001, true);
  const https = portOf(fields['securePort'], 7002, false);
  const isPlain = http.isEnabled || !https.isEnabled;
  const interval = Number(fieldsOf(fields['leaseInfo'])['renewalIntervalInSecs']);
  return {
    appName: app,
    instance: id,
    registration: {
      addrs: [
        ...(isPlain ? [addressOf('http', host, http.port)] : []),
        ...(https.isEnabled ? [addressOf('https', host, https.port)] : []),
      ],
      status: status === 'UP' ? 'up' : 'waiting',
      metadata,
      ...selectorsIn(metadata, ['version', 'zone']),
    },
    content: {
      ...Object.fromEntries(keptTexts.map((name) => [name, plain(fields[name])]).filter(([, text]) => text !== '')),
      status,
      ...(Object.keys(fieldsOf(fields['dataCenterInfo'])).length === 0
        ? {}
        : { dataCenterInfo: fieldsOf(fields['dataCenterInfo']) }),
      ...(interval > 0 && interval < limits.leaseSeconds.max ? { renewalIntervalInSecs: interval } : {}),
      ...(http.isEnabled ? {} : { disabledPort: http.port }),
      ...(https.isEnabled ? {} : { disabledSecurePort: https.port }),
      hostName: plain(fields['hostName']),
      ...(plain(fields['instanceId']) === '' ? { isNamedByHost: true } : {}),
    },
  };
}

function portOf(value: unknown, absent: number, isEnabledByDefault: boolean): { port: number; isEnabled: boolean } {
  const { $: number, '@enabled': enabled = isEnabledByDefault } = fieldsOf(value);
  const port = plain(number) === '' ? absent : Number(plain(number));
  return { port, isEnabled: plain(enabled).toLowerCase() === 'true' };
}

/** `STATUS_count_` for each status, in the order of their names: what `apps__hashcode` should be. */
export function hashcodeOf(infos: Iterable<EurekaInfo>): string {
  const counts = new Map<string, number>();
  for (const { status } of infos) counts.set(status, (counts.get(status) ?? 0) + 1);
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([status, count]) => `${status}_${count}_`).join('');
}
