// What a list of etcd's says beside its records: the last number, and whether a record is of an older copy.

import type { InstanceRecord } from '../model/instance-record.ts';
import type { Entry } from './engine.ts';
import { type Epoch, placeIn } from './epoch.ts';
import { serialKey } from './keys.ts';
import type { Known } from './known-records.ts';
import { parseRecord } from './record.ts';

export function serialIn(entries: readonly Entry[], prefix: string): Pick<Epoch, 'serialRevision' | 'serialPlace'> {
  const serial = entries.find(({ key }) => key === prefix + serialKey);
  if (serial === undefined) return { serialRevision: 0, serialPlace: 0 };
  return { serialRevision: serial.modRevision, serialPlace: placeIn(serial.value) };
}

/** A record of an older copy of etcd: the owner of what is here is about to restore it. */
export function isOlder(entry: Entry, known: Known | undefined, stored: InstanceRecord | undefined): boolean {
  const record = known === undefined || stored === undefined ? undefined : parseRecord(entry.value);
  if (record === undefined || Array.isArray(record) || known === undefined || stored === undefined) return false;
  return record.times.hlc < known.hlc || record.times.updatedAtMs < stored.updatedAtMs;
}
