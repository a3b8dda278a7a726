// What a list of etcd's holds, apart: the records of instances by their keys, what is beside them, and the last number.

import type { InstanceRecord } from '../model/instance-record.ts';
import type { Entry, KeyEvent } from './engine.ts';
import { type Epoch, placeIn } from './epoch.ts';
import { readKey, serialKey } from './keys.ts';
import type { Known } from './known-records.ts';
import { parseRecord } from './record.ts';

export interface Listed {
  readonly records: ReadonlyMap<string, Entry>;
  /** Keys that are read again with each list, as the watch would bring them. */
  readonly beside: readonly KeyEvent[];
}

const besideKinds: readonly string[] = ['meta', 'serial', 'node', 'dead', 'hold'];

export function listedIn(entries: readonly Entry[], prefix: string): Listed {
  const records = new Map<string, Entry>();
  const beside: KeyEvent[] = [];
  for (const entry of entries) {
    const path = entry.key.slice(prefix.length);
    const kind = readKey(path)?.kind;
    if (kind === 'instance') records.set(path, entry);
    else if (kind !== undefined && besideKinds.includes(kind)) beside.push({ kind: 'put', entry });
  }
  return { records, beside };
}

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
