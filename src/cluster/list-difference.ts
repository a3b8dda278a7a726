// What a list of etcd has that this node does not have so, after a gap in the watch: instances that are gone, those that are
// others now in the order of their revisions, and the keys beside the instances, all of them, since they are few.

import type { Entry, KeyEvent, Listing } from './engine.ts';
import { readKey } from './keys.ts';
import type { KnownRecords } from './known-records.ts';

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
    .map(([, entry]) => entry)
    .sort((a, b) => a.modRevision - b.modRevision);
  return { gone: known.filter((path) => !listed.has(path)), changed, beside };
}
