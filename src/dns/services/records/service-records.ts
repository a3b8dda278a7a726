// A scope -> an RRset, or why there is none. Only instances that take traffic count. Which records, and in what order:
// service-selection.ts. All instances are looked at, but of large apps (large-records.ts).

import { hasPort } from '../../../model/compact-instance.ts';
import type { Instance } from '../../../model/instance.ts';
import type { LeasedInstance } from '../../../model/view.ts';
import { RRType } from '../../message/message.ts';
import type { NodeData, TypeNote } from '../../zone/zone.ts';
import { nearestOf } from '../apps/near.ts';
import { checkNote, waitingNote } from '../apps/waiting-note.ts';
import type { NameScope } from '../names/service-name.ts';
import { noteOfLarge, recordsOfLarge } from './large-records.ts';
import { countOf, dataOf } from './record-data.ts';
import { withoutType } from './record-notes.ts';
import type { RecordContext } from './service-candidates.ts';
import { candidatesOf, selectionOf } from './service-selection.ts';

export const typesOfScope = {
  app: [RRType.A, RRType.AAAA, RRType.SRV, RRType.TXT, RRType.HTTPS, RRType.SVCB],
  instance: [RRType.A, RRType.AAAA, RRType.SRV, RRType.TXT, RRType.HTTPS, RRType.SVCB],
  service: [RRType.SRV],
  advertised: [RRType.SRV, RRType.TXT],
  host: [RRType.A, RRType.AAAA],
} as const satisfies Record<NameScope['kind'], readonly number[]>;

/** The records of one type at a scope's name, or why there are none. */
export function serviceRecords(scope: NameScope, type: number, place: RecordContext): NodeData {
  const types: readonly number[] = typesOfScope[scope.kind];
  if (!types.includes(type)) return { rrset: undefined, reason: 'names of this kind have no records of this type' };
  if (scope.selected !== undefined) return recordsOfLarge(scope, scope.selected, type, place);
  return recordsOf(scope, type, place);
}

/** Whether there are records of one type at the scope's name and why, where that is known sooner than the records. */
export function serviceNote(scope: NameScope, type: number, place: RecordContext): TypeNote | undefined {
  const types: readonly number[] = typesOfScope[scope.kind];
  if (scope.selected === undefined || !types.includes(type)) return undefined;
  return noteOfLarge(scope, scope.selected, type, place);
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
