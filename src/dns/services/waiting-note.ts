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
  let failing = 0;
  let unchecked = 0;
  let quoted = '';
  for (const { label, health } of waiting) {
    if (health?.verdict === 'critical') {
      failing++;
      quoted ||= `${label} (${health.reason})`;
    } else if (health?.verdict === 'unchecked') unchecked++;
  }
  const failed =
    failing === 0 ? '' : `; ${failing} ${failing === 1 ? 'fails its check' : 'fail their checks'}: ${quoted}`;
  if (unchecked === 0) return failed;
  return `${failed}; ${unchecked} ${unchecked === 1 ? 'has' : 'have'} not passed a check yet`;
}
