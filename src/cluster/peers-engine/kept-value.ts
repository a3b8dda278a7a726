// What a node keeps of one instance that all nodes share: its record, or what is left of one that was removed. The value
// is the JSON of record.ts or tombstone.ts with one field more, the stamps of its parts. The functions here are pure; they
// read only the fields they compare, and leave the rest to those who parse a record whole.

import { isObject } from '../../model/instance.ts';
import {
  type GraveStamps,
  graveStampsText,
  noStamp,
  noVersion,
  type PartStamp,
  parseGraveStamps,
  parseRecordStamps,
  type RecordStamps,
  recordStampsText,
  type Version,
} from './stamps.ts';

export type KeptFields = Readonly<Record<string, unknown>>;

export interface KeptRecord {
  readonly kind: 'record';
  readonly fields: KeptFields;
  readonly stamps: RecordStamps;
}

export interface KeptGrave {
  readonly kind: 'grave';
  readonly fields: KeptFields;
  readonly stamps: GraveStamps;
}

export type Kept = KeptRecord | KeptGrave;

/** A node and its clock, for a write of its own. */
export interface Writer {
  readonly me: string;
  /** Of now. */
  readonly hlc: number;
}

const stampsField = 'w';
/** A plain drain below a hold: seen again when the hold has gone. */
const hiddenDrainField = 'od';
const holdField = 'hold';

export function keptText({ kind, fields, stamps }: Kept): string {
  const text = kind === 'record' ? recordStampsText(stamps) : graveStampsText(stamps);
  return JSON.stringify({ ...fields, [stampsField]: text });
}

/** Undefined: it has no stamps that can be read. */
export function keptOf(kind: Kept['kind'], value: unknown): Kept | undefined {
  if (!isObject(value)) return undefined;
  const { [stampsField]: text, ...fields } = value;
  if (kind === 'record') {
    const stamps = parseRecordStamps(text);
    return stamps && { kind, fields, stamps };
  }
  const stamps = parseGraveStamps(text);
  return stamps && { kind, fields, stamps };
}

/** The latest stamp in it. */
export function latestHlc(kept: Kept | undefined): number {
  if (kept === undefined) return 0;
  const { author: _author, ...parts } = kept.stamps;
  return Math.max(...Object.values<PartStamp>(parts).map(({ hlc }) => hlc));
}

/** A record that is written at this node, over what was there: each part that differs gets the stamp of now. */
export function written(before: Kept | undefined, given: KeptFields, { me, hlc }: Writer): KeptRecord {
  const now: PartStamp = { hlc: Math.max(hlc, latestHlc(before) + 1), node: me };
  const { [stampsField]: _stamps, [hiddenDrainField]: hidden, d: takenOver, ...plain } = given;
  const why = objectIn(plain, 'c')['why'];
  const isRegistration = takenOver === undefined && (why === 'registered' || why === 'replaced');
  if (before?.kind !== 'record' || isRegistration) return registered(before, plain, now);
  const { stamps } = before;
  const isHidden = hidden !== undefined && partOf(plain, 'hold') !== undefined;
  const fields = isHidden ? { ...plain, [hiddenDrainField]: hidden } : plain;
  if (takenOver !== undefined) {
    const owner = { ...before.fields, o: fields['o'], u: fields['u'], d: takenOver };
    return { kind: 'record', fields: owner, stamps: { ...stamps, author: me, owner: now } };
  }
  const stampOf = (part: RecordPart, old: PartStamp): PartStamp =>
    isSame(partOf(before.fields, part), partOf(fields, part)) ? old : now;
  const parts = {
    content: stampOf('content', stamps.content),
    hold: stampOf('hold', stamps.hold),
    drain: stampOf('drain', stamps.drain),
    health: stampOf('health', stamps.health),
    owner: stampOf('owner', stamps.owner),
  };
  return { kind: 'record', fields, stamps: { ...stamps, ...parts, author: me } };
}

/** A registration ends a plain drain, and no hold. */
function registered(before: Kept | undefined, fields: KeptFields, now: PartStamp): KeptRecord {
  const dirtyAtMs = Math.max(wholeIn(objectIn(fields, 't'), 'dirtyAtMs'), dirtyAtOf(before));
  const holdBefore = before === undefined ? undefined : holdOf(before);
  const isHoldKept = isSame(holdBefore, partOf(fields, 'hold'));
  const registration: Version = { ...now, dirtyAtMs };
  const parts = { content: now, drain: now, health: now, owner: now };
  const hold = isHoldKept ? (before?.stamps.hold ?? noStamp) : now;
  return { kind: 'record', fields, stamps: { author: now.node, registration, hold, ...parts } };
}

/** A removal at this node. `hold`: what outlives the instance. */
export function removed(before: KeptRecord, grave: KeptFields, hold: unknown, { me, hlc }: Writer): KeptGrave {
  const now: PartStamp = { hlc: Math.max(hlc, latestHlc(before) + 1), node: me };
  const { registration, owner, hold: heldAt } = before.stamps;
  const isEvicted = grave['why'] === 'evicted';
  return {
    kind: 'grave',
    fields: withHold(grave, hold),
    stamps: {
      author: me,
      cancelled: isEvicted ? noVersion : { ...now, dirtyAtMs: registration.dirtyAtMs },
      evicted: isEvicted ? registration : noVersion,
      evictedOwner: isEvicted ? owner : noStamp,
      hold: heldAt,
    },
  };
}

/** The hold of an instance that is not registered is set or lifted at this node. Without a removal it removes nothing. */
export function held(before: KeptGrave | undefined, hold: unknown, { me, hlc }: Writer): KeptGrave {
  const now: PartStamp = { hlc: Math.max(hlc, latestHlc(before) + 1), node: me };
  const none = { cancelled: noVersion, evicted: noVersion, evictedOwner: noStamp };
  const fields = before?.fields ?? { v: 1, why: 'cancelled', u: `${me}h${now.hlc}`, hlc: now.hlc, dirtyAt: 0 };
  const stamps = { ...(before?.stamps ?? none), author: me, hold: now };
  return { kind: 'grave', fields: withHold(fields, hold), stamps };
}

/** Heard here though another node has let it go: it stays, and is this node's. */
export function reasserted(mine: KeptRecord, { me, hlc }: Writer, operation: string): KeptRecord {
  const owner: PartStamp = { hlc: Math.max(hlc, latestHlc(mine) + 1), node: me };
  const fields = { ...mine.fields, o: me, u: operation };
  return { kind: 'record', fields, stamps: { ...mine.stamps, author: me, owner } };
}

export function holdOf({ kind, fields }: Kept): unknown {
  return kind === 'record' ? partOf(fields, 'hold') : fields[holdField];
}

export function withHold(grave: KeptFields, hold: unknown): KeptFields {
  const { [holdField]: _old, ...rest } = grave;
  return hold === undefined ? rest : { ...rest, [holdField]: hold };
}

export type RecordPart = 'content' | 'hold' | 'drain' | 'health' | 'owner';

/** What a stamp is about. */
export function partOf(fields: KeptFields, part: RecordPart): unknown {
  const status = objectIn(fields, 's');
  const { override } = status;
  const isDrain = isObject(override) && override['until'] === 'next-up';
  switch (part) {
    case 'content': {
      const { n, r, l, p, f } = fields;
      return { n, r, l, p, f, wanted: status['wanted'] };
    }
    case 'hold':
      return isDrain ? undefined : override;
    case 'drain':
      return isDrain ? override : fields[hiddenDrainField];
    case 'health':
      return { h: fields['h'], verdict: status['verdict'] };
    case 'owner':
      return fields['o'];
  }
}

/** A record put together again from its parts; the rest is as in `base`. */
export function assembled(base: KeptFields, parts: Readonly<Record<RecordPart, KeptFields>>): KeptFields {
  const status = objectIn(parts.content, 's');
  const { override: _override, ...plain } = status;
  const { verdict } = objectIn(parts.health, 's');
  const [hold, drain] = [partOf(parts.hold, 'hold'), partOf(parts.drain, 'drain')];
  const shown = hold ?? drain;
  const { [hiddenDrainField]: _hidden, h: _h, f: _f, ...rest } = base;
  const { n, r, l, p, f } = parts.content;
  const h = parts.health['h'];
  return {
    ...rest,
    ...{ n, r, l, p, o: parts.owner['o'] },
    s: { ...plain, verdict, ...(shown === undefined ? {} : { override: shown }) },
    ...(h === undefined ? {} : { h }),
    ...(f === undefined ? {} : { f }),
    ...(hold !== undefined && drain !== undefined ? { [hiddenDrainField]: drain } : {}),
  };
}

/** Whether an answer, a document or a tag would be another. */
export function isSameData(a: KeptFields, b: KeptFields): boolean {
  return (['content', 'hold', 'drain', 'health'] as const).every((part) => isSame(partOf(a, part), partOf(b, part)));
}

function dirtyAtOf(before: Kept | undefined): number {
  if (before === undefined) return 0;
  if (before.kind === 'record') return before.stamps.registration.dirtyAtMs;
  return Math.max(before.stamps.cancelled.dirtyAtMs, before.stamps.evicted.dirtyAtMs);
}

function objectIn(fields: KeptFields, name: string): KeptFields {
  const value = fields[name];
  return isObject(value) ? value : {};
}

function wholeIn(fields: KeptFields, name: string): number {
  const value = fields[name];
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

/** Two nodes may write the fields of one object in another order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((name) => [name, sorted(value[name])]),
  );
}
