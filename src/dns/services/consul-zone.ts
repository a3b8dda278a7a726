// The names of Consul's DNS as a zone of its own (setting `consulDomain`), over the same instances as the origin's and by
// the same rules: order, weights, at most 100 records, TTLs that outlast no lease, NODATA for a service without an
// instance that is up. An SRV target is `HEX.addr.DC.DOMAIN`, as Consul forms them, so that a resolver which forwards this
// domain alone finds it. A target has one address: of an instance with several addresses at one port, the first.
// Names of kinds that are not here (`query`, `connect`) do not exist.

import type { ConsulNode } from '../../model/consul-node.ts';
import { parseIpv4, parseIpv6 } from '../../model/ip.ts';
import type { RegistryView } from '../../model/view.ts';
import { type Rdata, type RRset, RRType } from '../message/message.ts';
import { labelsOf, type Name, nameOf, nameToText } from '../message/name.ts';
import type { Draws } from '../message/rotation.ts';
import { emptyNonTerminal, type LiveNames, type Node, type NodeData, withSerial } from '../zone/zone.ts';
import { addressLabel, type ConsulName, findConsulName } from './names/consul-name.ts';
import type { LargeAppsView } from './names/service-name.ts';
import type { Explanations } from './records/explanations.ts';
import { serviceRecords } from './records/service-records.ts';

/** What an operator has set. */
export interface ConsulDomain {
  readonly domain: Name;
  /** The env whose apps are the services. */
  readonly env: string;
  /** The name of this server's node. */
  readonly node: string;
}

export interface ConsulZoneDeps extends ConsulDomain {
  readonly origin: Name;
  readonly view: RegistryView;
  readonly largeApps: LargeAppsView;
  /** IP addresses of this server, as text. */
  readonly hosts: readonly string[];
  readonly draws: Draws;
  readonly explanations: Explanations;
  wallMs(): number;
}

/** Names of addresses never mean another, and this server's address hardly ever. */
const addressTtlSeconds = 3600;
/** A node of the catalog may be registered at another address. */
const nodeTtlSeconds = 5;
const serviceTypes: readonly number[] = [RRType.SRV, RRType.A, RRType.AAAA, RRType.TXT];
const noType: NodeData = { rrset: undefined, reason: 'names of this kind have no records of this type' };

export class ConsulZone implements LiveNames {
  readonly #deps: ConsulZoneDeps;

  /** Of the catalog, by folded name: their addresses. */
  readonly #nodes = new Map<string, readonly Uint8Array[]>();

  constructor(deps: ConsulZoneDeps) {
    this.#deps = deps;
  }

  /** A node of the catalog has come, has moved or has gone. The view's version moves with it. */
  nodeChanged({ name, addresses }: ConsulNode): void {
    if (addresses === undefined) this.#nodes.delete(name);
    else this.#nodes.set(name, addresses.flatMap(octetsOf));
  }

  get revision(): number {
    return this.#deps.view.version;
  }

  get serial(): number {
    return this.#deps.view.revision % 2 ** 32;
  }

  withSerial(soa: RRset): RRset {
    return withSerial(soa, this.serial);
  }

  node(name: Name, nowMs: number): Node | undefined {
    const explanation = this.#deps.explanations.node(name, nowMs, this);
    if (explanation !== undefined) return explanation;
    const found = findConsulName(this.#labels(name), { ...this.#deps, nodes: this.#nodes });
    switch (found?.kind) {
      case undefined:
        return undefined;
      case 'within':
        return { source: this, types: () => [], rrset: () => emptyNonTerminal };
      case 'node':
        return found.name === undefined
          ? this.#addresses(name, this.#deps.hosts.flatMap(octetsOf), { ttl: addressTtlSeconds, isUnbounded: false })
          : this.#addresses(name, this.#nodes.get(found.name) ?? [], { ttl: nodeTtlSeconds, isUnbounded: false });
      case 'address':
        return this.#addresses(name, [found.octets], { ttl: addressTtlSeconds, isUnbounded: true });
      case 'service':
        return this.#service(found, name, nowMs);
    }
  }

  absence(): string {
    const { env, domain } = this.#deps;
    return `no service, node or tag of this name in the env ${env}; names are SERVICE.service.${nameToText(domain)}`;
  }

  #labels(name: Name): string[] {
    return labelsOf(name.slice(0, name.length - this.#deps.domain.length) as Name);
  }

  #addresses(
    owner: Name,
    all: readonly Uint8Array[],
    { ttl, isUnbounded }: { readonly ttl: number; readonly isUnbounded: boolean },
  ): Node {
    const rrset = (type: number): NodeData => {
      const length = type === RRType.A ? 4 : type === RRType.AAAA ? 16 : 0;
      const rdatas = all.filter((octets) => octets.length === length).map((octets): Rdata => [octets]);
      if (rdatas.length === 0) return noType;
      return { rrset: { owner, type, ttl, rdatas }, validUntilMs: Number.POSITIVE_INFINITY };
    };
    const types = [RRType.A, RRType.AAAA].filter((type) => rrset(type).rrset !== undefined);
    return { source: this, isUnbounded, types: () => types, rrset };
  }

  #service({ scope, isSrvAlone }: ConsulName & { kind: 'service' }, owner: Name, nowMs: number): Node {
    const { draws, view, origin } = this.#deps;
    const { appid, env } = scope.app;
    const appName = (): Name => nameOf([...appid.split('.'), env], origin) as Name;
    const types = isSrvAlone ? [RRType.SRV] : serviceTypes;
    const rrset = (type: number): NodeData => {
      if (!types.includes(type)) return noType;
      const place = { owner, appName, nowMs, wallMs: this.#deps.wallMs(), draws, view };
      const data = serviceRecords(scope, type, place);
      return type === RRType.SRV && data.rrset !== undefined ? this.#withTargets(data) : data;
    };
    const first = (): readonly number[] => types.filter((type) => rrset(type).rrset !== undefined).slice(0, 1);
    return { source: scope.app, types: first, rrset };
  }

  /** The same records with targets of this domain; a target that is the name of a host stays. */
  #withTargets(data: Extract<NodeData, { readonly rrset: RRset }>): NodeData {
    const addresses = new Map<Name, Uint8Array>();
    for (const { owner, rdatas } of data.additional ?? [])
      if (!addresses.has(owner)) addresses.set(owner, rdatas[0]?.[0] as Uint8Array);
    const additional = new Map<Name, RRset>();
    const rdatas = data.rrset.rdatas.map(([numbers, target]): Rdata => {
      const octets = addresses.get(target as Name);
      if (octets === undefined) return [numbers as Uint8Array, target as Name];
      const owner = this.#addressName(octets);
      const type = octets.length === 4 ? RRType.A : RRType.AAAA;
      additional.set(owner, { owner, type, ttl: data.rrset.ttl, rdatas: [[octets]] });
      return [numbers as Uint8Array, owner];
    });
    return { ...data, rrset: { ...data.rrset, rdatas }, additional: [...additional.values()] };
  }

  #addressName(octets: Uint8Array): Name {
    const { env, domain } = this.#deps;
    return nameOf([addressLabel(octets), 'addr', env], domain) as Name;
  }
}

function octetsOf(address: string): readonly Uint8Array[] {
  const octets = parseIpv4(address) ?? parseIpv6(address);
  return octets === undefined ? [] : [octets];
}
