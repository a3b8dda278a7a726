// The peer link of a simulated cluster, with etcd and without: whether a hearing gets to the owner of an instance, and what the
// other nodes reply to a question about one.

import type { Ownership } from '../../../src/cluster/ownership/ownership.ts';

interface Linked {
  readonly name: string;
  readonly isJoined: boolean;
  readonly ownership: Ownership;
}

type Reaches<Node> = (from: Node, to: Node) => boolean;

/** By itself, or through a joined node that reaches both. */
export function isHearingThere<Node extends Linked>(
  kind: 'forward' | 'relay',
  nodes: readonly Node[],
  [from, to]: readonly [Node, Node],
  reaches: Reaches<Node>,
): boolean {
  if (kind === 'forward') return reaches(from, to);
  const via = nodes.filter((one) => one !== from && one !== to && one.isJoined);
  return via.some((one) => reaches(from, one) && reaches(one, to));
}

export interface Question<Node> {
  readonly key: string;
  readonly reaches: Reaches<Node>;
  /** A node that does not answer is missed, since it counts as living. */
  readonly isLiving: (name: string) => boolean;
  /** A time of a peer's clock, by that of the node that asks. */
  readonly at: (peer: Node, ms: number) => number;
}

export function repliesOf<Node extends Linked>(
  nodes: readonly Node[],
  node: Node,
  { key, reaches, isLiving, at }: Question<Node>,
) {
  let isComplete = true;
  let heardMs: number | undefined;
  let owner: string | undefined;
  for (const peer of nodes) {
    if (peer === node) continue;
    if (!reaches(node, peer)) {
      if (isLiving(peer.name)) isComplete = false;
      continue;
    }
    owner ??= peer.ownership.ownerOf(key);
    const theirs = peer.ownership.heardMs(key);
    if (theirs !== undefined) heardMs = Math.max(heardMs ?? Number.NEGATIVE_INFINITY, at(peer, theirs));
  }
  return { isComplete, heardMs, owner };
}
