// The data plane in threads, seen from the main thread: one order of postings for all of them. Rows of one turn of the
// event loop go in one posting, since a posting costs what ten rows do; whoever waits for `applied` waits for that turn.
// A thread that ends by itself has met a bug of ours or has run out of memory. Another one is started with the state
// of now and listens when it has it; meanwhile the others answer. So often in so short a time and no more: then the
// plane is given up, which ends the process, because a service that is restarted is better than one that is half there.
// Limits: rowsPerPosting, restartsMax.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Change } from '../../model/change.ts';
import { SharedMemory } from '../../runtime/packed/shared-memory.ts';
import type { Name } from '../message/name.ts';
import { DnsCounters } from '../server/counters.ts';
import type { Explained } from '../server/explain.ts';
import { type HandedOut, type HeldInstance, OutstandingAnswers } from '../server/outstanding-answers.ts';
import type { Listen, ListenFailure } from '../transport/listen.ts';
import { listenDns } from '../transport/server.ts';
import { type SharedZone, sharedZoneOf } from '../zone/shared-zone.ts';
import type { Zone } from '../zone/zone.ts';
import { AppliedNumbers } from './applied-numbers.ts';
import { CounterSum } from './counter-sum.ts';
import { DnsThread } from './dns-thread.ts';
import type { Plane, PlaneOptions } from './plane.ts';
import { RowBatch } from './row-batch.ts';
import type { Content, Listening, ThreadStart } from './thread-message.ts';
import { markRow, openInstance, putRow, type ReplicaInstance, removeRow } from './update.ts';
import { Watchdog } from './watchdog.ts';

/** Applied in about a millisecond: queries wait no longer behind one. */
const rowsPerPosting = 128;
/** While the state is read back, and all answers are SERVFAIL: fewer postings, each a wake-up, and none of 20 ms. */
const rowsPerPostingBefore = 1024;
const restartsMax = 3;
const restartsWithinMs = 600_000;

export async function openThreadedPlane(options: PlaneOptions): Promise<Plane | ListenFailure> {
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
  readonly threads: number;
  readonly counters: CounterSum;
  transport: Listening['transport'] = 'dgram';
  unavailable: string | undefined;
  readonly #applied: AppliedNumbers;
  readonly #counterMemory: readonly SharedArrayBuffer[];
  readonly #watchdog: Watchdog;
  readonly #pages = new SharedMemory();
  readonly #zones = new Map<Name, { readonly zone: Zone; readonly parcel: SharedZone }>();
  /** By slot; undefined: it has ended. */
  readonly #threads: (DnsThread | undefined)[] = [];
  readonly #starting = new Set<Promise<unknown>>();
  readonly #rows = new RowBatch(
    (rows) => this.#post({ kind: 'updates', rows }),
    () => (this.#isReady ? rowsPerPosting : rowsPerPostingBefore),
  );
  #posted = 0;
  #isOpen = false;
  #isReady = false;
  #isClosing = false;
  /** When threads were started anew, by this thread's clock. */
  #restartedMs: number[] = [];

  constructor(options: PlaneOptions, wanted: readonly Listen[]) {
    const { threads, fileZones } = options;
    this.#options = options;
    this.#wanted = wanted;
    this.threads = threads;
    this.#applied = new AppliedNumbers(threads);
    const end = (slot: number) => this.#threads[slot]?.terminate();
    this.#watchdog = new Watchdog({
      threads,
      has: (slot, sequence) => this.#applied.has(slot, sequence),
      at: (slot) => this.#applied.at(slot),
      end,
    });
    this.#counterMemory = Array.from({ length: threads }, () => new SharedArrayBuffer(DnsCounters.octets));
    this.counters = new CounterSum(this.#counterMemory.map((memory) => new DnsCounters(memory)));
    for (const zone of fileZones) this.#zones.set(zone.apex, { zone, parcel: sharedZoneOf(zone, this.#pages) });
  }

  /** Starts all threads; answers with the first failure. */
  async open(): Promise<ListenFailure | undefined> {
    const opened = await Promise.all(Array.from({ length: this.threads }, (_, slot) => this.#start(slot)));
    for (const one of opened) {
      if ('failed' in one) return one;
      this.listens = one.listens;
      this.transport = one.transport;
      this.unavailable = one.unavailable;
    }
    this.#isOpen = true;
    return undefined;
  }

  get zoneCount(): number {
    return this.counters.zones;
  }

  apply({ revision, before, after }: Change): void {
    if (after === undefined) this.#rows.push(removeRow(before, revision));
    else {
      const told = this.#options.view.find(after) as ReplicaInstance;
      this.#rows.put(told, revision, this.#whySuspect(told));
    }
  }

  mark(told: ReplicaInstance): void {
    this.#rows.push(markRow(told, this.#whySuspect(told)));
  }

  serveZone(zone: Zone): void {
    this.#rows.flush();
    const parcel = sharedZoneOf(zone, this.#pages);
    const old = this.#zones.get(zone.apex)?.zone;
    this.#zones.set(zone.apex, { zone, parcel });
    this.#post({ kind: 'zone', parcel, revision: this.#options.view.revision });
    if (old !== undefined) void this.#release(old);
  }

  ready(): void {
    this.#isReady = true;
    this.#rows.flush();
    this.#post({ kind: 'ready' });
  }

  get isApplied(): boolean {
    return this.#rows.isEmpty && this.#applied.isReached(this.#posted);
  }

  applied(): Promise<void> {
    const sequence = this.#rows.isEmpty ? this.#posted : (this.#posted + 1) | 0;
    if (!this.#isClosing) this.#watchdog.expect(sequence);
    return this.#applied.reached(sequence);
  }

  async handedOut({ env, appid, instance, dnsTtl }: HeldInstance): Promise<HandedOut> {
    this.#rows.flush();
    this.#posted = (this.#posted + 1) | 0;
    const sequence = this.#posted;
    const key = { env, appid, instance, dnsTtl };
    // One that does not listen yet has handed out nothing, and knows of this change by the time when it does.
    const asked = this.#threads.map(async (thread, slot) =>
      this.#applied.isCounted(slot) ? thread?.ask({ kind: 'handedOut', instance: key, sequence }) : undefined,
    );
    this.#watchdog.expect(sequence);
    const told = await Promise.all(asked);
    const nowMs = this.#options.clock.monotonicMs();
    // What a thread knew that has ended, or had the place of one that does not listen yet: as with a process that has
    // ended, it handed out everything at its end.
    return latest(told.map((one) => one ?? new OutstandingAnswers(nowMs).of(key, nowMs)));
  }

  /** One thread says it; another one where it ends meanwhile. One that does not know everybody yet is not asked. */
  async explain(name: string, type: string): Promise<Explained | undefined> {
    for (const [slot, thread] of this.#threads.entries()) {
      if (thread === undefined || !this.#applied.isCounted(slot)) continue;
      this.#rows.flush();
      this.#posted = (this.#posted + 1) | 0;
      const asked = thread.ask({ kind: 'explain', name, type, sequence: this.#posted });
      // All threads get every number: whoever waits for it waits for all of them.
      for (const other of this.#threads) if (other !== thread) other?.post({ kind: 'nothing', sequence: this.#posted });
      this.#watchdog.expect(this.#posted);
      const told = await asked;
      if (told !== undefined) return told;
    }
    return undefined;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#rows.flush();
    this.#post({ kind: 'close' });
    this.#watchdog.stop();
    await Promise.all([...this.#starting, ...this.#threads.map((thread) => thread?.ended)]);
  }

  #whySuspect(told: ReplicaInstance): string {
    return told.isSuspect ? (this.#options.view.whySuspect?.(told) ?? '') : '';
  }

  #post(content: Content): void {
    this.#posted = (this.#posted + 1) | 0;
    for (const thread of this.#threads) thread?.post({ ...content, sequence: this.#posted });
  }

  /** Once nobody reads the zone any more, its memory can be that of another. */
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
    // What is told from now on reaches it too.
    this.#rows.flush();
    const { onFault, startThread = (start, hear) => new DnsThread(start, hear) } = this.#options;
    const thread = startThread(this.#startOf(slot), (error, question) => onFault(error, question));
    this.#threads[slot] = thread;
    void thread.ended.then((error) => this.#ended(slot, error));
    await this.#tellEverybody(thread);
    // Nobody waits for it until it has started and caught up; what is told from then on is little.
    thread.post({ kind: 'reach', sequence: this.#posted });
    await thread.reached;
    if (this.#isClosing || this.#threads[slot] !== thread) return thread.listening;
    this.#applied.count(slot);
    thread.post({ kind: 'listen', listens: this.#wanted, sequence: this.#posted });
    return thread.listening;
  }

  #startOf(slot: number): ThreadStart {
    const { origin, negativeTtlSeconds, nameServer, hosts, identity, transport, view, tcp, cacheOctetsMax } =
      this.#options;
    const share = (limit: number) => Math.ceil(limit / this.threads);
    return {
      slot,
      applied: this.#applied.memory,
      clock: this.#options.clockMemory,
      counters: this.#counterMemory[slot] as SharedArrayBuffer,
      revision: view.revision,
      isReady: this.#isReady,
      zones: Array.from(this.#zones.values(), ({ parcel }) => parcel),
      origin,
      negativeTtlSeconds,
      nameServer,
      hosts,
      identity,
      transport,
      cacheOctetsMax: share(cacheOctetsMax),
      tcp: {
        idleMs: tcp.idleMs,
        connectionsMax: share(tcp.connectionsMax),
        connectionsPerClientMax: share(tcp.connectionsPerClientMax),
      },
    };
  }

  /** All instances as they are now, in slices; changes that come in between overtake none of them. */
  async #tellEverybody(thread: DnsThread): Promise<void> {
    const { allInstances, view } = this.#options;
    let rows: unknown[] = [];
    let before: ReturnType<typeof openInstance>;
    for (const told of allInstances()) {
      rows.push(putRow(told, view.revision, this.#whySuspect(told), before));
      before = openInstance(told);
      if (rows.length < rowsPerPosting) continue;
      thread.post({ kind: 'updates', rows: JSON.stringify(rows), sequence: this.#posted });
      rows = [];
      before = undefined;
      await nextTurn();
      this.#rows.flush();
    }
    thread.post({ kind: 'updates', rows: JSON.stringify(rows), sequence: this.#posted });
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

function latest(all: readonly HandedOut[]): HandedOut {
  const served = all.map(({ lastServedMs }) => lastServedMs).filter((ms) => ms !== undefined);
  return {
    lastServedMs: served.length === 0 ? undefined : Math.max(...served),
    heldUntilMs: Math.max(...all.map(({ heldUntilMs }) => heldUntilMs)),
  };
}
