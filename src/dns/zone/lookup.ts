// Where a name leads inside one zone (RFC 1034 §4.3.2 steps 3a-3c, RFC 4592 §4, RFC 6672 §3.2): to a node, out of the
// zone at a delegation, elsewhere by a DNAME, or nowhere. Static and live names take the same way; at one name the file's
// records are beside the registry's, and win where both have a type, and an empty non-terminal of the file over nothing.

import { type AnswerSource, type Caveat, type RRset, RRType } from '../message/message.ts';
import { childOf, type Name, parentOf } from '../message/name.ts';
import type { Node, NodeData, Zone } from './zone.ts';

export type Lookup =
  /** `isWildcard`: the node is a wildcard's and its records are to be owned by the name asked for. */
  | { readonly kind: 'node'; readonly node: Node; readonly isWildcard: boolean }
  | { readonly kind: 'delegation'; readonly ns: RRset }
  | { readonly kind: 'dname'; readonly dname: RRset }
  | { readonly kind: 'nothing' };

const nothing: Lookup = { kind: 'nothing' };

/** `name` is folded and within `zone`. */
export function lookUp(zone: Zone, name: Name, type: number, nowMs: number): Lookup {
  if (zone.hasCuts) {
    const cut = findCut(zone, name, type);
    if (cut !== undefined) return cut;
  }
  const node = nodeAt(zone, name, nowMs);
  if (node !== undefined) return { kind: 'node', node, isWildcard: false };
  return zone.hasWildcards ? lookUpWildcard(zone, name, nowMs) : nothing;
}

/** The node of exactly this name, whether reachable or below a cut. */
export function nodeAt(zone: Zone, name: Name, nowMs: number): Node | undefined {
  const fromFile = zone.records.get(name);
  const live = zone.live?.node(name, nowMs);
  if (fromFile === undefined || fromFile.isEmpty) return live ?? fromFile;
  return live?.source === undefined ? fromFile : new LaidNode(fromFile, live);
}

/** A name that the file and the registry both have: of each type the file's records, or else the registry's. */
class LaidNode implements Node {
  readonly #file: Node;
  readonly #live: Node;
  readonly #isAlias: boolean;

  constructor(file: Node, live: Node) {
    this.#file = file;
    this.#live = live;
    // RFC 1034 §3.6.2: beside an alias there is nothing.
    this.#isAlias = file.rrset(RRType.CNAME).rrset !== undefined;
  }

  rrset(type: number): NodeData {
    const data = this.#file.rrset(type);
    if (data.rrset === undefined) return this.#isAlias ? data : this.#live.rrset(type);
    if (this.#isAlias) return type === RRType.CNAME ? { ...data, caveat: aliasCaveat } : data;
    const hidden = this.#live.rrset(type).rrset;
    return hidden === undefined ? data : { ...data, reason: hidesReason, caveat: hidesCaveat };
  }

  types(): readonly number[] {
    return this.#file.types();
  }

  get source(): AnswerSource {
    return this.#live.source as AnswerSource;
  }

  get isUnbounded(): boolean {
    return this.#live.isUnbounded ?? false;
  }
}

const hidesReason = 'a zone file has records of this type here: those of the registered instances are hidden';
const hidesCaveat: Caveat = { kind: 'hidden', reason: hidesReason };
const aliasCaveat: Caveat = {
  kind: 'hidden',
  reason: 'a zone file has an alias here: the registered instances of this name are hidden',
};

/** The topmost delegation or DNAME on the way from the apex down to `name`. */
function findCut(zone: Zone, name: Name, type: number): Lookup | undefined {
  let found: Lookup | undefined;
  for (let rest = name; ; rest = parentOf(rest)) {
    const node = zone.records.get(rest);
    if (node !== undefined) {
      const dname = rest === name ? undefined : node.rrset(RRType.DNAME).rrset;
      if (dname !== undefined) found = { kind: 'dname', dname };
      // The parent side answers for DS itself (RFC 4035 §3.1.4.1).
      const isOwnDs = rest === name && type === RRType.DS;
      const ns = rest === zone.apex || isOwnDs ? undefined : node.rrset(RRType.NS).rrset;
      if (ns !== undefined) found = { kind: 'delegation', ns };
    }
    if (rest === zone.apex) return found;
  }
}

/** `*` below the closest encloser, and only there (RFC 4592 §3.3.1). */
function lookUpWildcard(zone: Zone, name: Name, nowMs: number): Lookup {
  let encloser = name;
  do encloser = parentOf(encloser);
  while (encloser !== zone.apex && nodeAt(zone, encloser, nowMs) === undefined);
  const wildcard = childOf('*', encloser);
  const node = wildcard === undefined ? undefined : zone.records.get(wildcard);
  return node === undefined ? nothing : { kind: 'node', node, isWildcard: true };
}
