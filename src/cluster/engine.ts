// What the cluster needs of the store that all nodes share: a list at one revision, a watch from a revision, groups of
// compare-and-swap, and a session that ends when its node does. etcd is the one engine there is (etcd/etcd-engine.ts);
// nothing here names it, so that a second one stays possible. What can go wrong is a value; only bugs are thrown.
// Revisions are numbers: at a thousand groups a second, 2^53 lasts 285 000 years.

/** A key and its value, as they are at one revision. */
export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  /** The session that the key ends with; 0n: none. */
  readonly lease: bigint;
}

/**
 * Why there is no reply. Every error that is not known is `unavailable`, so that a message which a later release words
 * anew never looks like a verdict.
 */
export type Fault =
  /** Not reached, no leader, no reply in time. `sent`: it may have taken effect all the same. */
  | { readonly fault: 'unavailable'; readonly detail: string; readonly sent: boolean }
  /** The disk quota is used up: puts and new sessions are refused, deletes and reads work. */
  | { readonly fault: 'no-space'; readonly detail: string }
  /** User, password, certificate or role do not permit it. */
  | { readonly fault: 'denied'; readonly detail: string }
  /** The revision asked for is no longer kept. */
  | { readonly fault: 'compacted'; readonly detail: string }
  /** The request is against the engine's rules. */
  | { readonly fault: 'refused'; readonly detail: string };

export function isFault<T extends object>(reply: T | Fault): reply is Fault {
  return 'fault' in reply;
}

export interface ListOptions {
  /** Values are left empty. */
  readonly keysOnly?: boolean;
  /** A prefix below the prefix: what is there is left out. */
  readonly except?: string;
}

/** All keys below a prefix, at one revision. */
export interface Listing {
  readonly revision: number;
  readonly clusterId: string;
  readonly entries: readonly Entry[];
}

export type KeyEvent =
  | { readonly kind: 'put'; readonly entry: Entry }
  | { readonly kind: 'delete'; readonly key: string; readonly revision: number };

export type FollowEvent =
  /** Everything that one revision changed below the prefix. */
  | { readonly kind: 'group'; readonly revision: number; readonly events: readonly KeyEvent[] }
  /** The watch is there, for the first time or again; `revision` is the engine's own at that moment. */
  | { readonly kind: 'live'; readonly revision: number }
  /** Tried again by itself, from where it stopped. */
  | { readonly kind: 'broken'; readonly detail: string }
  /** The end: what lies between is no longer kept. List again. */
  | { readonly kind: 'compacted'; readonly compactRevision: number }
  /** The end: the engine's history is not the one that was followed. */
  | { readonly kind: 'rewound'; readonly clusterId: string; readonly revision: number }
  /** The end: not permitted. */
  | { readonly kind: 'denied'; readonly detail: string };

export interface Following {
  /** The revision that the next event may have. */
  readonly next: number;
  /** When the engine was last heard on this watch, monotonic milliseconds. */
  readonly heardMs: number;
  close(): void;
}

/** What a swap asks of the keys before it writes. */
export type Condition =
  | { readonly key: string; readonly is: 'at'; readonly modRevision: number }
  | { readonly key: string; readonly is: 'absent' }
  | { readonly key: string; readonly is: 'leased'; readonly lease: bigint };

export type Write =
  | { readonly key: string; readonly value: Uint8Array; readonly lease?: bigint }
  | { readonly key: string; readonly value?: never };

/** One compare-and-swap of a group, with a verdict of its own. */
export interface Swap {
  readonly conditions: readonly Condition[];
  /** In this order, when all conditions hold. */
  readonly writes: readonly Write[];
  /** Read when a condition does not hold. */
  readonly reads: readonly string[];
  /** Whether what was read is this very swap's doing: an earlier attempt won and its reply was lost. */
  readonly isOwn: (found: readonly Entry[]) => boolean;
}

export interface SwapGroup {
  readonly swaps: readonly Swap[];
  /** Put whatever the verdicts are. */
  readonly puts: readonly Write[];
}

export type SwapVerdict =
  | { readonly verdict: 'won' }
  | { readonly verdict: 'own-reply-lost' }
  | { readonly verdict: 'lost'; readonly found: readonly Entry[] };

export interface SwapReply {
  readonly revision: number;
  readonly verdicts: readonly SwapVerdict[];
}

export interface SessionOptions {
  /** The key that lives as long as the session. */
  readonly key: string;
  readonly value: Uint8Array;
  readonly ttlSeconds: number;
  /** The own last session, which may still hold the key. */
  readonly replaces?: bigint | undefined;
}

export type SessionEvent =
  | { readonly kind: 'held'; readonly lease: bigint; readonly revision: number }
  /** Another session holds the key. Tried again by itself until closed. */
  | { readonly kind: 'occupied'; readonly holder: Entry }
  /** The engine has ended it. A new one is opened at once. */
  | { readonly kind: 'lost'; readonly lease: bigint }
  | { readonly kind: 'failed'; readonly fault: Fault };

export interface Session {
  /** Undefined: none now. */
  readonly lease: bigint | undefined;
  /** Until then it is certain that the session lives, whatever happens: monotonic milliseconds. */
  readonly provenUntilMs: number;
  /** Why it is not proven, where the engine knows better than that it was not confirmed in time. */
  readonly why?: string | undefined;
  /** Its key was seen deleted at this revision: a new session is opened, without waiting for a keep-alive to fail. */
  noteDeleted(revision: number): void;
  /** Ends the session, so that the key goes at once. */
  close(): Promise<void>;
}

export interface EngineStatus {
  readonly endpoint: string;
  readonly version: string;
  readonly clusterId: string;
  readonly databaseOctets: number;
  readonly databaseUsedOctets: number;
  readonly isOutOfSpace: boolean;
}

export interface Engine {
  /** All keys below `prefix`, read with quorum. */
  list(prefix: string, options?: ListOptions): Promise<Listing | Fault>;
  /** One key, read with quorum. */
  read(key: string): Promise<{ readonly revision: number; readonly entry: Entry | undefined } | Fault>;
  /** Watches from `from.revision` on. `onEvent` must not throw. */
  follow(
    prefix: string,
    from: { readonly revision: number; readonly clusterId: string },
    onEvent: (event: FollowEvent) => void,
  ): Following;
  /** Tries, again where a reply was lost, for at most `withinMs`. */
  swap(group: SwapGroup, withinMs: number): Promise<SwapReply | Fault>;
  session(options: SessionOptions, onEvent: (event: SessionEvent) => void): Session;
  /** A lease for keys that are to go by themselves after so long. */
  expiry(ttlSeconds: number): Promise<{ readonly lease: bigint } | Fault>;
  /** How often a connection was tried. */
  readonly connectionAttempts: number;
  status(): Promise<EngineStatus | Fault>;
  close(): void;
}
