// What the registry's commands return: what can happen has a name, and each edge has one table from it to its own terms
// (HTTP statuses, gRPC codes …). Faults of a request are `Problem`s; only bugs are thrown.

import type { InstanceRecord } from '../registry/instance-record.ts';
import type { Problem } from './problem.ts';

export type RegisterOutcome =
  | { readonly kind: 'created' | 'replaced' | 'unchanged'; readonly stored: InstanceRecord }
  /** There already, and `ifAbsent` was asked for; or what is stored is newer than this. */
  | { readonly kind: 'exists' | 'outdated'; readonly stored: InstanceRecord }
  /** Another spelling of an instance, or a name that already means something else. */
  | { readonly kind: 'conflict' | 'invalid'; readonly problem: Problem }
  /** `what`: which limit was reached. */
  | { readonly kind: 'full'; readonly what: 'instances' | 'instances-per-app' | 'apps'; readonly problem: Problem };

export type RenewOutcome = { readonly kind: 'renewed'; readonly stored: InstanceRecord } | { readonly kind: 'unknown' };

export type PatchOutcome =
  | { readonly kind: 'patched' | 'unchanged'; readonly stored: InstanceRecord }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

export type DrainOutcome =
  | { readonly kind: 'drained'; readonly stored: InstanceRecord }
  | Exclude<PatchOutcome, { readonly kind: 'patched' }>;

export type CancelOutcome =
  | { readonly kind: 'cancelled'; readonly stored: InstanceRecord }
  | { readonly kind: 'unknown' };
