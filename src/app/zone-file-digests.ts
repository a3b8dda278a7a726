// A hash of the text of each zone file that is served, for the other nodes of a cluster: theirs should be the same.

import { nameToText } from '../dns/message/name.ts';
import type { LoadedZone } from '../dns/zone-file/load.ts';
import type { ZoneEvent } from '../dns/zone-file/watch/zone-event.ts';
import { contentDigestOf } from '../dns/zone-file/zone-source.ts';

export class ZoneFileDigests {
  readonly #byZone = new Map<string, string>();

  constructor(loads: readonly LoadedZone[]) {
    for (const { zone, sources } of loads)
      if (zone !== undefined) this.#byZone.set(nameToText(zone.apex), contentDigestOf(sources));
  }

  /** By zone, with a final dot. */
  get all(): ReadonlyMap<string, string> {
    return this.#byZone;
  }

  /** A listener of the zone watch. */
  changed(event: ZoneEvent): void {
    if (event.kind === 'loaded') this.#byZone.set(nameToText(event.zone.apex), event.digest);
    if (event.kind === 'released') this.#byZone.delete(nameToText(event.apex));
  }
}
