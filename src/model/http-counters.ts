// What is counted of the HTTP plane: the verdicts of each kind of write, and which limit a caller ran into. `control` and
// `http` count, `metrics` keeps the numbers; the metrics page has a row for each word here, from the start.

import type { CallKind } from './call-kind.ts';
import type { CancelOutcome, DrainOutcome, PatchOutcome, RegisterOutcome, ResumeOutcome } from './outcome.ts';

type VerdictOf<Outcome extends { readonly kind: string }> = Exclude<Outcome['kind'], 'precondition-failed'>;
export type RegistrationVerdict = VerdictOf<RegisterOutcome> | 'precondition';
export type PatchVerdict = VerdictOf<PatchOutcome> | 'precondition';
export type CancelVerdict = VerdictOf<CancelOutcome> | 'invalid' | 'precondition';
/** Drains, and what ends them. */
export type DrainVerdict = VerdictOf<DrainOutcome> | VerdictOf<ResumeOutcome> | 'precondition';
export type RenewalVerdict = 'renewed' | 'unknown' | 'invalid';

/** Which limit a caller ran into. */
export type Refusal =
  | 'overload'
  | 'overload-renewal'
  | 'client-rate'
  | 'credentials'
  | 'right'
  | 'quota'
  | 'connections'
  | 'client-connections'
  | 'unsent-replies'
  | 'long-polls'
  | 'watchers'
  | 'body'
  | 'instances'
  | 'instances-per-app'
  | 'apps'
  | 'store';

/** Where counts go. Called once a request, also on the hot path: must only add. */
export interface HttpCounters {
  registration(verdict: RegistrationVerdict): void;
  /** `count`: 1 by default. */
  renewal(verdict: RenewalVerdict, count?: number): void;
  patch(verdict: PatchVerdict): void;
  cancel(verdict: CancelVerdict): void;
  drain(verdict: DrainVerdict): void;
  refused(what: Refusal): void;
  /** A call that did not wait at its caller's wish. */
  took(kind: CallKind, seconds: number): void;
  /** A connection was taken (1), or is closed (-1). */
  connected(difference: 1 | -1): void;
  /** Octets of replies that the kernel has not taken: more, or fewer. */
  unsent(difference: number): void;
  /** `route` is a template such as `/api/v1/apps`, or `unmatched`. */
  request(method: string, route: string, status: number): void;
}
