// The records of a large app some of whose instances have the same addresses: one for each address that was drawn, with the
// earliest end of the leases of those who have it.
// Limits: of addresses that are many instances' some of these are looked at, `instancesMax` for an answer. The answer then
// counts as one that leads to every instance of the app: a drain waits for it although another might have been meant.

import type { IpFamily } from '../../../model/ip.ts';
import { parseIpv4, parseIpv6 } from '../../../model/ip.ts';
import type { LeasedInstance } from '../../../model/view.ts';
import { turnsFrom } from '../../message/rotation.ts';
import type { ChoiceEpoch } from '../apps/epoch.ts';
import type { Selected } from '../apps/large-app.ts';
import type { ChosenHost } from '../apps/shared-hosts.ts';
import { candidate, join, type RecordCandidate, type RecordContext } from './service-candidates.ts';
import type { RecordSelection } from './service-selection.ts';

const instancesMax = 128;

export function selectionOfHosts(
  selected: Selected,
  family: IpFamily,
  place: RecordContext,
  epoch: ChoiceEpoch,
): RecordSelection {
  const { large } = selected;
  const { chosen: drawn, preferred, firsts, hosts } = large.chooseHosts(selected, family, epoch.number);
  const instances = drawn.reduce((sum, { count }) => sum + count, 0);
  const isEach = instances <= instancesMax;
  const max = isEach ? instances : Math.max(1, Math.floor(instancesMax / drawn.length));
  const octetsOf = family === 4 ? parseIpv4 : parseIpv6;
  const recordOf = (one: ChosenHost): RecordCandidate => {
    const [first, ...others] = one.slots(max).map((slot) => large.at(slot)) as [LeasedInstance, ...LeasedInstance[]];
    const record = candidate([octetsOf(one.host) as Uint8Array], first, place.nowMs);
    for (const other of others) join(record, other, place.nowMs);
    return record;
  };
  const isAll = drawn.length === hosts;
  return {
    chosen: drawn.map(recordOf),
    rotation: turnsFrom(firsts, preferred, place.draws),
    note: isAll ? '' : `; ${drawn.length} of ${hosts} records, chosen anew every ${epoch.seconds} s`,
    untilMs: isAll ? Number.POSITIVE_INFINITY : epoch.untilMs,
    leadsToAll: !isEach,
  };
}
