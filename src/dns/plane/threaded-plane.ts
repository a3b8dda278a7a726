// The data plane in threads, seen from the main thread: one order of messages for all of them. Updates of one turn of the
// event loop go in one message (instance-feed.ts); a wait for `applied` waits for that turn.
// A thread that ends by itself has met a bug of ours or has run out of memory. Another one is started with the state
// of now and listens when it has it; meanwhile the others answer. So often in so short a time and no more: then the
// plane is given up, which ends the process, because a service that is restarted is better than one that is half there.
// Limits: restartsMax.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AnsweredInstance, AnswersHeld } from '../../model/answers-held.ts';
import type { Change } from '../../model/change.ts';
import type { ConsulNode } from '../../model/consul-node.ts';
import type { Explained } from '../../model/explanation.ts';
import type { Listen, ListenFailure } from '../../model/listen.ts';
import type { DrainQueries } from '../../model/query-sample.ts';
import { SharedMemory } from '../../runtime/packed/shared-memory.ts';
import type { Name } from '../message/name.ts';
import { DnsCounters } from '../server/counters.ts';
import { OutstandingAnswers } from '../server/outstanding-answers.ts';
import { listenDns } from '../transport/server.ts';
import type { KeyPair } from '../transport/tls.ts';
import { type SharedZone, sharedZoneOf } from '../zone/shared-zone.ts';
import type { Zone } from '../zone/zone.ts';
import { AppliedNumbers } from './applied-numbers.ts';
import { CounterSum } from './counter-sum.ts';
import { DnsThread } from './dns-thread.ts';
import { InstanceFeed } from './instance-feed.ts';
import { openLocalPlane } from './local-plane.ts';
import type { Plane, PlaneOptions } from './plane.ts';
import { QueryDrains } from './query-drains.ts';
import type { Client, Listening, MessageContent, ThreadCalls, ThreadStart } from './thread-message.ts';
import type { ReplicaInstance } from './update.ts';
import { Watchdog } from './watchdog.ts';

const restartsMax = 3;
const restartsWithinMs = 600_000;

/** Opens all sockets; not a query is answered with data before `ready`. Without threads: in this one. */
export function openPlane(options: PlaneOptions): Promise<Plane | ListenFailure> {
  return options.threads === 0 ? openLocalPlane(options) : openThreadedPlane(options);
}

async function openThreadedPlane(options: PlaneOptions): Promise<Plane | ListenFailure> {
  // SO_REUSEPORT would let two servers of one user share the port: so first it has to be ours alone.
  const silent = { handler: () => undefined, counters: new DnsCounters(), tcp: options.tcp };
  const probe = await listenDns(options.listens, silent);
  if ('failed' in probe) return probe;
  await probe.close();
  const plane = new ThreadedPlane(options, probe.wanted);
  const failure = await plane.open();
  if (failure === undefined) return plane;
  await plane.close();
  return failure;
}

class ThreadedPlane implements Plane {
  readonly #options: PlaneOptions;
  /** With the ports that all threads share. */
  readonly #wanted: readonly Listen[];
  listens: readonly Listen[] = [];
  tlsListens: readonly Listen[] = [];
  /** Those that take datagrams. */
  readonly threads: number;
  /** All of them: after those there is one for TLS, if that is wanted. */
  readonly #slots: number;
  /** What that one listens with. */
  #tls: PlaneOptions['tls'];
  readonly counters: CounterSum;
  transport: Listening['transport'] = 'dgram';
  unavailable: string | undefined;
  readonly #applied: AppliedNumbers;
  readonly #counterMemory: readonly SharedArrayBuffer[];
  readonly #queries: QueryDrains;
  readonly #watchdog: Watchdog;
  readonly #pages = new SharedMemory();
  readonly #zones = new Map<Name, { readonly zone: Zone; readonly shared: SharedZone }>();
  /** By slot; undefined: it has ended. */
  readonly #threads: (DnsThread | undefined)[] = [];
  readonly #starting = new Set<Promise<unknown>>();
  readonly #instances = new InstanceFeed({
    post: (content) => {
      this.#post(content);
      return this.#posted;
    },
    isRead: (sequence) => this.#applied.isRead(sequence),
    whySuspect: (leased) => this.#options.view.whySuspect?.(leased) ?? '',
    retiredMax: () => this.#options.retiredRowsMax,
  });
  readonly #consulNodes = new Map<string, ConsulNode>();
  #posted = 0;
  #isOpen = false;
  #isReady = false;
  #isClosing = false;
  /** Asked to end, since it does not keep up. */
  #ending: DnsThread | undefined;
  /** When threads were started anew, by this thread's clock. */
  #restartedMs: number[] = [];

  constructor(options: PlaneOptions, wanted: readonly Listen[]) {
    const { threads, fileZones, tls } = options;
    const slots = threads + (tls === undefined ? 0 : 1);
    this.#options = options;
    this.#wanted = wanted;
    this.threads = threads;
    this.#slots = slots;
    this.#tls = tls;
    this.#applied = new AppliedNumbers(slots);
    const end = (slot: number) => this.#threads[slot]?.terminate();
    this.#watchdog = new Watchdog({
      threads: slots,
      has: (slot, sequence) => this.#applied.has(slot, sequence),
      at: (slot) => this.#applied.at(slot),
      end,
    });
    this.#counterMemory = Array.from({ length: slots }, () => new SharedArrayBuffer(DnsCounters.octets));
    this.counters = new CounterSum(this.#counterMemory.map((memory) => new DnsCounters(memory)));
    this.#queries = new QueryDrains(slots, options.queryDetail);
    for (const zone of fileZones) this.#zones.set(zone.apex, { zone, shared: sharedZoneOf(zone, this.#pages) });
  }

  /** Starts all threads; answers with the first failure. */
  async open(): Promise<ListenFailure | undefined> {
    const opened = await Promise.all(Array.from({ length: this.#slots }, (_, slot) => this.#start(slot)));
    for (const [slot, one] of opened.entries()) {
      if ('failed' in one) return one;
      if (slot === this.threads) {
        this.tlsListens = one.listens;
        continue;
      }
      this.listens = one.listens;
      this.transport = one.transport;
      this.unavailable = one.unavailable;
    }
    this.#isOpen = true;
    return undefined;
  }

  readonly drainQueries: DrainQueries = (sink) => this.#queries.drain(sink);

  get hasManyQueries(): boolean {
    return this.#queries.isFilling;
  }

  get zoneCount(): number {
    return this.counters.zones;
  }

  apply(change: Change): void {
    this.#instances.apply(change);
    if (this.#instances.isOverdue) this.#endSlowest();
  }

  updateLease(leased: ReplicaInstance): void {
    this.#instances.updateLease(leased);
  }

  endLeases(ended: readonly ReplicaInstance[], revision: number): void {
    this.#instances.endLeases(ended, revision);
  }

  serveZone(zone: Zone): void {
    this.#instances.flush();
    const shared = sharedZoneOf(zone, this.#pages);
    const old = this.#zones.get(zone.apex)?.zone;
    this.#zones.set(zone.apex, { zone, shared });
    this.#post({ kind: 'zone', shared, revision: this.#options.view.revision });
    if (old !== undefined) void this.#release(old);
  }

  dropZone(apex: Name): void {
    this.#instances.flush();
    const old = this.#zones.get(apex)?.zone;
    this.#zones.delete(apex);
    this.#post({ kind: 'dropZone', apex, revision: this.#options.view.revision });
    if (old !== undefined) void this.#release(old);
  }

  consulNodeChanged(node: ConsulNode): void {
    this.#instances.flush();
    if (node.addresses === undefined) this.#consulNodes.delete(node.name);
    else this.#consulNodes.set(node.name, node);
    this.#post({ kind: 'consulNode', node, revision: this.#options.view.revision });
  }

  touched(): void {
    this.#instances.flush();
    this.#post({ kind: 'revision', revision: this.#options.view.revision });
  }

  renewCertificate(pair: KeyPair): void {
    if (this.#tls === undefined) return;
    this.#tls = { ...this.#tls, pair };
    this.#post({ kind: 'renew', pair });
  }

  ready(): void {
    this.#isReady = true;
    this.#instances.flush();
    this.#post({ kind: 'ready' });
  }

  get isApplied(): boolean {
    return this.#instances.isEmpty && this.#applied.isReached(this.#posted);
  }

  applied(): Promise<void> {
    const sequence = this.#instances.isEmpty ? this.#posted : (this.#posted + 1) | 0;
    if (!this.#isClosing) this.#watchdog.expect(sequence);
    return this.#applied.reached(sequence);
  }

  async answersHeld({ env, appid, instance, dnsTtl }: AnsweredInstance): Promise<AnswersHeld> {
    this.#instances.flush();
    this.#posted = (this.#posted + 1) | 0;
    const sequence = this.#posted;
    const key = { env, appid, instance, dnsTtl };
    // One that does not listen yet has served nothing, and knows of this change by the time when it does.
    const asked = this.#threads.map(async (thread, slot) =>
      this.#applied.isCounted(slot) ? thread?.ask(sequence, 'answersHeld', key) : undefined,
    );
    this.#watchdog.expect(sequence);
    const replies = await Promise.all(asked);
    const nowMs = this.#options.clock.monotonicMs();
    // What a thread knew that has ended, or had the place of one that does not listen yet: as with a process that has
    // ended, it served everything at its end.
    return latest(replies.map((one) => one?.value ?? new OutstandingAnswers(nowMs).of(key, nowMs)));
  }

  explain(name: string, type: string): Promise<Explained | undefined> {
    return this.#askOne('explain', name, type);
  }

  answer(bytes: Uint8Array, { transport, address }: Client): Promise<Uint8Array | undefined> {
    return this.#askOne('answer', bytes, { transport, address });
  }

  /** One thread replies; another one where it ends meanwhile. One that does not know all instances yet is not asked. */
  async #askOne<Name extends 'explain' | 'answer'>(
    name: Name,
    ...args: Parameters<ThreadCalls[Name]>
  ): Promise<Awaited<ReturnType<ThreadCalls[Name]>> | undefined> {
    // The last first: that is the one for TLS, if there is one, which has no datagrams to answer.
    for (let slot = this.#slots - 1; slot >= 0; slot--) {
      const thread = this.#threads[slot];
      if (thread === undefined || !this.#applied.isCounted(slot)) continue;
      this.#instances.flush();
      this.#posted = (this.#posted + 1) | 0;
      const asked = thread.ask(this.#posted, name, ...args);
      // All threads get every number: a wait for it is for all of them.
      for (const other of this.#threads) if (other !== thread) other?.post({ kind: 'barrier', sequence: this.#posted });
      this.#watchdog.expect(this.#posted);
      const reply = await asked;
      if (reply !== undefined) return reply.value;
    }
    return undefined;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#instances.flush();
    this.#post({ kind: 'close' });
    this.#watchdog.stop();
    await Promise.all([...this.#starting, ...this.#threads.map((thread) => thread?.ended)]);
  }

  /** It does not follow: the rows that it may still read would be more and more. Another one begins with the state of now. */
  #endSlowest(): void {
    const { slowest } = this.#applied;
    const thread = slowest === undefined ? undefined : this.#threads[slowest];
    if (thread === this.#ending) return;
    this.#ending = thread;
    thread?.terminate();
  }

  #post(content: MessageContent): void {
    this.#posted = (this.#posted + 1) | 0;
    for (const thread of this.#threads) thread?.post({ ...content, sequence: this.#posted });
  }

  /** Once no thread reads the zone any more, its memory can be that of another. */
  async #release({ records }: Zone): Promise<void> {
    await Promise.all([this.applied(), ...this.#starting]);
    records.table.move(this.#pages.releasing);
  }

  #start(slot: number): Promise<Listening | ListenFailure> {
    const starting = this.#startThread(slot).finally(() => this.#starting.delete(settled));
    const settled = starting.catch(() => {});
    this.#starting.add(settled);
    return starting;
  }

  async #startThread(slot: number): Promise<Listening | ListenFailure> {
    // What is sent from now on reaches it too.
    this.#instances.flush();
    const { onFault, delegated, view, takeWorker } = this.#options;
    const { startThread = (start, hooks) => new DnsThread(start, hooks, takeWorker?.()) } = this.#options;
    this.#applied.begin(slot, this.#posted);
    const thread: DnsThread = startThread(this.#startOf(slot), {
      onFault: (error, question) => onFault(error, question),
      main: { answer: async (bytes, peer) => delegated?.answer(bytes, peer) },
      reply: (reply) => thread.post({ kind: 'reply', reply, sequence: this.#posted }),
    });
    this.#threads[slot] = thread;
    void thread.ended.then((error) => this.#ended(slot, error));
    // Changes that come in between overtake none of them.
    for (const content of this.#instances.all(this.#options.allInstances(), () => view.revision)) {
      thread.post({ ...content, sequence: this.#posted });
      await nextTurn();
    }
    // It is not waited for until it has started and caught up; what is sent from then on is little.
    thread.post({ kind: 'reach', sequence: this.#posted });
    await thread.reached;
    if (this.#isClosing || this.#threads[slot] !== thread) return thread.listening;
    this.#applied.count(slot);
    thread.post({ ...this.#listenOf(slot), sequence: this.#posted });
    return thread.listening;
  }

  #listenOf(slot: number): MessageContent {
    if (slot < this.threads || this.#tls === undefined) return { kind: 'listen', listens: this.#wanted };
    const { listens, pair } = this.#tls;
    // Again where it was, once it has been.
    return { kind: 'listen', listens: this.tlsListens.length > 0 ? this.tlsListens : listens, pair };
  }

  #startOf(slot: number): ThreadStart {
    const { origin, negativeTtlSeconds, nameServer, hosts, identity, transport, view, tcp, cacheOctetsMax } =
      this.#options;
    const { access, responseRates, unprovenOctetsMax, consul } = this.#options;
    const share = (limit: number) => Math.ceil(limit / this.#slots);
    return {
      slot,
      applied: this.#applied.memory,
      clock: this.#options.clockMemory,
      counters: this.#counterMemory[slot] as SharedArrayBuffer,
      queries: this.#queries.counts[slot],
      revision: view.revision,
      table: this.#instances.memory,
      isReady: this.#isReady,
      delegated: this.#options.delegated?.opcodes ?? [],
      zones: Array.from(this.#zones.values(), ({ shared }) => shared),
      consulNodes: [...this.#consulNodes.values()],
      origin,
      negativeTtlSeconds,
      nameServer,
      hosts,
      consul,
      identity,
      access,
      responseRates,
      unprovenOctetsMax,
      transport,
      cacheOctetsMax: share(cacheOctetsMax),
      tcp: {
        idleMs: tcp.idleMs,
        connectionsMax: share(tcp.connectionsMax),
        connectionsPerClientMax: share(tcp.connectionsPerClientMax),
      },
    };
  }

  #ended(slot: number, error: unknown): void {
    this.#threads[slot] = undefined;
    this.#applied.discount(slot);
    new DnsCounters(this.#counterMemory[slot]).tcpConnections = 0;
    if (this.#isClosing || !this.#isOpen) return;
    this.#options.onThreadEnd(error);
    void this.#startAgain(slot, error);
  }

  async #startAgain(slot: number, error: unknown): Promise<void> {
    const nowMs = performance.now();
    this.#restartedMs = [...this.#restartedMs.filter((atMs) => atMs > nowMs - restartsWithinMs), nowMs];
    if (this.#restartedMs.length > restartsMax) {
      const often = `DNS threads ended ${restartsMax + 1} times in ${restartsWithinMs / 1000} s`;
      this.#options.onLost(new Error(often, { cause: error }));
      return;
    }
    // One that ends before it listens has been heard of by then.
    const outcome = await this.#start(slot).catch(() => undefined);
    if (outcome !== undefined && 'failed' in outcome) this.#options.onLost(outcome.error);
  }
}

function latest(all: readonly AnswersHeld[]): AnswersHeld {
  const served = all.map(({ lastServedMs }) => lastServedMs).filter((ms) => ms !== undefined);
  return {
    lastServedMs: served.length === 0 ? undefined : Math.max(...served),
    heldUntilMs: Math.max(...all.map(({ heldUntilMs }) => heldUntilMs)),
  };
}
