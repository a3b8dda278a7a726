// Our zones, found by name: the deepest one wins (design §10). Names are folded. The table has a revision that moves, so that
// zones were put in or taken out, so that answers made from them can be seen to be out of date.

import type { AnswerSource } from '../message/message.ts';
import { isWithin, type Name, parentOf, ROOT } from '../message/name.ts';
import type { Zone } from './zone.ts';

export class ZoneTable implements AnswerSource {
  readonly #zones = new Map<Name, Zone>();
  /** The zones' apexes and every name above them, each with the number of zones there and below. */
  readonly #leading = new Map<Name, number>();
  revision = 0;
  /** Makes the zone of a name that none in the table contains; such a zone is in no count. */
  onDemand: ((name: Name) => Zone | undefined) | undefined;
  /** What may be meant by a name that is in none of the zones; '' where nothing comes to mind. */
  outsideHint: ((name: Name) => string) | undefined;
  /** The zone found last, where no other lies below it: most questions in a row are for one. */
  #latest: Zone | undefined;

  get size(): number {
    return this.#zones.size;
  }

  set(zone: Zone): void {
    this.#latest = undefined;
    if (!this.#zones.has(zone.apex)) this.#lead(zone.apex, 1);
    this.#zones.set(zone.apex, zone);
    this.revision++;
  }

  /**
   * True for a name at or above the apex of one of our zones: it exists, though the zone around it may not know. A
   * resolver that met NXDOMAIN there would never ask for what lies below (RFC 8020).
   */
  leadsToZone(name: Name): boolean {
    if (this.#latest !== undefined && isWithin(name, this.#latest.apex)) return name === this.#latest.apex;
    return this.#leading.has(name);
  }

  delete(apex: Name): void {
    if (!this.#zones.delete(apex)) return;
    this.#latest = undefined;
    this.#lead(apex, -1);
    this.revision++;
  }

  get(apex: Name): Zone | undefined {
    return this.#zones.get(apex);
  }

  /** The deepest zone that contains `name`. */
  find(name: Name): Zone | undefined {
    if (this.#latest !== undefined && isWithin(name, this.#latest.apex)) return this.#latest;
    for (let rest = name; ; rest = parentOf(rest)) {
      const zone = this.#zones.get(rest);
      if (zone !== undefined) {
        if (this.#leading.get(rest) === 1) this.#latest = zone;
        return zone;
      }
      if (rest === ROOT) return this.onDemand?.(name);
    }
  }

  /** What is made on demand is another. */
  touch(): void {
    this.revision++;
  }

  /** The zone that answers for DS at `name`: the parent's side of a cut (RFC 4035 §3.1.4.1), else the zone itself. */
  findForDs(name: Name): Zone | undefined {
    const above = name === ROOT ? undefined : this.find(parentOf(name));
    return above ?? this.find(name);
  }

  #lead(apex: Name, zones: 1 | -1): void {
    for (let rest = apex; rest !== ROOT; rest = parentOf(rest)) {
      const count = (this.#leading.get(rest) ?? 0) + zones;
      if (count === 0) this.#leading.delete(rest);
      else this.#leading.set(rest, count);
    }
  }
}
