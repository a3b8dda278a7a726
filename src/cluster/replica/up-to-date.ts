// A consistent read: a read with quorum gives how far etcd is, and this node's own watch has to be there too. Then its
// registry shows every write that was answered before the read began, at whichever node.
// Limits: the own watch is waited for `appliedMs`; what is later is a reason, and the caller answers 503.

import { type Engine, isFault } from '../engine.ts';
import { serialKey } from '../records/keys.ts';
import type { ClusterReplica } from './replica.ts';

const appliedMs = 3000;

export interface ReadParts {
  readonly replica: Pick<ClusterReplica, 'hasApplied'>;
}

/** Settles once this node is there; a reason: it cannot know. */
export async function upToDate(
  { replica }: ReadParts,
  engine: Pick<Engine, 'read'>,
  prefix: string,
): Promise<string | undefined> {
  const read = await engine.read(prefix + serialKey);
  if (isFault(read)) return read.detail;
  const isApplied = await replica.hasApplied(read.entry?.modRevision ?? 0, appliedMs);
  return isApplied ? undefined : 'its watch is late';
}
