// A scope -> an RRset, or why there is none. Only instances that take traffic count. TTL = min(configured, whole seconds
// left on the leases in the answer), so that no cache outlives a lease (design §5, rule 2); 0 in a lease's last second.
// Which records, and in what order: service-selection.ts. The instances of a large app are drawn first and looked at
// afterwards (large-app.ts); those of others are all looked at.

import { hasPort } from '../../model/compact-instance.ts';
import type { Instance } from '../../model/instance.ts';
import type { IpFamily } from '../../model/ip.ts';
import type { LeasedInstance } from '../../model/view.ts';
import { type Reason, type RRset, RRType, reasonText } from '../message/message.ts';
import type { Name } from '../message/name.ts';
import { turnsFrom } from '../message/rotation.ts';
import type { NodeData, NodeRecords } from '../zone/zone.ts';
import { epochAt } from './epoch.ts';
import { selectionOfHosts } from './host-selection.ts';
import type { Selected } from './large-app.ts';
import { nearestOf, nearestSelected } from './near.ts';
import { textNote, type WithoutType, withoutNote, withoutType } from './record-notes.ts';
import type { RecordCandidate, RecordContext } from './service-candidates.ts';
import type { NameScope } from './service-name.ts';
import { candidatesOf, type RecordSelection, selectionOf, selectionOfChoice } from './service-selection.ts';
import { suspectNote } from './suspect-instances.ts';
import { checkNote, notedCounts, waitingNote } from './waiting-note.ts';

export const typesOfScope = {
  app: [RRType.A, RRType.AAAA, RRType.SRV, RRType.TXT, RRType.HTTPS, RRType.SVCB],
  instance: [RRType.A, RRType.AAAA, RRType.SRV, RRType.TXT, RRType.HTTPS, RRType.SVCB],
  service: [RRType.SRV],
  advertised: [RRType.SRV, RRType.TXT],
  host: [RRType.A, RRType.AAAA],
} as const satisfies Record<NameScope['kind'], readonly number[]>;

const familyOf: ReadonlyMap<number, IpFamily> = new Map([
  [RRType.A, 4],
  [RRType.AAAA, 6],
]);

/** The records of one type at a scope's name, or why there are none. */
export function serviceRecords(scope: NameScope, type: number, place: RecordContext): NodeData {
  const types: readonly number[] = typesOfScope[scope.kind];
  if (!types.includes(type)) return { rrset: undefined, reason: 'names of this kind have no records of this type' };
  if (scope.selected !== undefined) return recordsOfLarge(scope, scope.selected, type, place);
  return recordsOf(scope, type, place);
}

/** By a look at each instance. */
function recordsOf(scope: NameScope, type: number, place: RecordContext): NodeData {
  const up: LeasedInstance[] = [];
  const waiting: Instance[] = [];
  const { servesAddress } = scope;
  for (const leased of scope.instances()) {
    // Those that a port name leaves out were not asked for.
    if (servesAddress !== undefined && !hasPort(leased.instance, servesAddress)) continue;
    if (leased.instance.status === 'up') up.push(leased);
    else waiting.push(leased.instance);
  }
  const known = up.length + waiting.length;
  if (up.length === 0) return { rrset: undefined, reason: waitingNote(countOf(known), waiting) };
  const { answering, zone } = nearestOf(up, scope.near);
  const candidates = candidatesOf(scope, type, answering, place);
  return dataOf(scope, type, place, {
    known,
    up: answering.length,
    zone,
    without: () => withoutType(scope, type, answering),
    waitingNote: () => checkNote(waiting),
    answering,
    selection: selectionOf(candidates, scope, answering, place),
  });
}

/** What an answer is made from, however its instances were found. */
interface Found {
  readonly known: number;
  /** Of those in the zone that answers. */
  readonly up: number;
  readonly zone: string | undefined;
  /** Those that are up and have not the type: for the reason alone, as the next. */
  without(): WithoutType;
  waitingNote(): string;
  /** Instances that the guard keeps. */
  readonly answering: readonly LeasedInstance[];
  readonly selection: RecordSelection;
}

function dataOf(scope: NameScope, type: number, place: RecordContext, found: Found): NodeData {
  const { up, zone, answering, selection } = found;
  const isFallback = scope.near !== undefined && zone === undefined;
  if (selection.chosen.length === 0) {
    const { count, named } = found.without();
    const reason = `${countOf(up)} up${placeNote(zone)}, none has an address for this type: ${namedNote(named, count, type, scope)}`;
    return { rrset: undefined, reason, ...(isFallback ? { caveat: { kind: 'fallback' } } : {}) };
  }
  const suspects = suspectNote(answering, place.view, place.nowMs);
  const made = rrsetOf(selection, type, place, () => reasonOf(scope, type, found, suspects?.reason));
  if (suspects !== undefined) return { ...made, caveat: suspects };
  return isFallback ? { ...made, caveat: { kind: 'fallback' } } : made;
}

/** In words, for those who ask why: most answers are sent without them. */
function reasonOf(scope: NameScope, type: number, found: Found, stale: string | undefined): string {
  const { known, up, zone, answering, selection } = found;
  const { count, named } = found.without();
  const lacking =
    count === 0
      ? ''
      : `; ${count} of them ${count === 1 ? 'has' : 'have'} none: ${namedNote(named, count, type, scope)}`;
  const kept = stale === undefined ? '' : `; ${stale}`;
  const left = type === RRType.TXT ? textNote(answering) : '';
  return `${countOf(up)} of ${known} up${placeNote(zone)}${lacking}${found.waitingNote()}${kept}${left}${selection.note}`;
}

function placeNote(zone: string | undefined): string {
  return zone === undefined ? '' : ` in ${zone}`;
}

function namedNote(named: readonly LeasedInstance[], count: number, type: number, scope: NameScope): string {
  const without = named.map((leased) => withoutNote(leased.instance, type, scope)).join(', ');
  return count > named.length ? `${without}, ...` : without;
}

/** The same of an app that is too large for a look at each. */
function recordsOfLarge(scope: NameScope, all: Selected, type: number, place: RecordContext): NodeData {
  const { large } = all;
  const epoch = epochAt(large.epochSeconds, place);
  const { selected, zone } = nearestSelected(all, scope.near);
  const key = `${type} ${scope.kind} ${selected.key} ${scope.near === undefined} ${zone}`;
  const data = large.cached(key, epoch.number, place.nowMs, () => {
    const choice = large.choose(selected, type, epoch.number);
    const known = all.slots?.size ?? large.size;
    const note = notedCounts(choice.waiting);
    if (choice.up === 0) return { rrset: undefined, reason: `${countOf(known)}, all waiting${note}` };
    const family = large.isSharing(type) ? familyOf.get(type) : undefined;
    const selection =
      family === undefined
        ? selectionOfChoice(scope, selected, type, choice, place, epoch)
        : selectionOfHosts(selected, family, place, epoch);
    const { up, having, without: named } = choice;
    const answering = selection.chosen.flatMap(({ instances }) => instances);
    const without = () => ({ count: up - having, named });
    const made = dataOf(scope, type, place, {
      known,
      up,
      zone,
      without,
      waitingNote: () => note,
      answering,
      selection,
    });
    // Put into words here, since it is kept.
    return made.rrset === undefined ? made : { ...made, reason: reasonText(made.reason ?? '') };
  });
  return turned(data, place);
}

/** Kept records under the name that is asked for, with other turns than the last time. */
function turned(data: NodeData, { owner, draws }: RecordContext): NodeData {
  if (data.rrset === undefined) return data;
  const { rotation } = data.rrset;
  if (rotation === undefined) return { ...data, rrset: { ...data.rrset, owner } };
  const turns = turnsFrom(rotation.firsts, rotation.span, draws) ?? rotation;
  return { ...data, rrset: { ...data.rrset, owner, rotation: turns } };
}

/** `1 instance`, `2 instances`. */
export function countOf(instances: number): string {
  return instances === 1 ? '1 instance' : `${instances} instances`;
}

function rrsetOf(selection: RecordSelection, type: number, place: RecordContext, reason: Reason): NodeRecords {
  const { chosen, rotation, note, untilMs, leadsToAll } = selection;
  let ttl = Number.POSITIVE_INFINITY;
  let deadlineMs = Number.POSITIVE_INFINITY;
  for (const one of chosen) {
    ttl = Math.min(ttl, one.ttl);
    deadlineMs = Math.min(deadlineMs, one.deadlineMs);
  }
  const rdatas = chosen.map(({ rdata }) => rdata);
  const instances = chosen.map((one) => one.instances);
  const rrset = { owner: place.owner, type, ttl, rdatas, instances, leadsToAll: leadsToAll === true };
  return {
    rrset: rotation === undefined ? rrset : { ...rrset, rotation },
    // Later than this the TTL would be more than what is left of a lease.
    validUntilMs: Math.min(deadlineMs - ttl * 1000, untilMs),
    reason,
    ...(note === '' ? {} : { caveat: { kind: 'partial' } }),
    additional: additionalOf(chosen, ttl),
  };
}

/**
 * One RRset per target and type: endpoints of an instance may share a target. None is kept longer than the answer, whose
 * TTL is what the time of validity was reckoned with, and is the least of all.
 */
function additionalOf(chosen: readonly RecordCandidate[], ttl: number): RRset[] {
  const seen = new Set<Name>();
  const found: RRset[] = [];
  for (const { endpoint } of chosen) {
    if (endpoint === undefined || endpoint.hosts.length === 0 || seen.has(endpoint.target)) continue;
    seen.add(endpoint.target);
    // Without `instances`: they go with a record that has it, and are kept no longer.
    for (const { type, rdatas } of endpoint.hosts) found.push({ owner: endpoint.target, type, ttl, rdatas });
  }
  return found;
}
