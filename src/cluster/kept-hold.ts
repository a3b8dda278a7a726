// A hold of an instance that is not registered, put into the cluster: by an import, since others come with a record. The
// registration that comes next gets it, at whichever node. One that came meanwhile counts, and the hold is none.

import type { InstanceKey } from '../model/names.ts';
import type { Override } from '../model/status.ts';
import { isFault } from './engine.ts';
import { holdText } from './hold-value.ts';
import { holdPath, instancePath } from './keys.ts';
import type { Publisher } from './publisher.ts';
import type { ClusterReplica } from './replica.ts';

const appliedMs = 3000;

export interface HoldParts {
  readonly publisher: Pick<Publisher, 'move'>;
  readonly replica: Pick<ClusterReplica, 'hasApplied'>;
}

/** Settles once this node has it; a reason: it cannot be kept. */
export async function keepHold(
  { publisher, replica }: HoldParts,
  prefix: string,
  key: InstanceKey,
  override: Override,
): Promise<string | undefined> {
  const value = new TextEncoder().encode(holdText(override));
  const conditions = [{ key: prefix + instancePath(key), is: 'absent' } as const];
  const writes = [{ key: prefix + holdPath(key), value }];
  const reply = await publisher.move({ conditions, writes, reads: [], isOwn: () => false });
  if (isFault(reply)) return reply.detail;
  if (reply.verdict.verdict === 'lost') return 'it was registered meanwhile';
  return (await replica.hasApplied(reply.revision, appliedMs)) ? undefined : 'its watch is late';
}
