// What goes between the main thread and a DNS thread. Down: postings in one order, each with its number. Up: reports, few
// and far between; that a posting was applied is told through shared memory (applied-numbers.ts).

import type { Name } from '../message/name.ts';
import type { Identity } from '../message/opt.ts';
import type { Explained } from '../server/explain.ts';
import type { HandedOut, HeldInstance } from '../server/outstanding-answers.ts';
import type { Listen } from '../transport/listen.ts';
import type { TcpLimits } from '../transport/tcp.ts';
import type { UdpTransport } from '../transport/udp.ts';
import type { SharedZone } from '../zone/shared-zone.ts';

/** What the handler and the zones of a thread are made with; the same for all of them. */
export interface ThreadOptions {
  readonly origin: Name;
  readonly negativeTtlSeconds: number;
  /** The name server that zones without a file name, and its addresses: see made-zone.ts. */
  readonly nameServer?: Name | undefined;
  readonly hosts: readonly string[];
  /** The thread's share, as are the limits of TCP. */
  readonly cacheOctetsMax: number;
  readonly tcp: TcpLimits;
  readonly identity: Identity;
  /** How datagrams are to come and go; `batched` where that can be. */
  readonly transport: UdpTransport['name'];
}

export interface ThreadStart extends ThreadOptions {
  /** The thread's place in `applied`. */
  readonly slot: number;
  readonly applied: SharedArrayBuffer;
  readonly clock: SharedArrayBuffer;
  readonly counters: SharedArrayBuffer;
  /** The registry's, now. */
  readonly revision: number;
  readonly isReady: boolean;
  /** Those of files. */
  readonly zones: readonly SharedZone[];
}

export type Content =
  /** See update.ts. */
  | { readonly kind: 'updates'; readonly rows: string }
  /** A file's zone, new or another, and the registry's revision with it. */
  | { readonly kind: 'zone'; readonly parcel: SharedZone; readonly revision: number }
  /** The registry has its state: until then all answers are SERVFAIL. */
  | { readonly kind: 'ready' }
  /** Report that all before this has been applied. */
  | { readonly kind: 'reach' }
  | { readonly kind: 'listen'; readonly listens: readonly Listen[] }
  /** Report until when answers with this instance may be cached. */
  | { readonly kind: 'handedOut'; readonly instance: HeldInstance }
  /** Asked of another thread. */
  | { readonly kind: 'nothing' }
  /** Report what would be answered, and why. */
  | { readonly kind: 'explain'; readonly name: string; readonly type: string }
  /** Answer what has arrived, then end. */
  | { readonly kind: 'close' };

export type ThreadMessage = Content & { readonly sequence: number };

/** What is asked of a thread, by the kind of the posting that asks; explained as undefined: it met a bug. */
export interface Asked {
  readonly handedOut: HandedOut;
  readonly explain: Explained | undefined;
}
export type Told = Asked[keyof Asked];

/** How a thread listens. */
export interface Listening {
  readonly listens: readonly Listen[];
  readonly transport: UdpTransport['name'];
  /** Why it is not the transport that was wanted. */
  readonly unavailable: string | undefined;
}

export type Report =
  /** A socket that does not close with the thread: told at once, since a thread may end before it listens everywhere. */
  | { readonly kind: 'opened'; readonly descriptor: number }
  /** It closes all of them: their numbers may soon be those of somebody else's files. */
  | { readonly kind: 'closing' }
  | ({ readonly kind: 'listening' } & Listening)
  | { readonly kind: 'failed'; readonly failed: Listen; readonly code: string | undefined; readonly message: string }
  /** To `reach`: it knows what the others know. */
  | { readonly kind: 'reached' }
  /** To the posting of this number. */
  | { readonly kind: 'told'; readonly sequence: number; readonly told: Told }
  /** A bug was met while answering. */
  | { readonly kind: 'fault'; readonly error: unknown; readonly question: string };
