// Candidates -> the records of an answer and their order. What is preferred (SRV priority) comes first, within it weights
// decide who leads: see rotation.ts. An RRset has at most 100 records and what a message can hold; where there are more, the
// choice is of the epoch (epoch.ts): the same for all who ask within it, the next time another, weights counted.

import type { LeasedInstance } from '../../../model/view.ts';
import { type Rotation, RRType } from '../../message/message.ts';
import { boundsOf, planDraws, planOrder, recordsPerRRsetMax, rotationOf, turnsFrom } from '../../message/rotation.ts';
import { type ChoiceEpoch, epochAt, seedOf, startOf } from '../apps/epoch.ts';
import type { Selected, SlotChoice } from '../apps/large-app.ts';
import type { NameScope } from '../names/service-name.ts';
import { JoinedRecords } from './joined-records.ts';
import { bindings } from './service-bindings.ts';
import {
  addresses,
  type RecordCandidate,
  type RecordContext,
  refreshed,
  services,
  texts,
} from './service-candidates.ts';

/** Owner (a pointer), type, class, TTL and length. */
const recordHeaderOctets = 12;
/** Of 65 535 the header, the question and an OPT with options are taken off. */
const rrsetOctetsMax = 64_000;

export interface RecordSelection {
  readonly chosen: readonly RecordCandidate[];
  readonly rotation: Rotation | undefined;
  /** That it is a part, in words; '' where it is all. */
  readonly note: string;
  /** Monotonic milliseconds until which the choice is current. */
  readonly untilMs: number;
  /** Instances of the app that the records do not name may be behind them as well. */
  readonly leadsToAll?: boolean;
}

/** The possible records of a type, in the order of the instances. */
export function candidatesOf(
  scope: NameScope,
  type: number,
  up: readonly LeasedInstance[],
  place: RecordContext,
): RecordCandidate[] {
  switch (type) {
    case RRType.A:
      return addresses(scope, 4, up, place);
    case RRType.AAAA:
      return addresses(scope, 6, up, place);
    case RRType.SRV:
      return services(scope, up, place);
    case RRType.TXT:
      return texts(scope, up, place);
    default:
      return bindings(scope, type, up, place);
  }
}

/** All of them where they fit an RRset and a message. */
export function selectionOf(
  candidates: readonly RecordCandidate[],
  scope: NameScope,
  answering: readonly LeasedInstance[],
  place: RecordContext,
): RecordSelection {
  const isAll = candidates.length <= recordsPerRRsetMax && fitting(candidates) === candidates.length;
  if (!isAll) return selectionOfMany(candidates, scope, answering, place);
  const chosen: RecordCandidate[] = [];
  let rotation: Rotation | undefined;
  for (const equals of byPriority(candidates)) {
    const weights = equals.map(({ weight }) => weight);
    const plan = planOrder(weights, place.draws);
    // Only the preferred take turns at being first.
    if (chosen.length === 0) rotation = plan.rotation;
    for (const index of plan.order) chosen.push(equals[index] as RecordCandidate);
  }
  return { chosen, rotation, note: '', untilMs: Number.POSITIVE_INFINITY };
}

/** The choice of the epoch, among candidates in an order that every thread and node can make. */
function selectionOfMany(
  candidates: readonly RecordCandidate[],
  { app }: NameScope,
  answering: readonly LeasedInstance[],
  place: RecordContext,
): RecordSelection {
  const seconds = Math.max(1, Math.min(...answering.map(({ instance }) => instance.dnsTtl)));
  const epoch = epochAt(seconds, place);
  const start = startOf(seedOf(app), epoch.number);
  const chosen: RecordCandidate[] = [];
  let firsts: readonly number[] = [];
  let preferred = 0;
  for (const equals of byPriority(sorted(candidates))) {
    const bounds = boundsOf(equals.map(({ weight }) => weight));
    const draws = planDraws(bounds, recordsPerRRsetMax - chosen.length, start);
    if (chosen.length === 0) [firsts, preferred] = [draws.firsts, draws.order.length];
    for (const index of draws.order) chosen.push(equals[index] as RecordCandidate);
    if (chosen.length === recordsPerRRsetMax) break;
  }
  const records = fitting(chosen);
  const turns = turnsFrom(firsts, preferred, place.draws);
  return {
    chosen: chosen.slice(0, records),
    rotation: turns === undefined ? undefined : rotationOf(turns, records),
    note: `; ${records} of ${candidates.length} records, chosen anew every ${seconds} s`,
    untilMs: epoch.untilMs,
  };
}

/** Records of instances that were drawn before any of them was looked at. */
export function selectionOfChoice(
  scope: NameScope,
  { large, narrowing }: Selected,
  type: number,
  { chosen: drawn, preferred, firsts, having }: SlotChoice,
  place: RecordContext,
  epoch: ChoiceEpoch,
): RecordSelection {
  const chosen: RecordCandidate[] = [];
  /** Of each instance, its first record; after the last one, where the next would begin. */
  const starts: number[] = [];
  const kind = `${type} ${scope.kind} ${narrowing}`;
  const isSharing = large.isSharing(type);
  const joined = isSharing ? new JoinedRecords(type, place.nowMs) : undefined;
  for (const slot of drawn) {
    if (chosen.length >= recordsPerRRsetMax) break;
    starts.push(chosen.length);
    const made = large.prepared(kind, slot, (leased) => candidatesOf(scope, type, [leased], place));
    for (const candidate of made) {
      const current = refreshed(candidate, place.nowMs);
      const added = joined === undefined ? current : joined.add(current);
      if (added !== undefined) chosen.push(added);
    }
  }
  const instances = starts.length;
  starts.push(chosen.length);
  const span = starts[Math.min(preferred, instances)] as number;
  const all = chosen.length;
  chosen.length = fitting(chosen.slice(0, recordsPerRRsetMax));
  const isAll = instances === having && chosen.length === all;
  return {
    chosen,
    rotation: turnsOf(recordTurns(firsts, starts), span, chosen.length, place),
    note: isAll ? '' : choiceNote(chosen.length, instances, having, epoch),
    untilMs: isAll ? Number.POSITIVE_INFINITY : epoch.untilMs,
    leadsToAll: isSharing,
  };
}

function choiceNote(records: number, instances: number, having: number, { seconds }: ChoiceEpoch): string {
  return `; ${records} records of ${instances} of ${having} instances, chosen anew every ${seconds} s`;
}

/** What there is to say about the same records, which are not made where they were not before. */
export function countedChoice(
  scope: NameScope,
  { large, narrowing }: Selected,
  type: number,
  { chosen: drawn, having }: SlotChoice,
  place: RecordContext,
  epoch: ChoiceEpoch,
): { readonly records: number; readonly answering: readonly LeasedInstance[]; readonly note: string } {
  const kind = `${type} ${scope.kind} ${narrowing}`;
  const candidates: RecordCandidate[] = [];
  let instances = 0;
  for (const slot of drawn) {
    if (candidates.length >= recordsPerRRsetMax) break;
    instances++;
    for (const one of large.prepared(kind, slot, (leased) => candidatesOf(scope, type, [leased], place)))
      candidates.push(one);
  }
  const all = candidates.length;
  candidates.length = Math.min(all, recordsPerRRsetMax);
  const records = fitting(candidates);
  const isAll = instances === having && records === all;
  return {
    records,
    answering: candidates.slice(0, records).map((one) => one.instances as LeasedInstance),
    note: isAll ? '' : choiceNote(records, instances, having, epoch),
  };
}

/** Turns of instances as turns of their records, which go round among themselves. */
function recordTurns(firsts: readonly number[], starts: readonly number[]): number[] {
  const taken = new Uint16Array(starts.length);
  const turns: number[] = [];
  for (const index of firsts) {
    const start = starts[index];
    const end = starts[index + 1];
    if (start === undefined || end === undefined || start === end) continue;
    turns.push(start + ((taken[index] as number) % (end - start)));
    (taken[index] as number)++;
  }
  return turns;
}

function turnsOf(firsts: readonly number[], span: number, records: number, place: RecordContext): Rotation | undefined {
  const within = Math.min(span, records);
  return turnsFrom(
    firsts.filter((first) => first < within),
    within,
    place.draws,
  );
}

/** How many records fit the largest message there is. */
function fitting(chosen: readonly RecordCandidate[]): number {
  let octets = 0;
  for (let index = 0; index < chosen.length; index++) {
    octets += recordHeaderOctets;
    for (const part of (chosen[index] as RecordCandidate).rdata) octets += part.length;
    if (octets > rrsetOctetsMax) return index;
  }
  return chosen.length;
}

/** By their data: no two are equal. */
function sorted(candidates: readonly RecordCandidate[]): RecordCandidate[] {
  const keyed = candidates.map((candidate) => ({ candidate, key: keyOf(candidate) }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
  return keyed.map(({ candidate }) => candidate);
}

function keyOf({ rdata }: RecordCandidate): string {
  return rdata.map((part) => (typeof part === 'string' ? part : Buffer.from(part).toString('latin1'))).join('');
}

/** The most preferred first (RFC 2782: the lowest priority). */
function byPriority(candidates: readonly RecordCandidate[]): (readonly RecordCandidate[])[] {
  const first = candidates[0];
  if (first === undefined) return [];
  if (candidates.every((one) => one.priority === first.priority)) return [candidates];
  const groups = new Map<number, RecordCandidate[]>();
  for (const one of candidates) {
    const equals = groups.get(one.priority);
    if (equals === undefined) groups.set(one.priority, [one]);
    else equals.push(one);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, equals]) => equals);
}
