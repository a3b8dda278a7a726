// Two nodes' copies of one instance become one, the same whichever node does it and in whatever order: each part is taken
// from the copy that wrote it later. What was cancelled stays away from every earlier registration; what was let go at the
// end of its lease comes back only if its owner changed or it was registered after that was decided, which is what etcd's
// compare-and-swap decides elsewhere. Pure.

import {
  assembled,
  holdOf,
  type Kept,
  type KeptFields,
  type KeptGrave,
  type KeptRecord,
  latestHlc,
  type RecordPart,
  withHold,
} from './kept-value.ts';
import {
  compareStamps,
  compareVersions,
  type GraveStamps,
  laterStamp,
  type PartStamp,
  type RecordStamps,
} from './stamps.ts';

export interface Merged {
  readonly kept: Kept;
  /** `both`: neither copy is what they lead to, so the other nodes have to hear of it from this one. */
  readonly is: 'mine' | 'theirs' | 'both';
}

export function merged(mine: Kept | undefined, theirs: Kept, me: string): Merged {
  if (mine === undefined) return { kept: theirs, is: 'theirs' };
  if (mine.kind === 'grave' && theirs.kind === 'grave') return graves(mine, theirs, me);
  if (mine.kind === 'record' && theirs.kind === 'record') return records(mine, theirs, me);
  const record = mine.kind === 'record' ? mine : (theirs as KeptRecord);
  const grave = mine.kind === 'grave' ? mine : (theirs as KeptGrave);
  const winner = isRemovedBy(record.stamps, grave.stamps) ? grave : record;
  return { kept: winner, is: winner === mine ? 'mine' : 'theirs' };
}

/** Whether a removal is about this registration as it is. */
export function isRemovedBy({ registration, owner }: RecordStamps, grave: GraveStamps): boolean {
  if (compareVersions(registration, grave.cancelled) < 0) return true;
  const order = compareVersions(registration, grave.evicted);
  return order < 0 || (order === 0 && compareStamps(owner, grave.evictedOwner) <= 0);
}

function graves(mine: KeptGrave, theirs: KeptGrave, me: string): Merged {
  const [a, b] = [mine.stamps, theirs.stamps];
  const order = compareVersions(a.evicted, b.evicted) || compareStamps(a.evictedOwner, b.evictedOwner);
  const lastEvicted = order < 0 ? b : a;
  const isLater = isLaterGrave(theirs, mine);
  const isTheirHold = compareStamps(a.hold, b.hold) < 0;
  const stamps: GraveStamps = {
    author: me,
    cancelled: laterStamp(a.cancelled, b.cancelled, compareVersions),
    evicted: lastEvicted.evicted,
    evictedOwner: lastEvicted.evictedOwner,
    hold: isTheirHold ? b.hold : a.hold,
  };
  const fields = withHold((isLater ? theirs : mine).fields, holdOf(isTheirHold ? theirs : mine));
  return chosen(mine, theirs, { kind: 'grave', fields, stamps }, isLater);
}

/** Of two that remove, the one that has why, by whom and when. */
function isLaterGrave(one: KeptGrave, other: KeptGrave): boolean {
  const cancelled = compareVersions(one.stamps.cancelled, other.stamps.cancelled);
  if (cancelled !== 0) return cancelled > 0;
  const [a, b] = [hlcOf(one.fields), hlcOf(other.fields)];
  return a === b ? String(one.fields['u']) > String(other.fields['u']) : a > b;
}

function hlcOf({ hlc }: KeptFields): number {
  return typeof hlc === 'number' ? hlc : 0;
}

/** Parts of a registration count with it: what was done to an earlier one is about that. A hold outlives them. */
function records(mine: KeptRecord, theirs: KeptRecord, me: string): Merged {
  const [a, b] = [mine.stamps, theirs.stamps];
  const order = compareVersions(a.registration, b.registration);
  const isTheirs = (part: Exclude<RecordPart, 'hold' | 'drain'>): boolean =>
    order === 0 ? compareStamps(a[part], b[part]) < 0 : order < 0;
  const from = {
    content: isTheirs('content'),
    health: isTheirs('health'),
    owner: isTheirs('owner'),
    hold: compareStamps(a.hold, b.hold) < 0,
    drain: compareStamps(a.drain, b.drain) < 0,
  };
  const stampOf = (part: RecordPart): PartStamp => (from[part] ? b : a)[part];
  const stamps: RecordStamps = {
    author: me,
    registration: order < 0 ? b.registration : a.registration,
    content: stampOf('content'),
    hold: stampOf('hold'),
    drain: stampOf('drain'),
    health: stampOf('health'),
    owner: stampOf('owner'),
  };
  const sideOf = (part: RecordPart): KeptFields => (from[part] ? theirs : mine).fields;
  const parts = {
    content: sideOf('content'),
    hold: sideOf('hold'),
    drain: sideOf('drain'),
    health: sideOf('health'),
    owner: sideOf('owner'),
  };
  const isLater = order === 0 ? latestHlc(theirs) > latestHlc(mine) : order < 0;
  const fields = assembled((isLater ? theirs : mine).fields, parts);
  return chosen(mine, theirs, { kind: 'record', fields, stamps }, isLater);
}

/** One of the two where it has everything, since no peer needs it again. */
function chosen(mine: Kept, theirs: Kept, both: Kept, isLater: boolean): Merged {
  const hasAll = (one: Kept): boolean => areSame(one.stamps, both.stamps);
  if (hasAll(mine) && !(isLater && hasAll(theirs))) return { kept: mine, is: 'mine' };
  if (hasAll(theirs)) return { kept: theirs, is: 'theirs' };
  return { kept: both, is: 'both' };
}

function areSame(a: Kept['stamps'], b: Kept['stamps']): boolean {
  const { author: _a, ...mine } = a;
  const { author: _b, ...theirs } = b;
  return JSON.stringify(Object.entries(mine).toSorted()) === JSON.stringify(Object.entries(theirs).toSorted());
}
