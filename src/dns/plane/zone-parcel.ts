// A zone of a file on its way to other threads: its packed records, whose large pages all threads read in shared memory.

import type { Name } from '../name.ts';
import { type PackedRecords, RecordTable } from '../packed/record-table.ts';
import type { SharedMemory } from '../packed/shared-memory.ts';
import { type Zone, zoneOf } from '../zone.ts';

export interface ZoneParcel {
  readonly apex: Name;
  readonly records: PackedRecords;
}

/** Moves the zone's records to where threads can read them; whoever holds the zone reads them there from now on. */
export function parcelOf(zone: Zone, memory: SharedMemory): ZoneParcel {
  const { apex, records } = zone;
  records.table.move(memory.sharing);
  return { apex, records: records.table.packed() };
}

/** The zone, without live names. */
export function zoneOfParcel({ apex, records }: ZoneParcel): Zone {
  return zoneOf(apex, RecordTable.unpacked(records));
}
