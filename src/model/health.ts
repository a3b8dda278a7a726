// The verdict of checks, or of the end of a lease, on an instance, beside what its registrant wants (see status.ts). Instances
// that are evicted at the end of their lease have no health.

import { addressToText } from './address.ts';
import type { Instance, Registration } from './instance.ts';
import type { Liveness } from './liveness.ts';

export const Verdict = ['unchecked', 'passing', 'critical'] as const;
/** `unchecked`: no check has finished yet. */
export type Verdict = (typeof Verdict)[number];

export interface Health {
  readonly verdict: Verdict;
  /** Why, in words: what was asked, and the result. */
  readonly reason: string;
  /** The service file that it comes from; undefined: it was registered over the API. */
  readonly file: string | undefined;
}

/** The result of checks. */
export type Judgement = Pick<Health, 'verdict' | 'reason'>;

const unchecked: Judgement = { verdict: 'unchecked', reason: 'no check has passed yet' };
const heard: Judgement = { verdict: 'passing', reason: '' };

/**
 * The health of a registration that replaces `before`; undefined where it has none. A verdict of checks stays as long as
 * it is about the same addresses and the same checks; one of a lease that has ended, until the instance is heard.
 */
export function healthOf(
  registration: Registration,
  before: Instance | undefined,
  {
    liveness,
    file,
    isHeard,
  }: { readonly liveness: Liveness; readonly file: string | undefined; readonly isHeard: boolean },
): Health | undefined {
  if (registration.checks.length > 0) {
    const { verdict, reason } = before?.health && isSameQuestion(before, registration) ? before.health : unchecked;
    return { verdict, reason, file };
  }
  if (liveness.kind !== 'lease-then-waiting') return undefined;
  const { verdict, reason } = isHeard ? heard : (before?.health ?? heard);
  return { verdict, reason, file };
}

export function isSameQuestion(a: Registration, b: Registration): boolean {
  const question = ({ addrs, checks }: Registration): string => JSON.stringify([addrs.map(addressToText), checks]);
  return a === b || question(a) === question(b);
}
