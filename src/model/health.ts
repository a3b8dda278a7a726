// The verdict of checks, or of the end of a lease, on an instance, beside what its registrant wants (see status.ts). Instances
// that are evicted at the end of their lease have no health.

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
