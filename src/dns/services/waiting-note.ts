// Why instances take no traffic, in words: how many wait, and for those that rollcall checks itself what their checks
// have found. One of them is quoted: an answer has room for a sentence.

import type { Instance } from '../../model/instance.ts';

type Waiting = Iterable<Pick<Instance, 'label' | 'health'>>;

/** `2 instances, all waiting; 1 fails its check: orders-2 (tcp: connection refused)`. */
export function waitingNote(count: string, instances: Waiting): string {
  return `${count}, all waiting${checkNote(instances)}`;
}

/** What is to be added about those that wait; '' where their owners want it so. */
export function checkNote(waiting: Waiting): string {
  let critical = 0;
  let unchecked = 0;
  let failing: Pick<Instance, 'label' | 'health'> | undefined;
  for (const instance of waiting) {
    if (instance.health?.verdict === 'critical') {
      critical++;
      failing ??= instance;
    } else if (instance.health?.verdict === 'unchecked') unchecked++;
  }
  return notedChecks(critical, unchecked, failing);
}

/** The same of those that were counted before. `failing`: one of the critical. */
export function notedChecks(
  critical: number,
  unchecked: number,
  failing: Pick<Instance, 'label' | 'health'> | undefined,
): string {
  const quoted = failing === undefined ? '' : `${failing.label} (${failing.health?.reason ?? ''})`;
  const failed =
    critical === 0 ? '' : `; ${critical} ${critical === 1 ? 'fails its check' : 'fail their checks'}: ${quoted}`;
  if (unchecked === 0) return failed;
  return `${failed}; ${unchecked} ${unchecked === 1 ? 'has' : 'have'} not passed a check yet`;
}
