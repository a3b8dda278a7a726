// What a list of etcd has that this node does not have so, after a gap in the watch: instances that are gone, those that are
// others now, and the keys beside the instances, all of them, since they are few. Also its last number, and whether a record
// in it is older than what is here.

import type { InstanceRecord } from '../../model/instance-record.ts';
import type { Entry, KeyEvent, Listing } from '../engine.ts';
import { type Epoch, placeIn } from '../records/epoch.ts';
import { readKey, serialKey } from '../records/keys.ts';
import type { ClusterRecord } from '../records/record.ts';
import type { Known, KnownRecords } from './known-records.ts';

export interface ListDifference {
  /** Paths. */
  readonly gone: readonly string[];
  readonly changed: readonly Entry[];
  readonly beside: readonly KeyEvent[];
}

export function listDifference({ entries }: Listing, records: KnownRecords, prefix: string): ListDifference {
  const listed = new Map<string, Entry>();
  const beside: KeyEvent[] = [];
  for (const entry of entries) {
    const path = entry.key.slice(prefix.length);
    const kind = readKey(path)?.kind;
    if (kind === 'instance') listed.set(path, entry);
    else if (kind !== undefined && kind !== 'tombstone' && kind !== 'label') beside.push({ kind: 'put', entry });
  }
  const known = [...records.entries()].map(([path]) => path);
  const changed = [...listed]
    .filter(([path, entry]) => records.get(path)?.modRevision !== entry.modRevision)
    .map(([, entry]) => entry);
  return { gone: known.filter((path) => !listed.has(path)), changed, beside };
}

export function serialIn(entries: readonly Entry[], prefix: string): Pick<Epoch, 'serialRevision' | 'serialPlace'> {
  const serial = entries.find(({ key }) => key === prefix + serialKey);
  if (serial === undefined) return { serialRevision: 0, serialPlace: 0 };
  return { serialRevision: serial.modRevision, serialPlace: placeIn(serial.value) };
}

/** A record of an older copy of etcd: the owner of what is here is about to restore it. */
export function isOlder(record: ClusterRecord, known: Known | undefined, stored: InstanceRecord | undefined): boolean {
  if (known === undefined || stored === undefined) return false;
  return record.times.hlc < known.hlc || record.times.updatedAtMs < stored.updatedAtMs;
}
