// The records of an app that is too large for a look at each of its instances: some are drawn first (large-app.ts) and looked at
// afterwards, and what was made of them is kept until the app or the choice changes.
// Why they are what they are is said without making them: it goes by numbers, and by what was made of those instances before.

import type { IpFamily } from '../../../model/ip.ts';
import { type Reason, RRType, reasonText } from '../../message/message.ts';
import { turnsFrom } from '../../message/rotation.ts';
import type { NodeData, TypeNote } from '../../zone/zone.ts';
import { type ChoiceEpoch, epochAt } from '../apps/epoch.ts';
import type { Selected, SlotChoice } from '../apps/large-app.ts';
import { nearestSelected } from '../apps/near.ts';
import { notedCounts } from '../apps/waiting-note.ts';
import type { NameScope } from '../names/service-name.ts';
import { selectionOfHosts } from './host-selection.ts';
import { countOf, dataOf, type FoundInstances, reasonOf } from './record-data.ts';
import type { RecordContext } from './service-candidates.ts';
import { countedChoice, type RecordSelection, selectionOfChoice } from './service-selection.ts';

const familyOf: ReadonlyMap<number, IpFamily> = new Map([
  [RRType.A, 4],
  [RRType.AAAA, 6],
]);

/** The records of one type, or why there are none. */
export function recordsOfLarge(scope: NameScope, all: Selected, type: number, place: RecordContext): NodeData {
  const { large } = all;
  const epoch = epochAt(large.epochSeconds, place);
  const { selected, zone } = nearestSelected(all, scope.near);
  const key = `${type} ${scope.kind} ${selected.key} ${scope.near === undefined} ${zone}`;
  const data = large.cached(key, epoch.number, place.nowMs, () => {
    const choice = large.choose(selected, type, epoch.number);
    if (choice.up === 0) return { rrset: undefined, reason: waitingReason(all, choice) };
    const selection = selectionOf(scope, selected, type, choice, place, epoch);
    const answering = selection.chosen.flatMap(({ instances }) => instances);
    const made = dataOf(scope, type, place, { ...countsOf(all, choice), zone, answering, selection });
    return made.rrset === undefined ? made : { ...made, reason: once(made.reason ?? '') };
  });
  return turned(data, place);
}

/** Whether there are records of one type, and why. */
export function noteOfLarge(scope: NameScope, all: Selected, type: number, place: RecordContext): TypeNote {
  const { large } = all;
  const { selected, zone } = nearestSelected(all, scope.near);
  const epoch = epochAt(large.epochSeconds, place);
  const choice = large.choose(selected, type, epoch.number);
  if (choice.up === 0) return { isThere: false, reason: waitingReason(all, choice) };
  if (large.isSharing(type)) {
    const { rrset, reason = '' } = recordsOfLarge(scope, all, type, place);
    return { isThere: rrset !== undefined, reason: reasonText(reason) };
  }
  const { records, answering, note } = countedChoice(scope, selected, type, choice, place, epoch);
  const found: FoundInstances = { ...countsOf(all, choice), zone, answering, selection: { note } };
  return { isThere: records > 0, reason: reasonOf(scope, type, place, found, records > 0) };
}

function selectionOf(
  scope: NameScope,
  selected: Selected,
  type: number,
  choice: SlotChoice,
  place: RecordContext,
  epoch: ChoiceEpoch,
): RecordSelection {
  const family = selected.large.isSharing(type) ? familyOf.get(type) : undefined;
  if (family !== undefined) return selectionOfHosts(selected, family, place, epoch);
  return selectionOfChoice(scope, selected, type, choice, place, epoch);
}

function countsOf({ large, slots }: Selected, { up, having, waiting, without }: SlotChoice) {
  return {
    known: slots?.size ?? large.size,
    up,
    without: () => ({ count: up - having, named: without }),
    waitingNote: () => notedCounts(waiting),
  };
}

function waitingReason({ large, slots }: Selected, { waiting }: SlotChoice): string {
  return `${countOf(slots?.size ?? large.size)}, all waiting${notedCounts(waiting)}`;
}

/** Put into words when it is first asked for, and kept: so are the records. */
function once(reason: Reason): Reason {
  let text: string | undefined;
  return () => {
    text ??= reasonText(reason);
    return text;
  };
}

/** Kept records under the name that is asked for, with other turns than the last time. */
function turned(data: NodeData, { owner, draws }: RecordContext): NodeData {
  if (data.rrset === undefined) return data;
  const { rotation } = data.rrset;
  if (rotation === undefined) return { ...data, rrset: { ...data.rrset, owner } };
  const turns = turnsFrom(rotation.firsts, rotation.span, draws) ?? rotation;
  return { ...data, rrset: { ...data.rrset, owner, rotation: turns } };
}
