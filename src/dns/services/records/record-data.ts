// What was found for a type, however it was found -> its RRset with the reason in words, or why there is none. TTL = min(configured,
// whole seconds left on the leases in the answer), so that no cache outlives a lease (design §5, rule 2); 0 in a lease's last
// second.

import type { LeasedInstance } from '../../../model/view.ts';
import { type Reason, type RRset, RRType } from '../../message/message.ts';
import type { Name } from '../../message/name.ts';
import type { NodeData, NodeRecords } from '../../zone/zone.ts';
import type { NameScope } from '../names/service-name.ts';
import { textNote, type WithoutType, withoutNote } from './record-notes.ts';
import type { RecordCandidate, RecordContext } from './service-candidates.ts';
import type { RecordSelection } from './service-selection.ts';
import { suspectNote } from './suspect-instances.ts';

/** What an answer is explained with, however its instances were found. */
export interface FoundInstances {
  readonly known: number;
  /** Of those in the zone that answers. */
  readonly up: number;
  readonly zone: string | undefined;
  /** Those that are up and have not the type: for the reason alone, as the next. */
  without(): WithoutType;
  waitingNote(): string;
  /** Instances that the guard keeps. */
  readonly answering: readonly LeasedInstance[];
  readonly selection: Pick<RecordSelection, 'note'>;
}

/** With its records. */
interface FoundRecords extends FoundInstances {
  readonly selection: RecordSelection;
}

export function dataOf(scope: NameScope, type: number, place: RecordContext, found: FoundRecords): NodeData {
  const { zone, answering, selection } = found;
  const isFallback = scope.near !== undefined && zone === undefined;
  if (selection.chosen.length === 0) {
    const reason = reasonOf(scope, type, place, found, false);
    return { rrset: undefined, reason, ...(isFallback ? { caveat: { kind: 'fallback' } } : {}) };
  }
  const suspects = suspectNote(answering, place.view, place.nowMs);
  const made = rrsetOf(selection, type, place, () => recordsReason(scope, type, found, suspects?.reason));
  if (suspects !== undefined) return { ...made, caveat: suspects };
  return isFallback ? { ...made, caveat: { kind: 'fallback' } } : made;
}

/** Why the records are what they are, or why there are none. */
export function reasonOf(
  scope: NameScope,
  type: number,
  place: RecordContext,
  found: FoundInstances,
  isThere: boolean,
): string {
  const { up, zone, answering } = found;
  if (isThere) return recordsReason(scope, type, found, suspectNote(answering, place.view, place.nowMs)?.reason);
  const { count, named } = found.without();
  return `${countOf(up)} up${placeNote(zone)}, none has an address for this type: ${namedNote(named, count, type, scope)}`;
}

/** In words, for those who ask why: most answers are sent without them. */
function recordsReason(scope: NameScope, type: number, found: FoundInstances, stale: string | undefined): string {
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
