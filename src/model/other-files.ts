// Service files on several nodes of a cluster: an instance that files of two nodes name is run by the one that registered it
// first. What health asks about the others, and reports to them.

import type { InstanceKey } from './names.ts';

/** What the files of a node name; by instance, the digest of its entry. */
export type NamedInFiles = readonly { readonly key: InstanceKey; readonly digest: string }[];

export interface OtherFiles {
  /** The living node that runs the instance, unless its files do not have it; undefined: no other does. */
  runnerOf(key: InstanceKey): string | undefined;
  /** A living node whose file has it, this one aside. */
  holderOf(key: InstanceKey): string | undefined;
  /** The files of this node name these now, run here or not. */
  named(all: NamedInFiles): void;
  /** Instances that this node's files name, and that it runs from now on in place of another one. */
  onTaken(listener: (keys: readonly InstanceKey[]) => void): void;
  /** The files of another node name others now, or it is dead. */
  onOthers(listener: () => void): void;
}
