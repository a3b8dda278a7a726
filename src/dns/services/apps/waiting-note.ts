// Why instances take no traffic, in words: how many wait, for those that an operator took out who did so and until when,
// and for those that rollcall checks itself what their checks have found. One of each is quoted: an answer has room for a
// sentence.

import type { Instance } from '../../../model/instance.ts';
import type { Override } from '../../../model/status.ts';

type WaitingInstance = Pick<Instance, 'label' | 'health' | 'override'>;
type Waiting = Iterable<WaitingInstance>;

/** Why instances wait, as far as it is not their owner's wish: how many, and one of them to quote. */
export interface WaitingCounts {
  readonly drained: number;
  readonly critical: number;
  readonly unchecked: number;
  readonly anyDrained: WaitingInstance | undefined;
  /** One of the critical. */
  readonly failing: WaitingInstance | undefined;
}

/** Of an operator's own words: an answer has room for as many. */
const quotedMax = 80;

/** `2 instances, all waiting; 1 fails its check: orders-2 (tcp: connection refused)`. */
export function waitingNote(count: string, instances: Waiting): string {
  return `${count}, all waiting${checkNote(instances)}`;
}

/** What is to be added about those that wait; '' where their owners want it so. */
export function checkNote(waiting: Waiting): string {
  const counts = { drained: 0, critical: 0, unchecked: 0 };
  let anyDrained: WaitingInstance | undefined;
  let failing: WaitingInstance | undefined;
  for (const instance of waiting) {
    const why = whyWaiting(instance);
    if (why !== undefined) counts[why]++;
    if (why === 'drained') anyDrained ??= instance;
    else if (why === 'critical') failing ??= instance;
  }
  return notedCounts({ ...counts, anyDrained, failing });
}

/** What keeps it out first; undefined: its owner wants it so. */
export function whyWaiting({
  health,
  override,
}: Pick<Instance, 'health' | 'override'>): 'drained' | 'critical' | 'unchecked' | undefined {
  if (override !== undefined) return 'drained';
  const verdict = health?.verdict;
  return verdict === 'critical' || verdict === 'unchecked' ? verdict : undefined;
}

/** The same of those that were counted before. */
export function notedCounts({ drained, critical, unchecked, anyDrained, failing }: WaitingCounts): string {
  const override = anyDrained?.override;
  const by = override === undefined ? '' : `: ${anyDrained?.label} (${overrideNote(override)})`;
  const taken = drained === 0 ? '' : `; ${drained} ${drained === 1 ? 'is' : 'are'} drained${by}`;
  const quoted = failing === undefined ? '' : `${failing.label} (${failing.health?.reason ?? ''})`;
  const failed =
    critical === 0 ? '' : `; ${critical} ${critical === 1 ? 'fails its check' : 'fail their checks'}: ${quoted}`;
  if (unchecked === 0) return taken + failed;
  return `${taken}${failed}; ${unchecked} ${unchecked === 1 ? 'has' : 'have'} not passed a check yet`;
}

/** `by ops, held until 2026-11-28T12:00:00Z: disk`. */
function overrideNote({ by, reason, until }: Override): string {
  const held =
    until === 'next-up'
      ? ''
      : `, held until ${until === 'unbounded' ? 'it is lifted' : `${new Date(until).toISOString().slice(0, 19)}Z`}`;
  return `by ${quote(by)}${held}${reason === undefined ? '' : `: ${quote(reason)}`}`;
}

/** A reason is ASCII. */
function quote(text: string): string {
  const printed = text.replaceAll(/[^ -~]+/g, '?');
  return printed.length > quotedMax ? `${printed.slice(0, quotedMax)}...` : printed;
}
