// What the replica of etcd is made with, and what it reports: records and removals for the ownership, nodes, stamps, what
// cannot be read, and whether this node counts by itself.

import type { ChangeGroup } from '../../model/decision.ts';
import type { InstanceKey } from '../../model/names.ts';
import type { OwnedRecord, RemovedWhy } from '../ownership/ownership-events.ts';
import type { RegistryPort } from '../registry-port.ts';
import type { Known } from './known-records.ts';
import type { PendingWrites } from './pending-writes.ts';

export interface ReplicaEvents {
  readonly record: (path: string, key: InstanceKey, record: OwnedRecord, isRegistration: boolean) => void;
  /** Called before the registry lets go of it. */
  readonly removed: (path: string, why: RemovedWhy, operation: string, known: Known | undefined) => void;
  /** The key of a node: its session, or its death without a word; no value: deleted. */
  readonly node: (kind: 'node' | 'dead', node: string, value: Uint8Array | undefined, revision: number) => void;
  /** A node's hashes of its zone files; no value: deleted. */
  readonly zone: (node: string, value: Uint8Array | undefined) => void;
  readonly stamp: (hlc: number) => void;
  /** The watch, or a later list, has brought a change of data that was stamped then. */
  readonly changed: (hlc: number) => void;
  readonly bad: (key: string, problem: string) => void;
  /** The numbers of this node are its own from now on, or those of the cluster again. */
  readonly diverged: (isDiverged: boolean) => void;
  /** Revisions of etcd's that were seen before mean nothing any more. */
  readonly rebased: () => void;
}

export interface ReplicaOptions {
  readonly me: string;
  readonly prefix: string;
  readonly registry: RegistryPort;
  /** Instances with a write that etcd has not decided are left as they are. */
  readonly pending: Pick<PendingWrites, 'shields' | 'has'>;
  readonly now: () => ChangeGroup['at'];
  readonly events: ReplicaEvents;
}
