// What a command may come to without having taken effect as asked, for the fronts of other registries: the status of each,
// and a sentence where ours is as good as any. A front overrides those for which its original has others.

import type { Problem } from '../../model/problem.ts';
import type { Refused } from '../../model/submit.ts';
import { problemText } from './problem-text.ts';

export type FailedOutcome =
  | Refused
  | { readonly kind: 'unknown' | 'precondition-failed' }
  | {
      readonly kind: 'invalid' | 'conflict' | 'full' | 'not-yours';
      readonly problem?: Problem;
      readonly problems?: readonly Problem[];
    };

export const failedStatuses: Readonly<Record<FailedOutcome['kind'], number>> = {
  invalid: 400,
  conflict: 400,
  'precondition-failed': 400,
  forbidden: 403,
  'not-yours': 403,
  unknown: 404,
  quota: 429,
  full: 507,
  'not-ready': 503,
  'store-failing': 503,
  'no-quorum': 503,
  'not-durable': 503,
};

export const failedSentences: Readonly<Partial<Record<FailedOutcome['kind'], string>>> = {
  quota: 'The credentials allow no further instances',
  'not-ready': 'The registry is not back from its start yet',
  'store-failing': 'The disk cannot be written, and nothing was changed',
  'no-quorum': 'The cluster cannot confirm it at present',
  'not-durable': 'It took effect and is not on the disk',
};

export function isFailed<O extends { readonly kind: string }>(outcome: O): outcome is Extract<O, FailedOutcome> {
  return Object.hasOwn(failedStatuses, outcome.kind);
}

/** The problems of the body in one sentence; undefined: the outcome has none. */
export function problemsText(outcome: { readonly kind: string }): string | undefined {
  const { problem, problems } = outcome as { readonly problem?: Problem; readonly problems?: readonly Problem[] };
  const all = problems ?? (problem === undefined ? [] : [problem]);
  return all.length === 0 ? undefined : problemText(all);
}
