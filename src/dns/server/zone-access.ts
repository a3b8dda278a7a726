// Zones that only some networks may ask about: views, kept simple. A rule covers its zone and all names below it, and the
// deepest one decides. A client outside gets what `dnsDenied` is set to, and that holds for every name in an answer, too: an
// alias, a PTR or an additional record must not reveal what a direct question would not.
// Each rule is a bit, so that an answer in the cache carries the set of those that it needs in one number.
// Limits: thirty zones, the bits of a small integer.

import type { Answer, RRset } from '../message/message.ts';
import { fold, type Name, parentOf, ROOT } from '../message/name.ts';
import { Networks } from './networks.ts';
import { octetsOf, type Peer } from './peer.ts';

export interface ZoneRule {
  readonly zone: Name;
  /** Networks such as `10.0.0.0/8`. */
  readonly allow: readonly string[];
}

export const zoneRulesMax = 30;

/** Undefined where all zones are open. */
export function zoneAccessOf(rules: readonly ZoneRule[] = []): ZoneAccess | undefined {
  return rules.length === 0 ? undefined : new ZoneAccess(rules);
}

export class ZoneAccess {
  readonly #bitOf = new Map<Name, number>();
  readonly #networks: readonly Networks[];

  constructor(rules: readonly ZoneRule[]) {
    if (rules.length > zoneRulesMax) throw new Error(`${rules.length} zones have rules, at most ${zoneRulesMax} may`);
    for (const [index, { zone }] of rules.entries()) this.#bitOf.set(zone, 1 << index);
    this.#networks = rules.map(({ allow }) => new Networks(allow));
  }

  /** The zone of a folded name, as a bit; 0 for one that is open. */
  zoneOf(name: Name): number {
    for (let at = name; ; at = parentOf(at)) {
      const bit = this.#bitOf.get(at);
      if (bit !== undefined) return bit;
      if (at === ROOT) return 0;
    }
  }

  /** All zones that an answer has names of. */
  zonesOf(qname: Name, { answer, authority, additional, glue }: Answer): number {
    let zones = this.zoneOf(qname);
    for (const sets of [answer, authority, additional, glue]) for (const set of sets) zones |= this.#zonesOfSet(set);
    return zones;
  }

  #zonesOfSet({ owner, rdatas }: RRset): number {
    let zones = this.zoneOf(fold(owner));
    for (const rdata of rdatas)
      for (const part of rdata) if (typeof part === 'string') zones |= this.zoneOf(fold(part));
    return zones;
  }

  /** May the client not ask about one of these zones? */
  isDenied(zones: number, peer: Peer): boolean {
    const octets = octetsOf(peer);
    for (let left = zones; left !== 0; left &= left - 1) {
      const networks = this.#networks[31 - Math.clz32(left & -left)] as Networks;
      if (!networks.has(octets)) return true;
    }
    return false;
  }
}
