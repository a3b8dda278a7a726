// Leases that are about to end. As long as a lease has more than one TTL left, answers with it say the configured TTL
// and nobody needs its deadline: a renewal then moves a number and nothing else. With less it is *lapsing*, and whoever
// holds a copy of the registry is told its deadline, and told again when it is renewed after all (design §6).

import type { StoredInstance } from './stored-instance.ts';
import type { LeasedInstance } from './view.ts';

/** On top of the TTL: for the news to arrive in, before an answer would say a second too much. */
const noticeMs = 1000;

/** From this time on (monotonic milliseconds) a lease is lapsing. */
export function lapsingFromMs({ instance, deadlineMs }: Pick<LeasedInstance, 'instance' | 'deadlineMs'>): number {
  return deadlineMs - instance.dnsTtl * 1000 - noticeMs;
}

/** When a lease is to be looked at next: when it begins to lapse, then at its end. */
export function nextStageMs(stored: StoredInstance): number {
  return stored.isLapsing ? stored.deadlineMs : lapsingFromMs(stored);
}
