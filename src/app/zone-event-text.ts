// What is written down of the files of zones while the server runs: what is served now, and what is not and why.

import { nameToText } from '../dns/message/name.ts';
import { soaSerial, type Zone } from '../dns/zone/zone.ts';
import type { ZoneTable } from '../dns/zone/zone-table.ts';
import { formatFault } from '../dns/zone-file/fault.ts';
import { zoneNameOf } from '../dns/zone-file/load.ts';
import type { ZoneEvent } from '../dns/zone-file/watch/zone-event.ts';

/** Whether SERVFAIL is served in place of the zone of a file. */
function isBroken(file: string, zones: ZoneTable): boolean {
  const apex = zoneNameOf(file);
  return typeof apex === 'string' && zones.get(apex)?.isBroken === true;
}

export interface ZoneEventText {
  readonly level: 'info' | 'warn';
  readonly facts: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** To be called once a zone that was loaded is in `zones`. */
export function zoneEventText(event: ZoneEvent, zones: ZoneTable): ZoneEventText {
  const { path: file } = event;
  switch (event.kind) {
    case 'loaded': {
      const { apex, live, soa, records } = zones.get(event.zone.apex) as Zone;
      const serial = live?.serial ?? soaSerial(soa);
      const facts = { zone: nameToText(apex), serial, records: records.recordCount, file, mended: event.isMended };
      return { level: 'info', facts, message: event.isNew ? 'loaded a new zone' : 'reloaded a zone' };
    }
    case 'mended':
      return { level: 'info', facts: { file }, message: 'a zone file is valid again, with the content that is served' };
    case 'deleted':
      return {
        level: 'warn',
        facts: { file },
        message: 'a zone file is gone: its zone is served on for a grace (zoneGraceSeconds), or until SIGHUP',
      };
    case 'released':
      return { level: 'warn', facts: { zone: nameToText(event.apex), file }, message: 'a zone is gone with its file' };
    case 'unwatched':
      return {
        level: 'warn',
        facts: { folder: file, reason: event.reason },
        message: 'cannot watch a folder of zones',
      };
    default: {
      const served = event.isServed
        ? 'the last good version is served'
        : isBroken(file, zones)
          ? 'SERVFAIL is served'
          : event.apex === undefined
            ? 'it is not served'
            : 'what is answered at its names stays as it is until the next start, then SERVFAIL';
      return {
        level: 'warn',
        facts: { file, faults: event.faults.map(formatFault) },
        message: `cannot load a zone: ${served}`,
      };
    }
  }
}
