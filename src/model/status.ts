// The status in all answers and lists, from three inputs of which each has one writer: what the registrant wants, what checks
// or the lease have found, and an operator's override. No writer touches another's input.

import { isServing, type Verdict } from './health.ts';

export const Status = ['up', 'waiting'] as const;
/** `waiting`: registered, and takes no traffic. */
export type Status = (typeof Status)[number];

/** An operator's decision, which wins while it lasts. */
export interface Override {
  readonly status: Status;
  /** Who: the name of the token, or an address. */
  readonly by: string;
  /** In the operator's own words. */
  readonly reason: string | undefined;
  /**
   * `next-up`: a plain drain, which ends with the next registration or patch with `up`, or with the registration.
   * Otherwise a hold, which outlives them: until a wall-clock time in milliseconds, or until it is lifted.
   */
  readonly until: 'next-up' | 'unbounded' | number;
}

/** A hold may last so long, unless it is unbounded: longer is a decision that should be looked at again. */
export const holdMsMax = 7 * 24 * 3_600_000;

export function isHold(override: Override | undefined): override is Override {
  return override !== undefined && override.until !== 'next-up';
}

/** `verdict` undefined: neither checks nor a lease decide. */
export function effectiveStatus(wanted: Status, verdict: Verdict | undefined, override: Override | undefined): Status {
  if (override !== undefined) return override.status;
  return verdict === undefined || isServing(verdict) ? wanted : 'waiting';
}

/** The override after a registration or a patch with `up`. */
export function overrideAfterUp(override: Override | undefined): Override | undefined {
  return isHold(override) ? override : undefined;
}
