// `eu-1a._near`: whose zone is preferred. Of the zones that a name prefers, the first in which somebody is up answers
// alone; where nobody is up in any of them, everybody does, and the answer says so. It goes by who is up and not by who
// has an address of the type asked for: were those of another zone to fill up AAAA, dual-stack clients would go there
// and leave out the IPv4 neighbours whom they asked to prefer.

import type { LeasedInstance } from '../../model/view.ts';
import { type Name, nameOf, nameToText, ROOT } from '../message/name.ts';
import { isIn } from './selector.ts';

/** Zones as folded octets, the most preferred first. */
export interface Preference {
  readonly zones: readonly string[];
  /** Of these, the ones that some instance of the app says. */
  readonly said: readonly string[];
  /**
   * Where not all are said, the name is one of names without number: it means the same as all others of the app with
   * this text. Undefined for other names.
   */
  readonly same: string | undefined;
}

export interface Nearest {
  readonly answering: readonly LeasedInstance[];
  /** The zone that answers; undefined where all do. */
  readonly zone: string | undefined;
}

/** Those of `up` who answer. */
export function nearestOf(up: readonly LeasedInstance[], near: Preference | undefined): Nearest {
  for (const zone of near?.said ?? []) {
    const there = up.filter((leased) => isIn(zone, leased));
    if (there.length > 0) return { answering: there, zone: zoneText(zone) };
  }
  return { answering: up, zone: undefined };
}

/** In front of the reason of an answer that is not of the zones preferred: why it is not. */
export function fallbackReason({ zones }: Preference): string {
  return `no instance in ${zones.map(zoneText).join(' or ')} is up: all zones are answered; `;
}

/** As the labels of a name are written; a reason is ASCII. */
function zoneText(zone: string): string {
  return nameToText(nameOf(zone.split('.'), ROOT) as Name).slice(0, -1);
}
