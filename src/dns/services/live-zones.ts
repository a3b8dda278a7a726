// Which zones have live names, and which are there without a file: the origin, with the registry's names, and the
// reverse zones, with the PTRs of its addresses. Whoever has a zone from a file, at start or later, gives it to `serve`.

import type { Instance } from '../../model/instance.ts';
import type { RegistryView } from '../../model/view.ts';
import { isWithin, type Name } from '../message/name.ts';
import type { Draws } from '../message/rotation.ts';
import { soaNames, withLiveNames, type Zone } from '../zone/zone.ts';
import type { ZoneTable } from '../zone/zone-table.ts';
import { Explanations, type Why } from './explanations.ts';
import type { InstanceChange } from './instance-change.ts';
import { makeOriginZone, makeZone } from './made-zone.ts';
import { isOpenEnv, reservedReason } from './reserved-name.ts';
import { isReverse, privateApexes } from './reverse-name.ts';
import { ReverseZones } from './reverse-zones.ts';
import { ServiceZone } from './service-zone.ts';

export interface LiveZonesDeps {
  readonly origin: Name;
  readonly view: RegistryView;
  readonly zones: ZoneTable;
  readonly draws: Draws;
  readonly negativeTtlSeconds: number;
  /** IP addresses where we listen: of the name server, where no file says otherwise. */
  readonly hosts: readonly string[];
  /** Puts into words why the answers at a name are what they are (server/explain.ts). */
  readonly why: Why;
}

/** Zones of addresses that have left: more would be somebody who registers his way through the address space. */
const leftZonesMax = 1000;

export class LiveZones {
  readonly #deps: LiveZonesDeps;
  readonly #services: ServiceZone;
  readonly #reverse: ReverseZones;
  /** Reverse zones that came with an address. */
  readonly #passing = new Set<Name>();
  /** Those of them without an address now, in the order in which they lost it. */
  readonly #left = new Set<Name>();

  constructor(deps: LiveZonesDeps) {
    const { origin, view, draws } = deps;
    this.#deps = deps;
    const explanations = new Explanations(deps.why);
    this.#services = new ServiceZone({ origin, view, draws, explanations });
    const opened = (apex: Name) => this.#opened(apex);
    const closed = (apex: Name) => this.#closed(apex);
    this.#reverse = new ReverseZones({ origin, view, explanations, opened, closed });
  }

  /** Whether the serial of this zone is the registry's revision, whatever its file says. */
  isLive(apex: Name): boolean {
    return apex === this.#deps.origin || isReverse(apex);
  }

  /** Puts a zone into the table, with the live names that belong to it. */
  serve(zone: Zone): void {
    // What came with an address makes way for a file that contains it: its records would be hidden.
    for (const apex of this.#passing) if (isWithin(apex, zone.apex)) this.#remove(apex);
    this.#put(zone);
  }

  /** Takes out the zone of a file that is gone; what must be there without one is made. */
  drop(apex: Name): void {
    const { zones, origin } = this.#deps;
    zones.delete(apex);
    if (apex === origin || isReverse(apex)) this.serveMissing();
  }

  #put(zone: Zone): void {
    const { origin, zones, negativeTtlSeconds } = this.#deps;
    const live = zone.apex === origin ? this.#services : isReverse(zone.apex) ? this.#reverse : undefined;
    if (live === this.#reverse) this.#reverse.touched();
    zones.set(live === undefined ? zone : withLiveNames(zone, live, negativeTtlSeconds));
  }

  /** Makes the zones that must be there and that no file gave. */
  serveMissing(): void {
    const { origin, zones, hosts, negativeTtlSeconds } = this.#deps;
    if (zones.get(origin) === undefined) this.serve(makeOriginZone(origin, hosts, negativeTtlSeconds));
    for (const apex of privateApexes()) if (zones.find(apex) === undefined) this.serve(this.#makeReverse(apex));
  }

  /** A change listener. */
  changed(change: InstanceChange): void {
    this.#services.changed(change);
    this.#reverse.changed(change);
  }

  /** To be told where the view is a copy that hears late of deadlines: this one is earlier than it thought. */
  shortened(instance: Instance): void {
    this.#reverse.shortened(instance);
  }

  /** Why `text`, labels below the origin, cannot be registered; undefined where it can. */
  reservedReason(text: string): string | undefined {
    const { origin, zones } = this.#deps;
    return reservedReason(text, zones.get(origin) as Zone, zones);
  }

  /** Whether every name of an env can be registered: `reservedReason` says nothing of any. */
  isOpen(env: string): boolean {
    const { origin, zones } = this.#deps;
    return isOpenEnv(env, zones.get(origin) as Zone, zones);
  }

  #opened(apex: Name): void {
    this.#left.delete(apex);
    if (this.#deps.zones.find(apex) !== undefined) return;
    this.#put(this.#makeReverse(apex));
    this.#passing.add(apex);
  }

  /**
   * The zone stays: resolvers that were led here for its names shall hear that they are gone (NXDOMAIN), where REFUSED
   * would be a fault to them.
   */
  #closed(apex: Name): void {
    if (!this.#passing.has(apex)) return;
    this.#left.add(apex);
    const [oldest] = this.#left;
    if (this.#left.size > leftZonesMax && oldest !== undefined) this.#remove(oldest);
  }

  #remove(apex: Name): void {
    this.#left.delete(apex);
    if (this.#passing.delete(apex)) this.#deps.zones.delete(apex);
  }

  /** Names its server and mailbox as the origin does. */
  #makeReverse(apex: Name): Zone {
    const { origin, zones, negativeTtlSeconds } = this.#deps;
    const [ns, mailbox] = soaNames((zones.get(origin) as Zone).soa);
    return makeZone({ apex, ns, mailbox, negativeTtlSeconds });
  }
}
