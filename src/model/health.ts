// What rollcall's own checks say of an instance, beside what its owner says. The owner's status is kept as `wanted`; the
// instance's `status`, which everybody else reads, is `up` where the owner wants it up and the checks pass. Instances
// without checks have no health, and are held to their lease instead.

import { addressToText } from './address.ts';
import type { Instance, Registration, Status } from './instance.ts';

export const Verdict = ['unchecked', 'passing', 'critical'] as const;
/** `unchecked`: no check has said anything yet. */
export type Verdict = (typeof Verdict)[number];

export interface Health {
  readonly verdict: Verdict;
  /** Why, in words: what was asked, and what came of it. */
  readonly reason: string;
  readonly wanted: Status;
  /** The service file that it comes from; undefined: it was registered over the API. */
  readonly file: string | undefined;
}

/** What the checks have found. */
export type Judgement = Pick<Health, 'verdict' | 'reason'>;

const unchecked: Judgement = { verdict: 'unchecked', reason: 'no check has passed yet' };

/**
 * The health of a registration that takes the place of `before`; undefined where it has no checks. The verdict stays as
 * long as it is about the same addresses and the same checks.
 */
export function healthOf(
  registration: Registration,
  before: Instance | undefined,
  file: string | undefined,
): Health | undefined {
  if (registration.checks.length === 0) return undefined;
  const { verdict, reason } = before?.health && isSameQuestion(before, registration) ? before.health : unchecked;
  return { verdict, reason, wanted: registration.status, file };
}

export function isSameQuestion(a: Registration, b: Registration): boolean {
  const question = ({ addrs, checks }: Registration): string => JSON.stringify([addrs.map(addressToText), checks]);
  return a === b || question(a) === question(b);
}

/** The status that others are to see. */
export function effectiveStatus({ verdict, wanted }: Health): Status {
  return verdict === 'passing' ? wanted : 'waiting';
}
