// Candidates -> an RRset: which records, in what order, with what TTL. Only instances that take traffic count. TTL =
// min(configured, whole seconds left on the leases in the answer), so that no cache outlives a lease (design §5, rule
// 2); 0 in a lease's last second. What is preferred (SRV priority) comes first, within it weights decide who leads: see
// rotation.ts.

import type { Instance } from '../../model/instance.ts';
import type { LeasedInstance } from '../../model/view.ts';
import { type Rotation, type RRset, RRType } from '../message/message.ts';
import { planOrder, recordsPerRRsetMax, rotationOf } from '../message/rotation.ts';
import type { NodeData, NodeRecords } from '../zone/zone.ts';
import { nearestOf } from './near.ts';
import { bindings } from './service-bindings.ts';
import { addresses, type Candidate, type Place, services, texts } from './service-candidates.ts';
import type { Scope } from './service-name.ts';
import { suspectNote } from './suspect-instances.ts';
import { checkNote, waitingNote } from './waiting-note.ts';

/** Owner (a pointer), type, class, TTL and length. */
const recordHeaderOctets = 12;
/** Of 65 535 the header, the question and an OPT with options are taken off. */
const rrsetOctetsMax = 64_000;

export const typesOfScope = {
  app: [RRType.A, RRType.AAAA, RRType.SRV, RRType.TXT, RRType.HTTPS, RRType.SVCB],
  instance: [RRType.A, RRType.AAAA, RRType.SRV, RRType.TXT, RRType.HTTPS, RRType.SVCB],
  service: [RRType.SRV],
  advertised: [RRType.SRV, RRType.TXT],
  host: [RRType.A, RRType.AAAA],
} as const satisfies Record<Scope['kind'], readonly number[]>;

/** The records of one type at a scope's name, or why there are none. */
export function serviceRecords(scope: Scope, type: number, place: Place): NodeData {
  const types: readonly number[] = typesOfScope[scope.kind];
  if (!types.includes(type)) return { rrset: undefined, reason: 'names of this kind have no records of this type' };
  const up: LeasedInstance[] = [];
  const waiting: Instance[] = [];
  const { servesAddress } = scope;
  for (const leased of scope.instances()) {
    // Of those that a port's name leaves out nobody asked.
    if (servesAddress !== undefined && !leased.instance.addrs.some(servesAddress)) continue;
    if (leased.instance.status === 'up') up.push(leased);
    else waiting.push(leased.instance);
  }
  const known = up.length + waiting.length;
  if (up.length === 0) return { rrset: undefined, reason: waitingNote(countOf(known), waiting) };
  const { answering, zone } = nearestOf(up, scope.near);
  const isFallback = scope.near !== undefined && zone === undefined;
  const where = zone === undefined ? '' : ` in ${zone}`;
  const candidates = candidatesOf(scope, type, answering, place);
  if (candidates.length === 0) {
    const reason = `${countOf(answering.length)} up${where}, none has an address for this type`;
    return { rrset: undefined, reason, ...(isFallback ? { caveat: { kind: 'fallback' } } : {}) };
  }
  const stale = suspectNote(answering, place.view);
  const kept = stale === undefined ? '' : `; ${stale}`;
  const counts = `${countOf(answering.length)} of ${known} up${where}${checkNote(waiting)}${kept}`;
  const made = rrsetOf(candidates, type, place, counts);
  if (stale !== undefined) return { ...made, caveat: { kind: 'stale', reason: stale } };
  return isFallback ? { ...made, caveat: { kind: 'fallback' } } : made;
}

/** `1 instance`, `2 instances`. */
export function countOf(instances: number): string {
  return instances === 1 ? '1 instance' : `${instances} instances`;
}

function candidatesOf(scope: Scope, type: number, up: readonly LeasedInstance[], place: Place): Candidate[] {
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

function rrsetOf(candidates: Candidate[], type: number, place: Place, counts: string): NodeRecords {
  const chosen: Candidate[] = [];
  let rotation: Rotation | undefined;
  for (const equals of byPriority(candidates)) {
    const weights = equals.map(({ weight }) => weight);
    const plan = planOrder(weights, place.draws);
    // Only the preferred take turns at being first; of the others the choice is as fair.
    if (chosen.length === 0) rotation = plan.rotation;
    chosen.push(...plan.order.slice(0, recordsPerRRsetMax - chosen.length).map((index) => equals[index] as Candidate));
    if (chosen.length === recordsPerRRsetMax) break;
  }
  const fitting = countFitting(chosen);
  if (fitting < chosen.length) {
    chosen.length = fitting;
    rotation = rotation === undefined ? undefined : rotationOf(rotation, fitting);
  }
  let ttl = Number.POSITIVE_INFINITY;
  let deadlineMs = Number.POSITIVE_INFINITY;
  for (const one of chosen) {
    ttl = Math.min(ttl, one.ttl);
    deadlineMs = Math.min(deadlineMs, one.deadlineMs);
  }
  const rdatas = chosen.map(({ rdata }) => rdata);
  const rrset = { owner: place.owner, type, ttl, rdatas, instances: chosen.map(({ behind }) => behind) };
  const cut =
    chosen.length < candidates.length
      ? `; ${chosen.length} of ${candidates.length} records, chosen anew from answer to answer`
      : '';
  return {
    rrset: rotation === undefined ? rrset : { ...rrset, rotation },
    // Later than this the TTL would be more than what is left of a lease.
    validUntilMs: deadlineMs - ttl * 1000,
    reason: counts + cut,
    ...(cut === '' ? {} : { caveat: { kind: 'partial' } }),
    additional: additionalOf(chosen, ttl),
  };
}

/** How many records fit the largest message there is: more could be had by no means, so they are left to other answers. */
function countFitting(chosen: readonly Candidate[]): number {
  let octets = 0;
  const end = chosen.findIndex(({ rdata }) => {
    octets += recordHeaderOctets + rdata.reduce((sum, part) => sum + part.length, 0);
    return octets > rrsetOctetsMax;
  });
  return end < 0 ? chosen.length : end;
}

/** The most preferred first (RFC 2782: the lowest priority). */
function byPriority(candidates: Candidate[]): Candidate[][] {
  const { priority } = candidates[0] as Candidate;
  if (candidates.every((one) => one.priority === priority)) return [candidates];
  const groups = new Map<number, Candidate[]>();
  for (const one of candidates) {
    const equals = groups.get(one.priority);
    if (equals === undefined) groups.set(one.priority, [one]);
    else equals.push(one);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, equals]) => equals);
}

/**
 * One RRset per target and type: two endpoints of an instance may share a target. None is kept longer than the answer,
 * whose TTL is what the time of validity was reckoned with.
 */
function additionalOf(chosen: readonly Candidate[], ttl: number): RRset[] {
  const seen = new Map<string, RRset>();
  for (const { additional } of chosen) {
    for (const rrset of additional) {
      seen.set(`${rrset.type} ${rrset.owner}`, { ...rrset, ttl: Math.min(rrset.ttl, ttl) });
    }
  }
  return [...seen.values()];
}
