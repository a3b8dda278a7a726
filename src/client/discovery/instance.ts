// An instance as the registry's API shows it, read defensively: a document without names or addresses is skipped, a field
// of the wrong kind has its default, and times are held to what the API allows. And its endpoints, the addresses that a
// caller can connect to.

import { parseAddress } from '../../model/address.ts';
import { limits } from '../../model/instance.ts';
import { textsOf } from '../registration/registration-reply.ts';
import type { JsonObject } from '../registry/problem-document.ts';

export interface Instance {
  readonly env: string;
  readonly appid: string;
  readonly instance: string;
  /** `http://10.0.0.7:8080`; the scheme is the port name. */
  readonly addrs: readonly string[];
  readonly version: string;
  readonly zone: string;
  readonly group: string;
  readonly tags: readonly string[];
  readonly weight: number;
  readonly priority: number;
  readonly status: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Seconds without a renewal until it is evicted. */
  readonly leaseSeconds: number;
}

/** One address of one instance. */
export interface Endpoint {
  /** `http://10.0.0.7:8080` */
  readonly url: string;
  /** `http` */
  readonly portName: string;
  readonly protocol: 'tcp' | 'udp';
  /** An address or a host name; IPv6 without brackets. */
  readonly host: string;
  /** 1 to 65535 */
  readonly port: number;
  /** The instance's id; its label where it was found in DNS. */
  readonly instance: string;
  /** Empty where it has none, or was found in DNS. */
  readonly zone: string;
  /** Share of the traffic, as in SRV. */
  readonly weight: number;
  /** As in SRV: lower ones are used first. */
  readonly priority: number;
  /** The whole instance; undefined where it was found in DNS. */
  readonly details: Instance | undefined;
}

/** Undefined: it is no instance. */
export function instanceOf(value: unknown): Instance | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { env, appid, instance, addrs, metadata, tags, ...rest } = value as JsonObject;
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
    leaseSeconds: Math.min(numberOf(rest['leaseSeconds'], 90), limits.leaseSeconds.max),
  };
}

/** The endpoints of the port of that name; by default the first address. */
export function endpointsOf(details: Instance, portName: string | undefined): Endpoint[] {
  const { instance, zone, weight, priority, addrs } = details;
  const texts = portName === undefined ? addrs.slice(0, 1) : addrs;
  return texts.flatMap((text) => {
    const address = parseAddress(text);
    if ('fault' in address || (portName !== undefined && address.portName !== portName)) return [];
    const { protocol, host, port } = address;
    const url = text.replace('+udp:', ':');
    return [{ url, portName: address.portName, protocol, host, port, instance, zone, weight, priority, details }];
  });
}

/** Equal for two endpoints at one address, however each was found. */
export function endpointKey({ protocol, host, port }: Endpoint): string {
  return `${protocol} ${host} ${port}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
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
