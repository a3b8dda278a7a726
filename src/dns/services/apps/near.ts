// `eu-1a._near`: whose zone is preferred. Of the zones that a name prefers, the first with an instance up answers
// alone; where none is up in any of them, all do, and the answer reports it. It goes by what is up and not by what
// has an address of the type asked for: were those of another zone to fill up AAAA, dual-stack clients would go there
// and leave out the IPv4 neighbours whom they asked to prefer.

import type { LeasedInstance } from '../../../model/view.ts';
import { type Name, nameOf, nameToText, ROOT } from '../../message/name.ts';
import type { Selected } from './large-app.ts';
import { isIn } from './selector.ts';

/** Zones as folded octets, the most preferred first. */
export interface Preference {
  readonly zones: readonly string[];
  /** Of these, the ones that some instance of the app is in. */
  readonly knownZones: readonly string[];
  /**
   * Where not all zones are known, the name is one of names without number: it means the same as all others of the app
   * with this key. Undefined for other names.
   */
  readonly equivalenceKey: string | undefined;
}

/** `isKnown`: some instance of the app is in a zone. `key`: what the name asks for beside the preference. */
export function preferenceOf(
  zones: readonly string[],
  key: readonly unknown[],
  isKnown: (zone: string) => boolean,
): Preference {
  const knownZones = zones.filter(isKnown);
  const equivalenceKey = knownZones.length === zones.length ? undefined : JSON.stringify([...key, knownZones]);
  return { zones, knownZones, equivalenceKey };
}

export interface Nearest {
  readonly answering: readonly LeasedInstance[];
  /** The zone that answers; undefined where all do. */
  readonly zone: string | undefined;
}

/** Those of `up` who answer. */
export function nearestOf(up: readonly LeasedInstance[], near: Preference | undefined): Nearest {
  for (const zone of near?.knownZones ?? []) {
    const there = up.filter((leased) => isIn(zone, leased));
    if (there.length > 0) return { answering: there, zone: zoneText(zone) };
  }
  return { answering: up, zone: undefined };
}

/** The same of a large app. */
export function nearestSelected(
  selected: Selected,
  near: Preference | undefined,
): { selected: Selected; zone?: string } {
  const { large, slots } = selected;
  for (const value of near?.knownZones ?? []) {
    const inZone = large.slotsWith({ key: '_zone', value });
    const there = slots === undefined ? inZone : slots.and(inZone);
    if (large.isAnyUp(there))
      return { selected: { ...selected, slots: there, key: `${selected.key} ${value}` }, zone: zoneText(value) };
  }
  return { selected };
}

/** In front of the reason of an answer that is not of the zones preferred: why it is not. */
export function fallbackReason({ zones }: Preference): string {
  return `no instance in ${zones.map(zoneText).join(' or ')} is up: all zones are answered; `;
}

/** As the labels of a name are written; a reason is ASCII. */
function zoneText(zone: string): string {
  return nameToText(nameOf(zone.split('.'), ROOT) as Name).slice(0, -1);
}
