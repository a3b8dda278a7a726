// What an operator can set of the data plane, in the units in which the plane has it.

import { randomBytes, randomInt } from 'node:crypto';
import { name } from '../dns/message/name.ts';
import type { PlaneOptions } from '../dns/plane/plane.ts';
import type { ClientDetail } from '../dns/server/queries/query-table.ts';
import type { ResponseRateRules } from '../dns/server/response-limit.ts';
import { ResponseRates } from '../dns/server/response-rates.ts';
import type { ZoneRule } from '../dns/server/zone-access.ts';
import { publishedHosts } from '../dns/services/made-zone.ts';
import { hostLabel } from '../runtime/host-label.ts';

/** Settings as the configuration has them; their names and limits are there. */
interface DnsSettings {
  readonly dns: PlaneOptions['listens'];
  readonly dnsTransport: PlaneOptions['transport'];
  readonly origin: string;
  readonly nameServer: string | undefined;
  /** Empty: Consul's names are not served. */
  readonly consulDomain: string;
  readonly adapterEnv: string;
  readonly nameServerAddresses: readonly string[];
  readonly negativeTtlSeconds: number;
  readonly tcpIdleSeconds: number;
  readonly tcpConnectionsMax: number;
  readonly tcpConnectionsPerClientMax: number;
  readonly answerCacheMiB: number;
  readonly serverId: string;
  readonly serverVersion: string;
  /** Hexadecimal. Where there is none, one is made here, for all threads. */
  readonly cookieSecret: string | undefined;
  readonly dnsCookies: PlaneOptions['identity']['cookies'];
  readonly queryStatistics: ClientDetail | 'off';
  /** Networks that may ask; empty: all. */
  readonly dnsAllow: readonly string[];
  readonly dnsDenied: 'refuse' | 'drop';
  /** `prod.svc.=10.1.0.0/16` */
  readonly dnsAllowZones: readonly string[];
  readonly udpUnprovenBytesMax: number;
  /** 0: none is limited. */
  readonly rrlPerSecond: number;
  readonly rrlSlip: number;
  readonly rrlWindowSeconds: number;
  readonly rrlIpv4Prefix: number;
  readonly rrlIpv6Prefix: number;
  readonly rrlExempt: readonly string[];
}

type PlaneSettings = Pick<
  PlaneOptions,
  | 'transport'
  | 'listens'
  | 'origin'
  | 'negativeTtlSeconds'
  | 'nameServer'
  | 'hosts'
  | 'consul'
  | 'tcp'
  | 'cacheOctetsMax'
  | 'identity'
  | 'access'
  | 'queryDetail'
  | 'responseRates'
  | 'unprovenOctetsMax'
>;

export function planeSettings(settings: DnsSettings): PlaneSettings {
  const { dns, nameServer, nameServerAddresses: addresses, cookieSecret, serverId, serverVersion } = settings;
  return {
    transport: settings.dnsTransport,
    listens: dns,
    origin: name(settings.origin),
    negativeTtlSeconds: settings.negativeTtlSeconds,
    nameServer: nameServer === undefined ? undefined : name(nameServer),
    consul:
      settings.consulDomain === ''
        ? undefined
        : { domain: name(settings.consulDomain), env: settings.adapterEnv, node: hostLabel() },
    hosts: addresses.length > 0 ? addresses : publishedHosts(dns.map(({ host }) => host)),
    tcp: {
      idleMs: settings.tcpIdleSeconds * 1000,
      connectionsMax: settings.tcpConnectionsMax,
      connectionsPerClientMax: settings.tcpConnectionsPerClientMax,
    },
    cacheOctetsMax: settings.answerCacheMiB * 1024 * 1024,
    identity: {
      serverId,
      serverVersion,
      cookieSecret: cookieSecret === undefined ? randomBytes(16) : Buffer.from(cookieSecret, 'hex'),
      cookies: settings.dnsCookies,
    },
    queryDetail: settings.queryStatistics === 'off' ? undefined : settings.queryStatistics,
    access: { allow: settings.dnsAllow, zones: zoneRules(settings.dnsAllowZones), denied: settings.dnsDenied },
    responseRates: settings.rrlPerSecond === 0 ? undefined : responseRates(settings),
    unprovenOctetsMax: settings.udpUnprovenBytesMax,
  };
}

/** One rule a zone, however many entries it has. */
function zoneRules(entries: readonly string[]): ZoneRule[] {
  const parts = entries.map((entry) => entry.split('=') as [string, string]);
  const byZone = Map.groupBy(parts, ([zone]) => zone);
  return Array.from(byZone, ([zone, rules]) => ({ zone: name(zone), allow: rules.map(([, network]) => network) }));
}

/** One table for all threads, with a secret seed, so that slots cannot be chosen from outside. */
function responseRates(settings: DnsSettings): ResponseRateRules {
  return {
    perSecond: settings.rrlPerSecond,
    slip: settings.rrlSlip,
    windowSeconds: settings.rrlWindowSeconds,
    ipv4Prefix: settings.rrlIpv4Prefix,
    ipv6Prefix: settings.rrlIpv6Prefix,
    exempt: settings.rrlExempt,
    seed: randomInt(2 ** 31),
    memory: ResponseRates.sharedMemory(),
  };
}
