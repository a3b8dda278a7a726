// Which zones have live names, and which are there without a file: the origin, with the registry's names, and the
// reverse zones, with the PTRs of its addresses. A zone of a file, at start or later, is passed to `serve`.

import type { Address } from '../../model/address.ts';
import type { ConsulNode } from '../../model/consul-node.ts';
import type { HiddenName } from '../../model/dns-names.ts';
import type { Instance } from '../../model/instance.ts';
import type { Problem } from '../../model/problem.ts';
import type { RegistryView } from '../../model/view.ts';
import { isWithin, labelsOf, type Name, nameOf, nameToText } from '../message/name.ts';
import type { Draws } from '../message/rotation.ts';
import { soaNames, withLiveNames, type Zone } from '../zone/zone.ts';
import type { ZoneTable } from '../zone/zone-table.ts';
import type { InstanceChange } from './apps/instance-change.ts';
import { type ConsulDomain, ConsulZone } from './consul-zone.ts';
import { type HiddenInstances, hiddenInstances } from './hidden-instances.ts';
import { makeOriginZone, makeZone, type NameServer } from './made-zone.ts';
import { hiddenNames, isOpenEnv, reservedReason } from './names/reserved-name.ts';
import { findServiceName } from './names/service-name.ts';
import { Explanations, type Why } from './records/explanations.ts';
import { addressAbove, isReverse, privateApexes } from './reverse/reverse-name.ts';
import { ReverseZones } from './reverse/reverse-zones.ts';
import { targetProblem } from './served-target.ts';
import { ServiceZone } from './service-zone.ts';

/** `nameServer`, `hosts`: of the origin, unless a file has its own. */
export interface LiveZonesDeps extends NameServer {
  readonly origin: Name;
  readonly view: RegistryView;
  readonly zones: ZoneTable;
  readonly draws: Draws;
  readonly negativeTtlSeconds: number;
  /** Consul's names, as a zone of their own; undefined: none. */
  readonly consul?: ConsulDomain | undefined;
  /** The time of day, as people and other nodes have it. */
  wallMs(): number;
  /** Puts into words why the answers at a name are what they are (server/explain.ts). */
  readonly why: Why;
}

/** Zones of addresses that have left: bounds memory against a client that registers every address. */
const leftZonesMax = 1000;
/** Zones of addresses that were asked for last: made again, one costs some microseconds. */
const madeZonesMax = 256;

export class LiveZones {
  readonly #deps: LiveZonesDeps;
  readonly #services: ServiceZone;
  readonly #reverse: ReverseZones;
  readonly #consul: ConsulZone | undefined;
  /** Apexes of the zones of single addresses that have left, in that order. */
  readonly #left = new Set<Name>();
  /** Zones of single addresses, the one asked for last at the end. */
  readonly #made = new Map<Name, Zone>();

  constructor(deps: LiveZonesDeps) {
    const { origin, view, draws } = deps;
    this.#deps = deps;
    const { zones } = deps;
    const explanations = new Explanations(deps.why, zones);
    const opened = (apex: Name) => this.#opened(apex);
    const closed = (apex: Name) => this.#closed(apex);
    this.#reverse = new ReverseZones({ origin, view, explanations, opened, closed, wallMs: () => deps.wallMs() });
    zones.onDemand = (name) => this.#onDemand(name);
    zones.outsideHint = (name) => this.#withOrigin(name);
    this.#services = new ServiceZone({ origin, view, draws, explanations, wallMs: () => deps.wallMs() });
    const { consul, hosts: own } = deps;
    const { largeApps } = this.#services;
    const more = { origin, view, largeApps, hosts: own, draws, explanations, wallMs: () => deps.wallMs() };
    this.#consul = consul && new ConsulZone({ ...consul, ...more });
  }

  /** Whether the serial of this zone is the registry's revision, whatever serial its file has. */
  isLive(apex: Name): boolean {
    return isWithin(apex, this.#deps.origin) || isReverse(apex) || apex === this.#deps.consul?.domain;
  }

  /** Puts a zone into the table, with the live names that belong to it. */
  serve(zone: Zone): void {
    this.#put(zone);
  }

  /** Takes out the zone of a file that is gone; what must be there without one is made. */
  drop(apex: Name): void {
    const { zones, origin } = this.#deps;
    zones.delete(apex);
    if (apex === origin || isReverse(apex) || apex === this.#deps.consul?.domain) this.serveMissing();
  }

  #put(zone: Zone): void {
    const { origin, zones, negativeTtlSeconds } = this.#deps;
    // A zone below the origin has the live names below it, as the origin has.
    const live = this.#liveNamesOf(zone.apex);
    if (live === this.#reverse) this.#reverse.touched();
    zones.set(live === undefined ? zone : withLiveNames(zone, live, negativeTtlSeconds));
    // Those that are made name the origin's server.
    if (zone.apex === origin) this.#made.clear();
  }

  #liveNamesOf(apex: Name): ServiceZone | ReverseZones | ConsulZone | undefined {
    if (isWithin(apex, this.#deps.origin)) return this.#services;
    if (apex === this.#deps.consul?.domain) return this.#consul;
    return isReverse(apex) ? this.#reverse : undefined;
  }

  /** Makes the zones that must be there and that no file gave. */
  serveMissing(): void {
    const { origin, zones, negativeTtlSeconds } = this.#deps;
    if (zones.get(origin) === undefined) this.serve(makeOriginZone(origin, [this.#deps], negativeTtlSeconds));
    for (const apex of privateApexes()) if (zones.find(apex) === undefined) this.serve(this.#makeBeside(apex));
    const { consul } = this.#deps;
    if (consul !== undefined && zones.get(consul.domain) === undefined) this.serve(this.#makeBeside(consul.domain));
  }

  /** The registered instances that the file of this zone hides. */
  hiddenBy(apex: Name): HiddenInstances {
    const { origin, view, zones } = this.#deps;
    const zone = zones.get(apex);
    return zone === undefined ? new Map() : hiddenInstances(zone, origin, view, this.#services.largeApps);
  }

  /** See ConsulZone. */
  consulNodeChanged(node: ConsulNode): void {
    this.#consul?.nodeChanged(node);
  }

  /** A change listener. */
  changed(change: InstanceChange): void {
    // First who is where, which large apps look at.
    this.#reverse.changed(change);
    this.#services.changed(change);
  }

  /** For a view that is a copy and learns late of deadlines: this one is earlier than it knew. */
  shortened(instance: Instance): void {
    this.#reverse.shortened(instance);
  }

  /** Why `text`, labels below the origin, cannot be registered; undefined where it can. */
  reservedReason(text: string, addrs?: readonly Address[]): string | undefined {
    const { origin, zones } = this.#deps;
    return reservedReason(text, zones.get(origin) as Zone, zones, addrs);
  }

  /** The names of an instance at which a zone file hides records of it. */
  hiddenNames(instance: Instance): readonly HiddenName[] {
    const { origin, zones } = this.#deps;
    return hiddenNames(instance, zones.get(origin) as Zone, zones);
  }

  /** The first host name among an instance's addresses that cannot be a target, as a problem; see served-target.ts. */
  targetProblem(instance: Instance, before: Instance | undefined): Problem | undefined {
    const { view, zones } = this.#deps;
    return targetProblem(instance, before, {
      origin: this.#deps.origin,
      view,
      zones,
      largeApps: this.#services.largeApps,
    });
  }

  /** Whether every name of an env can be registered: `reservedReason` is undefined for each. */
  isOpen(env: string): boolean {
    const { origin, zones } = this.#deps;
    return isOpenEnv(env, zones.get(origin) as Zone, zones);
  }

  /** A name that was asked for without the origin: `orders.prod`. */
  #withOrigin(name: Name): string {
    const { origin, view } = this.#deps;
    const labels = labelsOf(name);
    const asked = labels.at(0) === '_why' ? labels.slice(1) : labels;
    const meant = nameOf(asked, origin);
    if (meant === undefined || asked.length < 2) return '';
    const found = findServiceName(asked, view, this.#services.largeApps);
    return found?.kind === 'scope' ? `; ${nameToText(meant)} is registered` : '';
  }

  /** The zone of a registered address that no other zone contains, or of one that was. */
  #onDemand(name: Name): Zone | undefined {
    if (!isReverse(name)) return undefined;
    const found = addressAbove(name);
    if (found === undefined) return undefined;
    const { host, apex } = found;
    if (this.#reverse.hosts.count(host) === 0 && !this.#left.has(apex)) return undefined;
    const known = this.#made.get(apex);
    this.#made.delete(apex);
    const zone = known ?? withLiveNames(this.#makeBeside(apex), this.#reverse, this.#deps.negativeTtlSeconds);
    this.#made.set(apex, zone);
    const [oldest] = this.#made.keys();
    if (this.#made.size > madeZonesMax && oldest !== undefined) this.#made.delete(oldest);
    return zone;
  }

  #opened(apex: Name): void {
    this.#left.delete(apex);
    this.#deps.zones.touch();
  }

  /**
   * The zone stays: resolvers that were led here for its name shall hear that it is gone (NXDOMAIN), where REFUSED would be
   * a fault to them.
   */
  #closed(apex: Name): void {
    this.#left.add(apex);
    const [oldest] = this.#left;
    if (this.#left.size <= leftZonesMax || oldest === undefined) return;
    this.#left.delete(oldest);
    this.#deps.zones.touch();
  }

  /** Names its server and mailbox as the origin does. */
  #makeBeside(apex: Name): Zone {
    const { origin, zones, negativeTtlSeconds } = this.#deps;
    const [ns, mailbox] = soaNames((zones.get(origin) as Zone).soa);
    return makeZone({ apex, ns, mailbox, negativeTtlSeconds });
  }
}
