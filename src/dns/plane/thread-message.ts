// What goes between the main thread and a DNS thread. Down: messages in one order, each with its number. Up: events, few
// and far between; that a message was applied is seen in shared memory (applied-numbers.ts).

import type { AnsweredInstance, AnswersHeld } from '../../model/answers-held.ts';
import type { ConsulNode } from '../../model/consul-node.ts';
import type { Explained } from '../../model/explanation.ts';
import type { Listen } from '../../model/listen.ts';
import type { Call, CallReply } from '../../runtime/worker-calls.ts';
import type { Name } from '../message/name.ts';
import type { Identity } from '../message/opt.ts';
import type { GuardRules } from '../server/guards.ts';
import type { Peer } from '../server/peer.ts';
import type { QueryCounts } from '../server/queries/query-table.ts';
import type { ConsulDomain } from '../services/consul-zone.ts';
import type { TcpLimits } from '../transport/tcp-connections.ts';
import type { KeyPair } from '../transport/tls.ts';
import type { UdpTransport } from '../transport/udp.ts';
import type { SharedZone } from '../zone/shared-zone.ts';
import type { TableMemory, TablePage } from './instance-rows.ts';
import type { Updates } from './update.ts';

/** What the handler and the zones of a thread are made with; the same for all of them. */
export interface ThreadOptions extends GuardRules {
  readonly origin: Name;
  readonly negativeTtlSeconds: number;
  /** The name server that zones without a file name, and its addresses: see made-zone.ts. */
  readonly nameServer?: Name | undefined;
  readonly hosts: readonly string[];
  /** See consul-zone.ts. */
  readonly consul?: ConsulDomain | undefined;
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
  /** Undefined: it is not kept who asks for what. */
  readonly queries?: QueryCounts | undefined;
  /** The registry's, now. */
  readonly revision: number;
  readonly isReady: boolean;
  /** Where the rows of instances are; the instances themselves are posted. */
  readonly table: TableMemory;
  /** Requests of these opcodes are answered by the main thread. */
  readonly delegated: readonly number[];
  /** Those of files. */
  readonly zones: readonly SharedZone[];
  /** Of Consul's catalog. */
  readonly consulNodes: readonly ConsulNode[];
}

export type MessageContent =
  /** Of instances: see update.ts. `pages`: those that rows in it are the first in. */
  | ({ readonly kind: 'updates'; readonly pages: readonly TablePage[] } & Updates)
  /** A file's zone, new or another, and the registry's revision with it. */
  | { readonly kind: 'zone'; readonly shared: SharedZone; readonly revision: number }
  | { readonly kind: 'dropZone'; readonly apex: Name; readonly revision: number }
  /** A node of Consul's catalog: see consul-zone.ts. */
  | { readonly kind: 'consulNode'; readonly node: ConsulNode; readonly revision: number }
  /** The registry's revision has moved without a change of an instance or a zone. */
  | { readonly kind: 'revision'; readonly revision: number }
  /** The registry has its state: until then all answers are SERVFAIL. */
  | { readonly kind: 'ready' }
  /** Report that all before this has been applied. */
  | { readonly kind: 'reach' }
  /** For datagrams and TCP; or, with `pair`, for TLS. */
  | { readonly kind: 'listen'; readonly listens: readonly Listen[]; readonly pair?: KeyPair }
  /** For TLS from now on. */
  | { readonly kind: 'renew'; readonly pair: KeyPair }
  /** Asked of another thread. */
  | { readonly kind: 'barrier' }
  /** Asked of this one: see ThreadCalls. */
  | { readonly kind: 'call'; readonly call: Call }
  /** To a call of this thread's: see MainCalls. */
  | { readonly kind: 'reply'; readonly reply: CallReply }
  /** Answer what has arrived, then end. */
  | { readonly kind: 'close' };

export type ThreadMessage = MessageContent & { readonly sequence: number };

/** What a thread can be asked, in the order of the changes. */
export interface ThreadCalls {
  /** Until when answers with this instance may be cached. */
  answersHeld(instance: AnsweredInstance): AnswersHeld;
  /** What would be answered, and why; undefined: it met a bug. */
  explain(name: string, type: string): Explained | undefined;
  /** The reply to a request that came some other way than over its sockets; undefined: none is due. */
  answer(bytes: Uint8Array, peer: Client): Promise<Uint8Array | undefined>;
}

/** What a thread can ask of the main one. */
export interface MainCalls {
  /** The reply to a request whose opcode the thread does not answer itself; undefined: none is due. */
  answer(bytes: Uint8Array, peer: Client): Promise<Uint8Array | undefined>;
}

/** A peer, as it can be posted. */
export type Client = Pick<Peer, 'transport' | 'address'>;

/** How a thread listens. */
export interface Listening {
  readonly listens: readonly Listen[];
  readonly transport: UdpTransport['name'];
  /** Why it is not the transport that was wanted. */
  readonly unavailable: string | undefined;
}

export type ThreadEvent =
  /** A socket that does not close with the thread: at once, since a thread may end before it listens everywhere. */
  | { readonly kind: 'opened'; readonly descriptor: number }
  /** It closes all of them: their numbers may soon be those of other files. */
  | { readonly kind: 'closing' }
  | ({ readonly kind: 'listening' } & Listening)
  | { readonly kind: 'failed'; readonly failed: Listen; readonly code: string | undefined; readonly message: string }
  /** To `reach`: it knows what the others know. */
  | { readonly kind: 'reached' }
  | { readonly kind: 'call'; readonly call: Call }
  | { readonly kind: 'reply'; readonly reply: CallReply }
  /** A bug was met while answering. */
  | { readonly kind: 'fault'; readonly error: unknown; readonly question: string };
