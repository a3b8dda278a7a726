// What a list of etcd's holds, apart: the records of instances by their keys, what is beside them, and the last number.

import type { Entry, KeyEvent } from './engine.ts';
import { type Epoch, placeIn } from './epoch.ts';
import { readKey, serialKey } from './keys.ts';

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
