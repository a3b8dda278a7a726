// An instance as the registry's API shows it, read defensively: what is not what it should be is no instance. And its
// endpoints, the addresses that a caller can connect to.

import type { Document } from '../registry/reply.ts';

export interface Instance {
  readonly env: string;
  readonly appid: string;
  readonly instance: string;
  /** `http://10.0.0.7:8080`; the scheme is the port's name. */
  readonly addrs: readonly string[];
  readonly version: string;
  readonly zone: string;
  readonly group: string;
  readonly tags: readonly string[];
  readonly weight: number;
  readonly priority: number;
  readonly status: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly leaseSeconds: number;
}

/** One address of one instance. */
export interface Endpoint {
  /** `http://10.0.0.7:8080` */
  readonly url: string;
  /** The port's name: `http`. */
  readonly port: string;
  readonly protocol: 'tcp' | 'udp';
  /** IPv6 without brackets. */
  readonly host: string;
  readonly number: number;
  /** The instance's id; where it was found in DNS, its label. */
  readonly instance: string;
  readonly zone: string;
  readonly weight: number;
  readonly priority: number;
  /** Undefined where it was found in DNS. */
  readonly details: Instance | undefined;
}

/** Reads one; undefined: it is none. */
export function instanceOf(value: unknown): Instance | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { env, appid, instance, addrs, metadata, tags, ...rest } = value as Document;
  if (typeof env !== 'string' || typeof appid !== 'string' || typeof instance !== 'string') return undefined;
  const texts = textsOf(addrs);
  if (texts.length === 0) return undefined;
  return {
    env,
    appid,
    instance,
    addrs: texts,
    version: textOf(rest['version']),
    zone: textOf(rest['zone']),
    group: textOf(rest['group']),
    tags: textsOf(tags),
    weight: numberOf(rest['weight'], 10),
    priority: numberOf(rest['priority'], 0),
    status: textOf(rest['status']),
    metadata: metadataOf(metadata),
    leaseSeconds: numberOf(rest['leaseSeconds'], 90),
  };
}

/** Those of the port of that name; of the first address where none is named. */
export function endpointsOf(details: Instance, port: string | undefined): Endpoint[] {
  const { instance, zone, weight, priority, addrs } = details;
  const texts = port === undefined ? addrs.slice(0, 1) : addrs;
  return texts.flatMap((text) => {
    const address = addressOf(text);
    if (address === undefined || (port !== undefined && address.port !== port)) return [];
    return [{ url: text.replace('+udp:', ':'), ...address, instance, zone, weight, priority, details }];
  });
}

/** What of an endpoint an address says. */
function addressOf(text: string): Pick<Endpoint, 'port' | 'protocol' | 'host' | 'number'> | undefined {
  const [, port = '', udp, bracketed, plain, number] =
    /^([a-z][a-z0-9-]*)(\+udp)?:\/\/(?:\[([^\]]+)\]|([^:/[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) return undefined;
  return { port, protocol: udp === undefined ? 'tcp' : 'udp', host, number: Number(number) };
}

/** What two endpoints have in common that are one, however each was found. */
export function endpointKey({ protocol, host, number }: Endpoint): string {
  return `${protocol} ${host} ${number}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function numberOf(value: unknown, fallback: number): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : fallback;
}

function metadataOf(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
