// The registry's one way out: an ordered stream of numbered changes. A renewal is not a change. A change carries all that
// a subscriber needs (who asked, the times, the lease), so none goes back to the registry for it. Subscribers are called
// in the order of one table in app/, before the write returns; they must not write to the registry, throw or wait.

import type { Verdict } from './health.ts';
import type { Instance } from './instance.ts';
import type { InstanceRecord, Timestamps } from './instance-record.ts';

export type PrincipalKind =
  | 'anonymous'
  | 'token'
  | 'certificate'
  | 'jwt'
  | 'tsig'
  | 'sig0'
  | 'file'
  | 'bridge'
  | 'peer'
  | 'system';

/** Where a command came in; `leases` and `recovery` are the registry's own decisions. */
export type FrontName =
  | 'api'
  | 'consul'
  | 'eureka'
  | 'nacos'
  | 'discovery'
  | 'tutorial'
  | 'dns-update'
  | 'console'
  | 'file'
  | 'bridge'
  | 'checks'
  | 'peer'
  | 'leases'
  | 'recovery';

/** Who asked for a change, and how. A plain value: it is logged, stored and sent to peers as it is. */
export interface Actor {
  /** The name of the token, certificate or key; undefined: none was shown. */
  readonly principal?: string | undefined;
  readonly kind: PrincipalKind;
  readonly front: FrontName;
  /** IP address, or the path of a service file; empty for the registry's own decisions. */
  readonly address: string;
  /** The node at which the command came in; undefined: this one. */
  readonly node?: string | undefined;
  /** The reason the caller gave, in its own words. */
  readonly reason?: string | undefined;
}

/** Why an instance changed. Who asked is `origin`. */
export type Cause =
  | { readonly why: 'registered' | 'replaced' | 'patched' | 'drained' | 'resumed' | 'cancelled' }
  /** Its checks have come to another verdict. */
  | { readonly why: 'checked'; readonly verdict: Verdict; readonly reason: string }
  /** The time of an operator's hold has come. */
  | { readonly why: 'hold-ended' }
  /** Its lease ended `silentMs` after its last renewal: it waits. */
  | { readonly why: 'lapsed'; readonly silentMs: number }
  /** Read back at the start. */
  | { readonly why: 'restored' }
  /** Its lease ended `silentMs` after its last renewal; the guard had kept it for `heldMs` beyond that. */
  | { readonly why: 'evicted'; readonly silentMs: number; readonly heldMs: number };

/** The lease of an instance at the time of a change, as a copy of the registry needs it. */
export interface LeaseState {
  /** Monotonic milliseconds; infinite without a lease. */
  readonly deadlineMs: number;
  readonly isNearExpiry: boolean;
  readonly isSuspect: boolean;
  /** Why the guard keeps a suspect; '' for others. */
  readonly suspectReason: string;
}

interface Decided {
  readonly origin: Actor;
  readonly cause: Cause;
  /** The instance's own, after the change. */
  readonly times: Timestamps;
}

interface Common extends Decided {
  /** The registry's revision after this change: higher than before, by one unless it was touched in between. */
  readonly revision: number;
  /** Wall-clock milliseconds, for people. */
  readonly atMs: number;
  /** Undefined: it has left, or the change was read from the record. */
  readonly lease?: LeaseState | undefined;
}

export type Change = Common &
  (
    | { readonly kind: 'registered'; readonly after: Instance; readonly before?: never }
    | { readonly kind: 'updated'; readonly after: Instance; readonly before: Instance }
    | { readonly kind: 'cancelled' | 'evicted'; readonly before: Instance; readonly after?: never }
  );

/** A change that has been decided, and has no number yet. `isRenewal`: the lease runs anew from it. */
export type NewChange = Decided &
  (
    | { readonly kind: 'registered'; readonly after: Instance; readonly before?: never }
    | { readonly kind: 'updated'; readonly after: Instance; readonly before: Instance; readonly isRenewal: boolean }
    | { readonly kind: 'cancelled' | 'evicted'; readonly before: Instance; readonly after?: never }
  );

/** The instance as a change left it. Of one that was read from the record, the lease is not known. */
export function recordAfter(change: Change & { readonly after: Instance }): InstanceRecord {
  const { after: instance, times, revision, lease } = change;
  const unknown = { deadlineMs: Number.POSITIVE_INFINITY, isNearExpiry: false, isSuspect: false };
  const { deadlineMs, isNearExpiry, isSuspect } = lease ?? unknown;
  return { instance, ...times, revision, deadlineMs, isNearExpiry, isSuspect };
}

export type ChangeListener = (change: Change) => void;
