// Instances -> candidates: the possible records of one type, before it is decided which of them and in what order
// (service-records.ts). A and AAAA: one an address; SRV: one an endpoint; TXT: one an instance.

import { onlyIpv4Of } from '../../../model/compact-instance.ts';
import type { Instance } from '../../../model/instance.ts';
import { type IpFamily, ipv4ToNumber, octetsOfIpv4, parseIpv6 } from '../../../model/ip.ts';
import type { LeasedInstance, RegistryView } from '../../../model/view.ts';
import type { InstanceSource, Rdata } from '../../message/message.ts';
import type { Name } from '../../message/name.ts';
import type { Draws } from '../../message/rotation.ts';
import type { NameScope } from '../names/service-name.ts';
import { type SrvEndpoint, srvEndpointsOf } from './service-endpoints.ts';
import { metadataStrings } from './service-text.ts';
import { boundMs, ttlOf } from './suspect-instances.ts';

/** A record to be: its data, and what orders it. */
export interface RecordCandidate {
  rdata: Rdata;
  weight: number;
  priority: number;
  ttl: number;
  /** Monotonic milliseconds of the earliest of its leases. */
  deadlineMs: number;
  /** What the record leads to, for ADDITIONAL; undefined: an address or nothing of ours. */
  readonly endpoint: SrvEndpoint | undefined;
  instances: InstanceSource;
}

/** RFC 2782: two octets. */
const weightMax = 65_535;

/** The names and times that records of a scope are made with. */
export interface RecordContext {
  readonly owner: Name;
  /** The app's own name: SRV targets lie below it. */
  appName(): Name;
  readonly nowMs: number;
  /** The time of day, as all threads and nodes know it. */
  readonly wallMs: number;
  readonly draws: Draws;
  readonly view: RegistryView;
}

/** Two instances at one address are one record, with the weight of both. */
export function addresses(
  scope: NameScope,
  family: IpFamily,
  up: readonly LeasedInstance[],
  place: RecordContext,
): RecordCandidate[] {
  const byHost = new Map<Host, RecordCandidate>();
  for (const leased of up) {
    for (const host of hostsOf(leased.instance, family, scope)) {
      const known = byHost.get(host);
      if (known === undefined) byHost.set(host, candidate([octetsOfHost(host)], leased, place.nowMs));
      // Its own, of another port: it counts once.
      else if (!isLatestOf(known, leased)) join(known, leased, place.nowMs);
    }
  }
  return [...byHost.values()];
}

/** An IPv4 address as a number (see ip.ts), an IPv6 address as its canonical text. */
type Host = number | string;

function hostsOf(instance: Instance, family: IpFamily, { servesAddress }: NameScope): Host[] {
  const only = family === 4 && servesAddress === undefined ? onlyIpv4Of(instance) : undefined;
  if (only !== undefined) return [only];
  const hosts: Host[] = [];
  for (const address of instance.addrs) {
    if (address.family !== family || servesAddress?.(address) === false) continue;
    hosts.push(family === 4 ? (ipv4ToNumber(address.host) as number) : address.host);
  }
  return hosts;
}

function octetsOfHost(host: Host): Uint8Array {
  if (typeof host === 'string') return parseIpv6(host) as Uint8Array;
  return octetsOfIpv4(host);
}

/** Instances at one host name share a record: it appears once, with the weight of all (RFC 2181 §5). */
export function services(scope: NameScope, up: readonly LeasedInstance[], place: RecordContext): RecordCandidate[] {
  const appName = place.appName();
  const found: RecordCandidate[] = [];
  const byHostName = new Map<string, RecordCandidate>();
  for (const leased of up) {
    const { instance } = leased;
    for (const endpoint of srvEndpointsOf(instance, appName)) {
      if (scope.servesAddress !== undefined && !endpoint.addresses.some(scope.servesAddress)) continue;
      // Below its own name there is no other instance.
      const isShared = endpoint.hosts.length === 0;
      const key = isShared ? `${instance.priority} ${endpoint.port} ${endpoint.target}` : '';
      const known = isShared ? byHostName.get(key) : undefined;
      if (known !== undefined) {
        join(known, leased, place.nowMs);
        known.rdata = withWeight(known.rdata, known.weight);
        continue;
      }
      const numbers = new Uint8Array(6);
      setUint16(numbers, 0, instance.priority);
      setUint16(numbers, 2, instance.weight);
      setUint16(numbers, 4, endpoint.port);
      const made = candidate([numbers, endpoint.target], leased, place.nowMs, endpoint);
      if (isShared) byHostName.set(key, made);
      found.push(made);
    }
  }
  return found;
}

function setUint16(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >> 8;
  octets[at + 1] = value;
}

/** SRV data with another weight, or the most there is. */
export function withWeight([numbers, target]: Rdata, weight: number): Rdata {
  const changed = Uint8Array.from(numbers as Uint8Array);
  setUint16(changed, 2, Math.min(weight, weightMax));
  return [changed, target as Name];
}

/** An app's TXT names the instance of each record; an instance's own is its metadata (RFC 6763 §6.1). */
export function texts(scope: NameScope, up: readonly LeasedInstance[], place: RecordContext): RecordCandidate[] {
  const isOwn = scope.kind !== 'app';
  return up.map((leased) => {
    const { label, metadata } = leased.instance;
    return candidate([metadataStrings(isOwn ? [] : [`instance=${label}`], metadata)], leased, place.nowMs);
  });
}

export function candidate(
  rdata: Rdata,
  leased: LeasedInstance,
  nowMs: number,
  endpoint?: SrvEndpoint,
): RecordCandidate {
  const { weight, priority } = leased.instance;
  const deadlineMs = boundMs(leased, nowMs);
  return { rdata, weight, priority, ttl: ttlOf(leased, nowMs), deadlineMs, endpoint, instances: leased };
}

/** A candidate of one instance, made earlier: with what is left of its lease now. */
export function refreshed(known: RecordCandidate, nowMs: number): RecordCandidate {
  const leased = known.instances as LeasedInstance;
  known.ttl = ttlOf(leased, nowMs);
  known.deadlineMs = boundMs(leased, nowMs);
  return known;
}

function isLatestOf({ instances }: RecordCandidate, leased: LeasedInstance): boolean {
  return instances === leased || (Array.isArray(instances) && instances.at(-1) === leased);
}

/** The same record again, of another instance. */
export function join(known: RecordCandidate, leased: LeasedInstance, nowMs: number): void {
  known.weight += leased.instance.weight;
  known.priority = Math.min(known.priority, leased.instance.priority);
  known.ttl = Math.min(known.ttl, ttlOf(leased, nowMs));
  known.deadlineMs = Math.min(known.deadlineMs, boundMs(leased, nowMs));
  known.instances = [known.instances, leased].flat();
}
