// DNS in place of the registry's API: while that cannot be reached, DNS may still answer, from another node or a cache in
// between. SRV of the port (RFC 2782), then the addresses of every target, all asked of the servers that are configured,
// not of the system's resolver.
// Limits: a port must be named, since an SRV answer for the whole app does not distinguish `http` from `grpc`; an RRset of
// rollcall has at most 100 records, so of a larger app some are found; DNS does not carry the zone of an instance.

import { Resolver } from 'node:dns/promises';
import type { Endpoint } from './instance.ts';

export interface DnsFallbackOptions {
  /** `127.0.0.1:8053`; the first that answers counts. */
  readonly servers: readonly string[];
  /** The domain below which services are found: `svc.` */
  readonly origin: string;
}

export type DnsFinding =
  | { readonly kind: 'found'; readonly endpoints: readonly Endpoint[] }
  /** NXDOMAIN or NODATA. */
  | { readonly kind: 'no-records' }
  | { readonly kind: 'failed'; readonly reason: string };

/** What is asked for; an undefined field is no condition. */
export interface DnsSubject {
  readonly env: string;
  readonly appid: string;
  readonly port: string;
  readonly version?: string | undefined;
  readonly zone?: string | undefined;
  readonly group?: string | undefined;
  readonly tags?: readonly string[] | undefined;
}

const timeoutMs = 2000;
const tries = 2;

/** Asks for a TCP port; never throws. */
export async function askDns(
  { servers, origin }: DnsFallbackOptions,
  subject: DnsSubject,
  signal: AbortSignal,
): Promise<DnsFinding> {
  const resolver = new Resolver({ timeout: timeoutMs, tries });
  const cancel = (): void => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    resolver.setServers(servers);
    const records = await resolver.resolveSrv(serviceName(subject, origin));
    const found = await Promise.all(records.map((record) => endpointsAt(resolver, record, subject.port, origin)));
    const endpoints = found.flat();
    return endpoints.length === 0
      ? { kind: 'failed', reason: 'no target has an address' }
      : { kind: 'found', endpoints };
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    return code === 'ENOTFOUND' || code === 'ENODATA' ? { kind: 'no-records' } : { kind: 'failed', reason: message };
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

/** `_http._tcp.canary._tag.orders.prod.svc` */
export function serviceName({ env, appid, port, version, zone, group, tags = [] }: DnsSubject, origin: string): string {
  const selectors = [
    ...(version === undefined ? [] : [`${version}._version`]),
    ...(zone === undefined ? [] : [`${zone}._zone`]),
    ...(group === undefined ? [] : [`${group}._group`]),
    ...tags.map((tag) => `${tag}._tag`),
  ];
  return [`_${port}._tcp`, ...selectors, appid, env, origin.replace(/\.$/, '')].filter((part) => part !== '').join('.');
}

interface SrvRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

async function endpointsAt(
  resolver: Resolver,
  { name, port, priority, weight }: SrvRecord,
  portName: string,
  origin: string,
): Promise<Endpoint[]> {
  const target = name.replace(/\.$/, '');
  const suffix = `.${origin.replace(/\.$/, '')}`.toLowerCase();
  const isOurs = target.toLowerCase().endsWith(suffix);
  // A host name of another zone is left to the system's resolver.
  const hosts = isOurs ? await addressesOf(resolver, target) : [target];
  const [instance = target] = target.split('.');
  return hosts.map((host) => {
    const url = `${portName}://${host.includes(':') ? `[${host}]` : host}:${port}`;
    return { url, portName, protocol: 'tcp', host, port, instance, zone: '', weight, priority, details: undefined };
  });
}

/** IPv4 first: a target with both is one endpoint. */
async function addressesOf(resolver: Resolver, target: string): Promise<string[]> {
  const v4 = await resolver.resolve4(target).catch(() => []);
  const all = v4.length > 0 ? v4 : await resolver.resolve6(target).catch(() => []);
  return all.slice(0, 1);
}
