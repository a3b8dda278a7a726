// The data plane: everything that answers DNS. It runs in threads of its own, so that no query waits for HTTP, storage
// or the garbage that they make; or in the main thread (0 threads), for tests and for machines too small for more.
//
//   main thread                                          DNS thread (1 .. n)
//   ┌───────────────────────────────┐  numbers of rows  ┌──────────────────────────────────────────┐
//   │ Registry ──Change──▶ apply ───┼──────────────────▶│ Inbox ─▶ Replica ◀─ LiveZones ◀─ handler │
//   │    └─lease near its end ────┼──────────────────▶│            (RegistryView)         ▲ │    │
//   │ rows of instances ◀───────────┼── shared memory ──│ indexes of rows                   │ │    │
//   │ zone files ──────▶ serveZone ─┼──────────────────▶│ zones (pages in shared memory)    │ ▼    │
//   │ lease clock, counters ◀───────┼── shared memory ──│ clock, counters        UDP, TCP sockets  │
//   │ HTTP reply ──await applied ◀──┼── shared memory ──│ number of the last message               │
//   │ drain ──await answersHeld ◀─────┼── asked, answered─│ OutstandingAnswers                                 │
//   │ /resolve ──await explain ◀────┼── asked, answered─│ zones                                    │
//   └───────────────────────────────┘                   └──────────────────────────────────────────┘
//
// Instances are there once for all threads: the main thread writes rows, which never change, and posts their numbers
// (instance-feed.ts, instance-rows.ts). Without threads there are none: the registry itself is what answers are made from.
// Changes go one way. The HTTP side waits for `applied` before it answers: then every thread answers with the change. Two things
// are asked back, in the order of the changes: until when the answers that a thread has served may be cached, and what
// would be answered and why. So nothing that only DNS needs of the instances (browsing, PTR) is kept in the main thread.
// All threads listen at the same addresses (SO_REUSEPORT) and the kernel spreads clients over them by address and port; a
// thread that is being started listens only once it knows all that the others know.
// DNS over TLS has a thread of its own, which is one like the others but for where it listens: handshakes cost a hundred times
// what an answer does, and so they hold up neither datagrams nor HTTP, and no answer has to go from thread to thread. It
// steps back where cores are few (thread-priority.ts).
// Limits that are one number for the server (connections, memory of the cache) are divided by the threads, rounded up.

import type { Worker } from 'node:worker_threads';
import type { AnsweredInstance, AnswersHeld } from '../../model/answers-held.ts';
import type { Change } from '../../model/change.ts';
import type { ConsulNode } from '../../model/consul-node.ts';
import type { DnsCounts } from '../../model/dns-counts.ts';
import type { Explained } from '../../model/explanation.ts';
import type { Listen } from '../../model/listen.ts';
import type { InstanceKey } from '../../model/names.ts';
import type { DrainQueries } from '../../model/query-sample.ts';
import type { RegistryView } from '../../model/view.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Name } from '../message/name.ts';
import type { ClientDetail } from '../server/queries/query-table.ts';
import type { InstanceChange } from '../services/apps/instance-change.ts';
import type { KeyPair } from '../transport/tls.ts';
import type { UdpTransport } from '../transport/udp.ts';
import type { Zone } from '../zone/zone.ts';
import type { ZoneTable } from '../zone/zone-table.ts';
import type { DnsThread, ThreadHooks } from './dns-thread.ts';
import type { Client, MainCalls, ThreadOptions, ThreadStart } from './thread-message.ts';
import type { ReplicaInstance } from './update.ts';

/** The registry, seen from the plane. */
export interface PlaneView extends RegistryView {
  find(key: InstanceKey): ReplicaInstance | undefined;
}

export interface PlaneOptions extends ThreadOptions {
  /** 0: in this thread. */
  readonly threads: number;
  /** What is kept of clients that ask; undefined: it is not kept who asks for what. */
  readonly queryDetail?: ClientDetail | undefined;
  readonly listens: readonly Listen[];
  /** DNS over TLS, in a thread of its own where there are any. */
  readonly tls?: { readonly listens: readonly Listen[]; readonly pair: KeyPair } | undefined;
  readonly clock: Clock;
  /** The lease clock as threads read it: see shared-clock.ts. */
  readonly clockMemory: SharedArrayBuffer;
  readonly view: PlaneView;
  /** All instances of `view`, to be walked while it changes. */
  readonly allInstances: () => Iterable<ReplicaInstance>;
  /** Of this thread, with live names, and what keeps those: changed only where this thread answers. */
  readonly zones: ZoneTable;
  readonly live: { changed(change: InstanceChange): void; consulNodeChanged(node: ConsulNode): void };
  /** Those of files, as they came. */
  readonly fileZones: Iterable<Zone>;
  /** A bug was met while answering. */
  onFault(error: unknown, question: string): void;
  /** A thread has ended that should not have; another one takes its place. */
  onThreadEnd(error: unknown): void;
  /** Threads cannot be kept running: DNS is not answered as it should be, and will not be. */
  onLost(error: Error): void;
  /** Requests that this thread answers for all: UPDATE and its like change the registry, which only it may. */
  readonly delegated?: { readonly opcodes: readonly number[] } & MainCalls;
  /** So many rows may be kept for a thread that does not follow: see instance-feed.ts, which has the default. */
  readonly retiredRowsMax?: number;
  /** Workers that were made before, for threads; undefined: there is none left. */
  readonly takeWorker?: (() => Worker | undefined) | undefined;
  /** In place of a real one. */
  readonly startThread?: (start: ThreadStart, hooks: ThreadHooks) => DnsThread;
}

export interface Plane {
  readonly listens: readonly Listen[];
  readonly tlsListens: readonly Listen[];
  readonly threads: number;
  readonly transport: UdpTransport['name'];
  /** Why it is not the transport that was wanted. */
  readonly unavailable: string | undefined;
  readonly counters: DnsCounts;
  /** What was asked since the last call, and by whom. */
  readonly drainQueries: DrainQueries;
  /** More of it than should wait for the next regular call. */
  readonly hasManyQueries: boolean;
  /** Of files, and made for registered names. */
  readonly zoneCount: number;
  /** A change listener. */
  apply(change: Change): void;
  /** The lease of an instance is near its end or no longer is, or the instance is suspect or no longer is. */
  updateLease(leased: ReplicaInstance): void;
  /** Nothing is answered with these any more; the changes by which they leave come later. `revision`: the view's. */
  endLeases(ended: readonly ReplicaInstance[], revision: number): void;
  /** A zone of a file, new or another; this thread's own zones have it already. The view's revision is its. */
  serveZone(zone: Zone): void;
  /** The zone of a file is no more: see LiveZones.drop. This thread's own zones have it already. */
  dropZone(apex: Name): void;
  /** A node of Consul's catalog has come, has moved or has gone. */
  consulNodeChanged(node: ConsulNode): void;
  /** The view's revision, which is the zones' serial, has moved without a change of an instance or a zone. */
  touched(): void;
  /** For TLS handshakes from now on. */
  renewCertificate(pair: KeyPair): void;
  /** The registry has its state. Until then all answers are SERVFAIL. */
  ready(): void;
  /** Every answer shows all changes. */
  readonly isApplied: boolean;
  /** Resolves when every answer shows all changes before the call. Never rejects. */
  applied(): Promise<void>;
  /**
   * Until when answers with this instance may be cached, of all threads: right for good once it is in no new answer, and
   * that is applied. Never rejects.
   */
  answersHeld(instance: AnsweredInstance): Promise<AnswersHeld>;
  /** What would be answered, and why: all changes before the call are in it. Undefined: no thread answers at present. */
  explain(name: string, type: string): Promise<Explained | undefined>;
  /**
   * The reply to a request that came some other way than over these sockets, as a TCP client would get it: for DoH. All
   * changes before the call are in it. Undefined: none is due, or no thread answers at present. Never rejects.
   */
  answer(bytes: Uint8Array, peer: Client): Promise<Uint8Array | undefined>;
  /** Answers what has arrived, then closes. */
  close(): Promise<void>;
}
