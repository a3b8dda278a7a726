// Why an instance that another node runs is answered with a TTL of a second: that node was not heard, on this node's clock that
// pauses do not stop, or has marked it. The answer has the lease clock, so that is what the time is given in.

import type { InstanceKey } from '../../model/names.ts';
import { suspicionText } from '../../model/suspicion.ts';
import type { ClusterDeps } from '../cluster-options.ts';
import type { NodesTable } from '../nodes/nodes-table.ts';
import { instancePath } from '../records/keys.ts';
import type { LeaseRunner } from './lease-runner.ts';

export interface SuspicionParts {
  readonly runner: { readonly ownership: Pick<LeaseRunner['ownership'], 'ownerOf'> };
  readonly table: Pick<NodesTable, 'unheardSinceMs'>;
}

/** As text of model/suspicion.ts; '': nothing is known of it. */
export function suspicionOf(
  { runner, table }: SuspicionParts,
  { clock, registryClock }: Pick<ClusterDeps, 'clock' | 'registryClock'>,
  staleAfterMs: number,
  key: InstanceKey,
): string {
  const owner = runner.ownership.ownerOf(instancePath(key));
  if (owner === undefined) return '';
  const nowMs = clock.monotonicMs();
  const unheardMs = table.unheardSinceMs(owner, nowMs);
  if (unheardMs === undefined) return suspicionText({ kind: 'marked', owner });
  const sinceMs = registryClock.monotonicMs() - (nowMs - unheardMs);
  return suspicionText({ kind: 'unheard', owner, sinceMs, staleAfterMs });
}
