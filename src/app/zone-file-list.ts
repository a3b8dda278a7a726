// What became of each file of the zones, kept for `GET /zones`: files as they were loaded at the start, then as the watch
// reports them. What is served and what is hidden is looked up when it is asked for.
// Limits: one entry for each file of the folder, with at most as many faults as the loader reports (dns/zone-file/fault.ts).

import { nameToText } from '../dns/message/name.ts';
import type { LiveZones } from '../dns/services/live-zones.ts';
import { soaSerial, type Zone } from '../dns/zone/zone.ts';
import type { ZoneTable } from '../dns/zone/zone-table.ts';
import type { ZoneFault } from '../dns/zone-file/fault.ts';
import { type LoadedZone, zoneNameOf } from '../dns/zone-file/load.ts';
import type { ZoneEvent } from '../dns/zone-file/watch/zone-event.ts';
import type { HiddenApp, ZoneFileStatus } from '../model/zone-files.ts';

interface KnownFile {
  readonly state: ZoneFileStatus['state'];
  readonly faults: readonly ZoneFault[];
  /** There is a good version of this file, now or before. */
  readonly isServed: boolean;
}

export class ZoneFileList {
  readonly #zones: Pick<ZoneTable, 'get'>;
  readonly #live: Pick<LiveZones, 'hiddenBy'>;
  readonly #files = new Map<string, KnownFile>();

  constructor(loads: readonly LoadedZone[], zones: Pick<ZoneTable, 'get'>, live: Pick<LiveZones, 'hiddenBy'>) {
    this.#zones = zones;
    this.#live = live;
    for (const { path, zone, faults } of loads)
      this.#files.set(path, { state: zone === undefined ? 'refused' : 'good', faults, isServed: zone !== undefined });
  }

  /** A listener of the zone watch; also of what it reports of the files of the start. */
  changed(event: ZoneEvent): void {
    const before = this.#files.get(event.path);
    switch (event.kind) {
      case 'loaded':
      case 'mended':
        this.#files.set(event.path, { state: 'good', faults: [], isServed: true });
        return;
      case 'refused':
        this.#files.set(event.path, { state: 'refused', faults: event.faults, isServed: event.isServed });
        return;
      case 'deleted':
        this.#files.set(event.path, { state: 'deleted', faults: [], isServed: before?.isServed === true });
        return;
      case 'released':
        this.#files.delete(event.path);
        return;
      default:
      // A folder that is not watched is no file.
    }
  }

  /** Files at fault first, then those that hide something, then by path. */
  list(): readonly ZoneFileStatus[] {
    const all = [...this.#files].map(([path, known]) => this.#statusOf(path, known));
    const rank = ({ state, hidden }: ZoneFileStatus): number => (state !== 'good' ? 0 : hidden.length > 0 ? 1 : 2);
    return all.sort((a, b) => rank(a) - rank(b) || (a.file < b.file ? -1 : 1));
  }

  #statusOf(file: string, { state, faults, isServed }: KnownFile): ZoneFileStatus {
    const apex = zoneNameOf(file);
    const name = typeof apex === 'string' ? apex : undefined;
    const zone = name === undefined ? undefined : this.#zones.get(name);
    const own = isServed ? zone : undefined;
    return {
      file,
      zone: name === undefined ? undefined : nameToText(name),
      state,
      serves: own === undefined ? (zone?.isBroken === true ? 'SERVFAIL' : 'nothing') : servedAs(state),
      serial: own === undefined ? undefined : serialOf(own),
      records: own?.records.recordCount,
      faults,
      hidden: own === undefined ? [] : hiddenApps(this.#live.hiddenBy(own.apex)),
    };
  }
}

function servedAs(state: ZoneFileStatus['state']): ZoneFileStatus['serves'] {
  return state === 'good' ? 'file' : 'last good version';
}

function serialOf({ live, soa }: Zone): number {
  return live?.serial ?? soaSerial(soa);
}

/** Of `orders.prod`: an env is one label. */
function hiddenApps(hidden: ReadonlyMap<string, number>): HiddenApp[] {
  return [...hidden].map(([name, instances]) => {
    const dot = name.lastIndexOf('.');
    return { env: name.slice(dot + 1), appid: name.slice(0, dot), instances };
  });
}
