// A zone of a file on its way to other threads: its packed records, whose large pages all threads read in shared memory.

import type { SharedMemory } from '../../runtime/packed/shared-memory.ts';
import type { Name } from '../message/name.ts';
import { type PackedRecords, RecordTable } from './record-table.ts';
import { type Zone, zoneOf } from './zone.ts';

export interface SharedZone {
  readonly apex: Name;
  readonly records: PackedRecords;
  readonly isBroken: boolean;
}

/** Moves the zone's records to where threads can read them; the zone reads them there from now on. */
export function sharedZoneOf(zone: Zone, memory: SharedMemory): SharedZone {
  const { apex, records, isBroken = false } = zone;
  records.table.move(memory.sharing);
  return { apex, records: records.table.packed(), isBroken };
}

/** The zone, without live names. */
export function zoneOfShared({ apex, records, isBroken }: SharedZone): Zone {
  const zone = zoneOf(apex, RecordTable.unpacked(records));
  return isBroken ? { ...zone, isBroken } : zone;
}
