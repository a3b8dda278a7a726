// `_why.` in front of any name of a zone with live names is a TXT with the reason in words why the answers at that name are
// what they are. Words cost as much as the answers that they are about, so they are kept, like an answer, until the data
// changes, and for a moment at most: deadlines and the guard's word move by themselves.
// Limit: `keptMax` names.

import { type AnswerSource, type Rdata, RRType } from '../../message/message.ts';
import { type Name, parentOf } from '../../message/name.ts';
import type { Node, NodeData } from '../../zone/zone.ts';
import { characterStrings } from './service-text.ts';

/** Why the answers at a name are what they are, a line each. */
export type Why = (name: Name, nowMs: number) => readonly string[];

const keptMax = 256;
const keptMs = 100;

const whyLabel = '\x04_why';
const onlyText: NodeData = { rrset: undefined, reason: 'names that explain have no records but TXT' };
const reason = 'an explanation';

export class Explanations {
  readonly #why: Why;
  readonly #zones: AnswerSource;
  readonly #kept = new Map<
    Name,
    { readonly stamp: number; readonly madeMs: number; readonly lines: readonly string[] }
  >();
  #isExplaining = false;

  /** `zones`: its revision moves when one of them is replaced. */
  constructor(why: Why, zones: AnswerSource) {
    this.#why = why;
    this.#zones = zones;
  }

  /** The node at a folded name; undefined where it does not ask for an explanation. `source`: the zone's live part. */
  node(owner: Name, nowMs: number, source: AnswerSource): Node | undefined {
    if (!owner.startsWith(whyLabel)) return undefined;
    const rrset = (type: number): NodeData => {
      if (type !== RRType.TXT) return onlyText;
      const rdatas = this.#lines(parentOf(owner), nowMs, source).map((line): Rdata => [characterStrings([line])]);
      // TTL 0 and no time of validity: an explanation is of this moment.
      return { rrset: { owner, type, ttl: 0, rdatas }, validUntilMs: Number.NEGATIVE_INFINITY, reason };
    };
    return { source, types: () => [RRType.TXT], rrset };
  }

  /** An explanation of an explanation stops here, or an alias in a zone file that leads to one would have no end. */
  #lines(name: Name, nowMs: number, source: AnswerSource): readonly string[] {
    if (this.#isExplaining) return [reason];
    // Neither ever goes back.
    const stamp = source.revision + this.#zones.revision;
    const known = this.#kept.get(name);
    if (known?.stamp === stamp && nowMs - known.madeMs < keptMs) return known.lines;
    this.#isExplaining = true;
    try {
      const lines = this.#why(name, nowMs);
      if (this.#kept.size >= keptMax) this.#kept.clear();
      this.#kept.set(name, { stamp, madeMs: nowMs, lines });
      return lines;
    } finally {
      this.#isExplaining = false;
    }
  }
}
