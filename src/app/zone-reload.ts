// What a change of the zone files does, in an order that matters: first the revision moves, where the zone has live names
// (its serial is the registry's revision, so its file moves it as a registration does); then this thread serves the zone,
// for what can be registered; then the DNS threads get it. The metrics and the log follow.

import type { Logger } from 'pino';
import { brokenZone, type Zone } from '../dns/zone/zone.ts';
import type { ZoneTable } from '../dns/zone/zone-table.ts';
import type { ZoneEvent } from '../dns/zone-file/watch/zone-event.ts';
import { zoneEventText } from './zone-event-text.ts';

export interface ZoneReloadDeps {
  /** Takes a revision without a change of an instance. */
  readonly registry: { touch(): number };
  readonly persistence: { touched(revision: number): void };
  readonly liveZones: { isLive(apex: Zone['apex']): boolean; serve(zone: Zone): void; drop(apex: Zone['apex']): void };
  readonly plane: { serveZone(zone: Zone): void; dropZone(apex: Zone['apex']): void };
  readonly metrics: { zoneFileChanged(event: ZoneEvent): void };
  readonly zoneFiles: { changed(event: ZoneEvent): void };
  readonly zones: ZoneTable;
  /** Warns of what is wrong with zones that are served now. */
  readonly warnOfZones: (apexes: Iterable<Zone['apex']>) => void;
  readonly logger: Logger;
}

/** The listener of a zone watch. */
export function zoneReload(deps: ZoneReloadDeps): (event: ZoneEvent) => void {
  const { registry, persistence, liveZones, plane, metrics, zones, warnOfZones, logger, zoneFiles } = deps;
  return (event) => {
    if (event.kind === 'loaded') {
      const { zone } = event;
      if (liveZones.isLive(zone.apex)) persistence.touched(registry.touch());
      liveZones.serve(zone);
      plane.serveZone(zone);
    } else if (event.kind === 'refused' && event.apex !== undefined && zones.find(event.apex) === undefined) {
      // As at the start, and as other servers do. What is answered at its names already is answered on: a slip in a new
      // file takes nothing away, as one in an old file does not.
      const broken = brokenZone(event.apex);
      liveZones.serve(broken);
      plane.serveZone(broken);
    } else if (event.kind === 'released') {
      // Names of other zones come back with it, those of live zones too.
      persistence.touched(registry.touch());
      liveZones.drop(event.apex);
      plane.dropZone(event.apex);
    }
    metrics.zoneFileChanged(event);
    zoneFiles.changed(event);
    if (event.kind === 'loaded') warnOfZones([event.zone.apex]);
    const { level, facts, message } = zoneEventText(event, zones);
    logger[level](facts, message);
  };
}
