// `_why.` in front of any name of a zone with live names is a TXT that says in words why the answers at that name are
// what they are.

import { type Rdata, RRType, type Source } from '../message/message.ts';
import { type Name, parentOf } from '../message/name.ts';
import type { Node, NodeData } from '../zone/zone.ts';
import { characterStrings } from './service-text.ts';

/** Why the answers at a name are what they are, a line each. */
export type Why = (name: Name, nowMs: number) => readonly string[];

const whyLabel = '\x04_why';
const onlyText: NodeData = { rrset: undefined, reason: 'names that explain have no records but TXT' };
const reason = 'an explanation';

export class Explanations {
  readonly #why: Why;
  #isExplaining = false;

  constructor(why: Why) {
    this.#why = why;
  }

  /** The node at a folded name; undefined where it does not ask for an explanation. `source`: the zone's live part. */
  node(owner: Name, nowMs: number, source: Source): Node | undefined {
    if (!owner.startsWith(whyLabel)) return undefined;
    const rrset = (type: number): NodeData => {
      if (type !== RRType.TXT) return onlyText;
      const rdatas = this.#lines(parentOf(owner), nowMs).map((line): Rdata => [characterStrings([line])]);
      // TTL 0 and no time of validity: an explanation is of this moment.
      return { rrset: { owner, type, ttl: 0, rdatas }, validUntilMs: Number.NEGATIVE_INFINITY, reason };
    };
    return { source, types: () => [RRType.TXT], rrset };
  }

  /** An explanation of an explanation stops here, or an alias in a zone file that leads to one would have no end. */
  #lines(name: Name, nowMs: number): readonly string[] {
    if (this.#isExplaining) return [reason];
    this.#isExplaining = true;
    try {
      return this.#why(name, nowMs);
    } finally {
      this.#isExplaining = false;
    }
  }
}
