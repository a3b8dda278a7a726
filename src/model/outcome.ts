// What comes of each command: every possibility has a name, and each edge has one table from these to its own terms (HTTP
// statuses, gRPC codes …). Faults of a request are `Problem`s; only bugs are thrown. `stored` is the record as it is after
// the command, or as it was when it left.

import type { InstanceRecord } from './instance-record.ts';
import type { Problem } from './problem.ts';

interface Stored {
  readonly stored: InstanceRecord;
  /** Whether the cluster has it; false: this node alone, until it is joined again. Undefined: there is no cluster, or nothing changed. */
  readonly replicated?: boolean | undefined;
}

/** A precondition does not hold. `stored` is what there is instead; undefined: nothing. */
export interface PreconditionFailed {
  readonly kind: 'precondition-failed';
  readonly stored: InstanceRecord | undefined;
}

/** The caller may not write this instance. */
export interface NotYours {
  readonly kind: 'not-yours';
  readonly problem: Problem;
}

export interface UnknownInstance {
  readonly kind: 'unknown';
}

export type RegisterOutcome =
  | ({ readonly kind: 'created' | 'replaced' | 'unchanged' } & Stored)
  /** There already, and `If-None-Match: *` was asked for; or what is stored is newer than this. */
  | ({ readonly kind: 'exists' | 'outdated' } & Stored)
  /** Another spelling of an instance, or a name that already means something else. */
  | { readonly kind: 'conflict' | 'invalid'; readonly problem: Problem }
  /** `what`: which limit was reached. */
  | { readonly kind: 'full'; readonly what: 'instances' | 'instances-per-app' | 'apps'; readonly problem: Problem }
  | NotYours
  | PreconditionFailed;

export type RenewOutcome =
  | ({ readonly kind: 'renewed' } & Stored)
  /** Its lease has ended, and it waits: a registration, or a verdict of `passing`, brings it back. */
  | ({ readonly kind: 'lapsed' } & Stored)
  | UnknownInstance;

type Invalid = { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

export type PatchOutcome =
  | ({ readonly kind: 'patched' | 'unchanged' } & Stored)
  | UnknownInstance
  | Invalid
  | NotYours
  | PreconditionFailed;

export type DrainOutcome =
  | ({ readonly kind: 'drained' | 'unchanged' } & Stored)
  | UnknownInstance
  /** The time of the hold; or there are too many holds. */
  | Invalid
  | NotYours
  | PreconditionFailed;

export type ResumeOutcome =
  /** `unchanged`: it was not drained. Whether it takes traffic depends on its registrant and its checks. */
  | ({ readonly kind: 'resumed' | 'unchanged' } & Stored)
  /** It is not registered; the hold that waited for it is lifted. */
  | { readonly kind: 'released' }
  | UnknownInstance
  | NotYours
  | PreconditionFailed;

/** `revision`: of the registry after it. */
export type CancelOutcome =
  | ({ readonly kind: 'cancelled'; readonly revision: number } & Stored)
  | UnknownInstance
  | NotYours
  | PreconditionFailed;

export type JudgeOutcome = ({ readonly kind: 'judged' | 'unchanged' } & Stored) | UnknownInstance | PreconditionFailed;
