// What the ownership of instances is decided from, and what it decides: the events that a node's watch, clients, peers
// and clock bring, and the intents that its publisher, peer link and HTTP side carry out. Plain values, so that a whole
// cluster can be run in a test without one.

/** What of a record decides who runs its lease. */
export interface OwnedRecord {
  readonly owner: string;
  readonly modRevision: number;
  /** The operation that wrote it. */
  readonly operation: string;
  /** Infinite: it is not renewed, but checked or kept for ever. */
  readonly leaseMs: number;
  /** Between two renewals, as far as is known. */
  readonly intervalMs: number;
  readonly atEnd: 'evict' | 'waiting';
  /** Which deadline runs; the second is there after `waiting` alone. */
  readonly deadline: 'first' | 'second';
  /** Of the second; infinite: there is none. */
  readonly thenMs: number;
}

export type RemovedWhy = 'cancelled' | 'evicted' | 'missing';

export type OwnershipEvent =
  /** The watch or a list. `isRegistration`: it was registered by this write, so its lease runs anew. */
  | { readonly kind: 'record'; readonly key: string; readonly record: OwnedRecord; readonly isRegistration: boolean }
  /** `missing`: not in a list, and without a tombstone. */
  | { readonly kind: 'removed'; readonly key: string; readonly why: RemovedWhy; readonly operation: string }
  /** A client's, at this node. */
  | { readonly kind: 'renewal'; readonly key: string }
  /** A peer heard it. Never forwarded again. */
  | { readonly kind: 'forwarded'; readonly key: string; readonly heardMs: number }
  /** The peers' answer to `ask-heard`: the owner that one of them knows. */
  | {
      readonly kind: 'heard-answer';
      readonly key: string;
      readonly owner: string | undefined;
      /** The data folder knows it, and no peer can be asked. */
      readonly isUncertain: boolean;
    }
  /** The peers' answer to `ask-lately`. `isComplete`: each peer with a live session has answered. */
  | {
      readonly kind: 'lately-answer';
      readonly key: string;
      readonly heardMs: number | undefined;
      readonly isComplete: boolean;
    }
  /** A `forward` that did not reach the owner, and then a `relay` that did not either. */
  | { readonly kind: 'not-forwarded' | 'not-relayed'; readonly key: string; readonly owner: string }
  /** Exactly one for each swap. */
  | {
      readonly kind: 'swapped';
      readonly key: string;
      readonly id: string;
      readonly verdict: 'won' | 'failed' | { readonly found: OwnedRecord | { readonly absent: RemovedWhy } };
    }
  /** This node's service file names it, and the owner's no longer does, or the owner is dead. */
  | { readonly kind: 'claimed'; readonly key: string }
  | { readonly kind: 'hello' | 'dead' | 'back'; readonly node: string }
  /** A graceful stop, with what is left of each lease; again with more of them. */
  | { readonly kind: 'bye'; readonly node: string; readonly leftMs: ReadonlyMap<string, number> }
  /** The dead nodes whose orphans this node runs. */
  | { readonly kind: 'executor'; readonly of: ReadonlySet<string> }
  | { readonly kind: 'proven'; readonly untilMs: number }
  | { readonly kind: 'joined' | 'cut' }
  /** Revisions of records count anew. */
  | { readonly kind: 'rebased' }
  /** The `until` of an override has come. */
  | { readonly kind: 'hold-ended'; readonly key: string }
  | { readonly kind: 'tick' };

export type SwapChange =
  /** The owner becomes this node. */
  | 'take-over'
  /** Record to tombstone. */
  | 'evict'
  /** To `waiting`; the second deadline begins. */
  | 'lapse'
  /** Back from `waiting`. */
  | 'revive'
  /** Absent to record: it is heard though it was removed. */
  | 'return'
  | 'end-hold';

export interface SwapIntent {
  readonly kind: 'swap';
  readonly id: string;
  readonly key: string;
  readonly change: SwapChange;
  /** The revision that the record must still have. */
  readonly expected: number | 'absent';
  /** Only while this node's session lives, and, where it acts for a dead one, while that has none. */
  readonly fence: { readonly session: boolean; readonly without: string | undefined };
}

export type Intent =
  | SwapIntent
  /** Heard meanwhile: not to be sent, if that is still possible. */
  | { readonly kind: 'withdraw'; readonly id: string }
  | { readonly kind: 'ask-heard' | 'ask-lately'; readonly key: string }
  /** `relay`: through a joined peer that reaches the owner. */
  | { readonly kind: 'forward' | 'relay'; readonly owner: string; readonly key: string; readonly heardMs: number }
  /** This node is cut from etcd: some joined peer is to know. */
  | { readonly kind: 'forward-joined'; readonly key: string; readonly heardMs: number }
  | { readonly kind: 'reply'; readonly key: string; readonly reply: 'renewed' | 'unknown' | 'unavailable' }
  | { readonly kind: 'suspect'; readonly key: string; readonly isSuspect: boolean };
