// What an operator can set of the data plane, in the units in which the plane has it.

import { randomBytes } from 'node:crypto';
import { name } from '../dns/message/name.ts';
import type { PlaneOptions } from '../dns/plane/plane.ts';
import { publishedHosts } from '../dns/services/made-zone.ts';

/** Settings as the configuration has them; their names and limits are there. */
interface DnsSettings {
  readonly dns: PlaneOptions['listens'];
  readonly dnsTransport: PlaneOptions['transport'];
  readonly origin: string;
  readonly nameServer: string | undefined;
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
  /** Networks that may ask; empty: all. */
  readonly dnsAllow: readonly string[];
  readonly dnsDenied: 'refuse' | 'drop';
}

type PlaneSettings = Pick<
  PlaneOptions,
  | 'transport'
  | 'listens'
  | 'origin'
  | 'negativeTtlSeconds'
  | 'nameServer'
  | 'hosts'
  | 'tcp'
  | 'cacheOctetsMax'
  | 'identity'
  | 'access'
>;

export function planeSettings(settings: DnsSettings): PlaneSettings {
  const { dns, nameServer, nameServerAddresses: addresses, cookieSecret, serverId, serverVersion } = settings;
  return {
    transport: settings.dnsTransport,
    listens: dns,
    origin: name(settings.origin),
    negativeTtlSeconds: settings.negativeTtlSeconds,
    nameServer: nameServer === undefined ? undefined : name(nameServer),
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
    access: { allow: settings.dnsAllow, denied: settings.dnsDenied },
  };
}
