// The registry's one way out: an ordered stream of numbered changes. A renewal is not a change. Listeners are called
// in the order in which app.ts adds them, before the write returns; they must not write to the registry, must not
// throw and must not wait.

import type { Timestamps } from '../registry/instance-record.ts';
import type { Verdict } from './health.ts';
import type { Instance } from './instance.ts';

/** Who asked for a change. */
export interface Actor {
  /** IP address, or the service file. */
  readonly address: string;
  /** The name of the token that was shown; undefined where none is needed. */
  readonly token?: string | undefined;
  /** What the caller gave as the reason, in its own words. */
  readonly reason?: string | undefined;
}

/** Why an instance changed: for people, who ask afterwards. */
export type Cause =
  | { readonly why: 'registered' | 'replaced' | 'patched' | 'drained' | 'cancelled'; readonly by?: Actor | undefined }
  /** Its checks have come to another verdict. */
  | { readonly why: 'checked'; readonly verdict: Verdict; readonly reason: string }
  /** Read back at the start: nothing has changed for anybody. */
  | { readonly why: 'restored' }
  /** Its lease ended `silentMs` after its last renewal; the guard had kept it for `heldMs` beyond that. */
  | { readonly why: 'evicted'; readonly silentMs: number; readonly heldMs: number };

interface Common {
  /** The registry's revision after this change: higher than before, by one unless it was touched in between. */
  readonly revision: number;
  /** Wall-clock milliseconds, for people. */
  readonly atMs: number;
  readonly cause: Cause;
  /** The instance's own, after the change. */
  readonly times: Readonly<Timestamps>;
}

export type Change = Common &
  (
    | { readonly kind: 'registered'; readonly after: Instance; readonly before?: never }
    | { readonly kind: 'updated'; readonly after: Instance; readonly before: Instance }
    | { readonly kind: 'cancelled' | 'evicted'; readonly before: Instance; readonly after?: never }
  );

/** A change before it has a number. */
export type NewChange = DistributiveOmit<Change, 'revision' | 'atMs' | 'times'>;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

export type ChangeListener = (change: Change) => void;
