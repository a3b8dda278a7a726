// Records that names without number have in common: `x1._near.orders`, `x2._near.orders` … all mean the same while nobody
// is in these zones, and no cache of answers holds them, since no two ask for one name. Made for each anew, a few dozen
// questions a second for a large app would be all that a server can do; so they are made once and given to each with its
// own name in front, and with the next of the order's turns.
// As the cache of answers, it is right by proof: an entry goes with its app's revision and with the time of its TTLs.
// Limit: `kindsMax` kinds of name an app; more begin anew.

import type { AppView } from '../../model/view.ts';
import type { Name } from '../message/name.ts';
import type { NodeData } from '../zone/zone.ts';

/** Types, ports and selectors beside the zones that nobody knows. */
const kindsMax = 64;
/** For records without an order of their own: not too long the same. */
const turnsWithoutOrder = 16;

interface Made {
  readonly data: NodeData;
  readonly turns: number;
  turn: number;
}

const madeFor = new WeakMap<AppView, { readonly revision: number; readonly byKind: Map<string, Made> }>();

/** What `make` gives, or gave to another name of the same `kind`. */
export function sameRecords(
  app: AppView,
  kind: string,
  { owner, nowMs }: { readonly owner: Name; readonly nowMs: number },
  make: () => NodeData,
): NodeData {
  let known = madeFor.get(app);
  if (known?.revision !== app.revision || known.byKind.size > kindsMax) {
    known = { revision: app.revision, byKind: new Map() };
    madeFor.set(app, known);
  }
  let made = known.byKind.get(kind);
  if (made === undefined || made.turn >= made.turns || !isValid(made.data, nowMs)) {
    const data = make();
    made = { data, turns: data.rrset?.rotation?.firsts.length ?? turnsWithoutOrder, turn: 0 };
    known.byKind.set(kind, made);
  }
  return turned(made.data, made.turn++, owner);
}

function isValid(data: NodeData, nowMs: number): boolean {
  return data.rrset === undefined || nowMs <= data.validUntilMs;
}

function turned(data: NodeData, turn: number, owner: Name): NodeData {
  if (data.rrset === undefined) return data;
  const { rotation } = data.rrset;
  if (rotation === undefined) return { ...data, rrset: { ...data.rrset, owner } };
  const firsts = rotation.firsts.subarray(turn);
  return { ...data, rrset: { ...data.rrset, owner, rotation: { ...rotation, firsts } } };
}
