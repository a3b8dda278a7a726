// Our zones, found by name: the deepest one wins (design §10). Names are folded. The table has a revision that moves, so that
// zones were put in or taken out, so that answers made from them can be seen to be out of date.

import { HashTable } from '../../runtime/hash-table.ts';
import type { AnswerSource } from '../message/message.ts';
import { isWithin, type Name, parentOf, ROOT } from '../message/name.ts';
import { NameHashes } from '../message/name-hashes.ts';
import type { RequestName } from '../message/request-name.ts';
import type { Zone } from './zone.ts';

/** Zones of addresses alone are made on demand (RFC 3172). */
const onDemandAbove = '\x04arpa\0' as Name;

/** A zone's apex, or a name above one. */
interface Entry {
  readonly hash: number;
  readonly name: Name;
  zone: Zone | undefined;
  /** Zones at and below the name. */
  count: number;
}

export class ZoneTable implements AnswerSource {
  /** All but the root. */
  readonly #entries = new HashTable<Entry, Name, number>(
    ({ name: own }, name, from) => own.length === name.length - from && name.endsWith(own),
  );
  readonly #hashes = new NameHashes();
  #root: Zone | undefined;
  #size = 0;
  revision = 0;
  /** Makes the zone of a name below `arpa.` that none in the table contains; such a zone is in no count. */
  onDemand: ((name: Name) => Zone | undefined) | undefined;
  /** What may be meant by a name that is in none of the zones; '' where nothing comes to mind. */
  outsideHint: ((name: Name) => string) | undefined;
  /** The zone found last, where no other lies below it: most questions in a row are for one. */
  #latest: Zone | undefined;
  /** Of its apex. */
  #latestLabels = 0;

  get size(): number {
    return this.#size;
  }

  set(zone: Zone): void {
    const { apex } = zone;
    this.#latest = undefined;
    if (this.get(apex) === undefined) this.#lead(apex, 1);
    this.#put(apex, zone);
    this.revision++;
  }

  /**
   * True for a name at or above the apex of one of our zones: it exists, though the zone around it may not know. A
   * resolver that met NXDOMAIN there would never ask for what lies below (RFC 8020).
   */
  leadsToZone(name: Name): boolean {
    if (this.#latest !== undefined && isWithin(name, this.#latest.apex)) return name === this.#latest.apex;
    return this.#entryOf(name) !== undefined;
  }

  delete(apex: Name): void {
    if (this.get(apex) === undefined) return;
    this.#put(apex, undefined);
    this.#latest = undefined;
    this.#lead(apex, -1);
    this.revision++;
  }

  get(apex: Name): Zone | undefined {
    return apex === ROOT ? this.#root : this.#entryOf(apex)?.zone;
  }

  /** The deepest zone that contains `name`. */
  find(name: Name): Zone | undefined {
    if (this.#latest !== undefined && isWithin(name, this.#latest.apex)) return this.#latest;
    const hashes = this.#hashes;
    const labels = hashes.read(name);
    for (let label = 0; label < labels; label++) {
      const entry = this.#entries.find(hashes.hash(label), name, hashes.at(label));
      if (entry?.zone === undefined) continue;
      if (entry.count === 1) {
        this.#latest = entry.zone;
        this.#latestLabels = labels - label;
      }
      return entry.zone;
    }
    return this.#root ?? this.onDemand?.(name);
  }

  /**
   * The zone of a name of a request that is no apex and leads to no zone; 'none': it is in no zone. 'unsure': the name has to
   * be looked up by its text.
   */
  zoneOfRequest(name: RequestName): Zone | 'none' | 'unsure' {
    if (this.#latest !== undefined) {
      const label = name.labels - this.#latestLabels;
      if (label > 0 && name.isFrom(label, this.#latest.apex)) return this.#latest;
    }
    for (let label = 0; label < name.labels; label++) {
      const entry = this.#entries.withHash(name.hash(label) | 0);
      if (entry === undefined) continue;
      if (label === 0 || !name.isFrom(label, entry.name)) return 'unsure';
      if (entry.zone === undefined) continue;
      if (entry.count === 1) {
        this.#latest = entry.zone;
        this.#latestLabels = name.labels - label;
      }
      return entry.zone;
    }
    if (this.#root !== undefined) return 'unsure';
    return this.onDemand === undefined || !name.isFrom(name.labels - 1, onDemandAbove) ? 'none' : 'unsure';
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

  #entryOf(name: Name): Entry | undefined {
    return this.#hashes.read(name) === 0 ? undefined : this.#entries.find(this.#hashes.hash(0), name, 0);
  }

  /** Precondition: the apex leads to a zone. */
  #put(apex: Name, zone: Zone | undefined): void {
    if (apex === ROOT) this.#root = zone;
    else (this.#entryOf(apex) as Entry).zone = zone;
  }

  #lead(apex: Name, zones: 1 | -1): void {
    this.#size += zones;
    for (let rest = apex; rest !== ROOT; rest = parentOf(rest)) {
      let entry = this.#entryOf(rest);
      if (entry === undefined) {
        entry = { hash: this.#hashes.hash(0), name: rest, zone: undefined, count: 0 };
        this.#entries.add(entry);
      }
      entry.count += zones;
      if (entry.count === 0) this.#entries.delete(entry);
    }
  }
}
