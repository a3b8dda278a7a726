// One DNS thread without the thread: a replica of the registry, the zones over it, the handler and its sockets, driven
// by messages. The same parts as in the main thread without DNS threads (local-plane.ts), with the replica for the registry.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Listen, ListenFailure } from '../../model/listen.ts';
import { sharedClock } from '../../runtime/shared-clock.ts';
import { answerCall, Calls } from '../../runtime/worker-calls.ts';
import { Draws } from '../message/rotation.ts';
import { answerMessage, requestsOf } from '../server/answer-message.ts';
import { DnsCounters } from '../server/counters.ts';
import { explain, why } from '../server/explain.ts';
import { guardsOf } from '../server/guards.ts';
import { createHandler, type Handler } from '../server/handler.ts';
import { OutstandingAnswers } from '../server/outstanding-answers.ts';
import { QueryTable } from '../server/queries/query-table.ts';
import { LiveZones } from '../services/live-zones.ts';
import { openBatchedUdp } from '../transport/batched/batched-udp.ts';
import { listenDns } from '../transport/server.ts';
import { type KeyPair, listenTls, type TlsServer } from '../transport/tls.ts';
import { dgramUdp } from '../transport/udp.ts';
import { zoneOfShared } from '../zone/shared-zone.ts';
import { ZoneTable } from '../zone/zone-table.ts';
import { storeApplied } from './applied-numbers.ts';
import { InstanceRows } from './instance-rows.ts';
import { Replica } from './replica.ts';
import type { Client, MainCalls, ThreadCalls, ThreadEvent, ThreadMessage, ThreadStart } from './thread-message.ts';
import { stepBack } from './thread-priority.ts';
import { applyUpdates } from './update.ts';

/** One bug may be met by every query: so many reports a second are enough. */
const faultsPerSecondMax = 10;
/** A client that waits longer has asked again. */
const mainReplyMs = 10_000;

interface Closable {
  close(): Promise<void>;
}

export class PlaneThread {
  readonly #start: ThreadStart;
  readonly #report: (report: ThreadEvent) => void;
  readonly #isBusy: () => boolean;
  readonly #rows: InstanceRows;
  readonly #replica: Replica;
  readonly #zones = new ZoneTable();
  readonly #live: LiveZones;
  readonly #counters: DnsCounters;
  readonly #outstanding: OutstandingAnswers;
  readonly #monotonicMs: () => number;
  readonly handler: Handler;
  readonly #main = new Calls<MainCalls>();
  #isReady: boolean;
  #opening: Promise<Closable | undefined> = Promise.resolve(undefined);
  #tls: TlsServer | undefined;
  #pair: KeyPair | undefined;
  #faultSecond = 0;
  #faults = 0;

  /** `isBusy`: messages wait for their turn. `monotonicMs`: the lease clock. */
  constructor(
    start: ThreadStart,
    report: (report: ThreadEvent) => void,
    isBusy: () => boolean,
    monotonicMs = sharedClock(start.clock),
  ) {
    const { origin, negativeTtlSeconds, nameServer, hosts, consul, cacheOctetsMax, identity } = start;
    this.#start = start;
    this.#report = report;
    this.#isBusy = isBusy;
    this.#isReady = start.isReady;
    this.#rows = new InstanceRows(start.table);
    this.#replica = new Replica(start.revision, this.#rows, {
      changed: (change) => {
        this.#live.changed(change);
        this.#outstanding.changed(change, monotonicMs());
      },
      shortened: (instance) => this.#live.shortened(instance),
    });
    this.#counters = new DnsCounters(start.counters);
    // What the thread before it had served is not known, only that it was before.
    this.#outstanding = new OutstandingAnswers(monotonicMs(), (instance) => this.#replica.answeredOf(instance));
    this.#monotonicMs = monotonicMs;
    const zones = this.#zones;
    const draws = new Draws(Math.random());
    const view = this.#replica;
    this.#live = new LiveZones({
      nameServer,
      origin,
      view,
      zones,
      draws,
      negativeTtlSeconds,
      hosts,
      consul,
      wallMs: () => Date.now(),
      why: (name, nowMs) => why(name, zones, nowMs),
    });
    for (const shared of start.zones) this.#live.serve(zoneOfShared(shared));
    this.#live.serveMissing();
    for (const node of start.consulNodes) this.#live.consulNodeChanged(node);
    this.handler = createHandler({
      zones,
      counters: this.#counters,
      outstanding: this.#outstanding,
      cacheOctetsMax,
      identity,
      queries: start.queries && new QueryTable(start.queries),
      ...guardsOf(start, this.#counters),
      requests: requestsOf(start.delegated, (bytes, peer) => this.#askMain(bytes, peer)),
      monotonicMs,
      wallMs: () => Date.now(),
      isReady: () => this.#isReady,
      onFault: (error, question) => this.#fault(error, question),
    });
  }

  /** Applies a message; changes of data are in every answer from then on. */
  apply(message: ThreadMessage): void {
    switch (message.kind) {
      case 'updates':
        for (const page of message.pages) this.#rows.add(page);
        applyUpdates(message, this.#replica);
        break;
      case 'revision':
        this.#replica.touch(message.revision);
        break;
      case 'zone':
        this.#replica.touch(message.revision);
        this.#live.serve(zoneOfShared(message.shared));
        break;
      case 'dropZone':
        this.#replica.touch(message.revision);
        this.#live.drop(message.apex);
        break;
      case 'consulNode':
        this.#replica.touch(message.revision);
        this.#live.consulNodeChanged(message.node);
        break;
      case 'ready':
        this.#isReady = true;
        break;
      case 'reach':
        this.#report({ kind: 'reached' });
        break;
      case 'listen':
        this.#opening =
          message.pair === undefined ? this.#listen(message.listens) : this.#listenTls(message.listens, message.pair);
        break;
      case 'renew':
        this.#pair = message.pair;
        this.#tls?.renew(message.pair);
        break;
      case 'call':
        answerCall(message.call, this.#functions, (reply) => this.#report({ kind: 'reply', reply }));
        break;
      case 'reply':
        this.#main.settle(message.reply);
        break;
      case 'barrier':
        break;
      case 'close':
        this.#opening = this.#opening.then((server) => this.#close(server));
    }
    this.#counters.zones = this.#zones.size;
    storeApplied(this.#start.applied, this.#start.slot, message.sequence);
  }

  /** Resolves when all sockets that were asked for are open, or closed again. */
  async settled(): Promise<void> {
    await this.#opening;
  }

  readonly #functions: ThreadCalls = {
    answersHeld: (instance) => this.#outstanding.of(instance, this.#monotonicMs()),
    explain: (name, type) => {
      try {
        return explain(name, type, this.#zones, this.#monotonicMs());
      } catch (error) {
        this.#fault(error, `${name} ${type}`);
        return undefined;
      }
    },
    answer: (bytes, peer) => answerMessage(this.handler, bytes, peer),
  };

  async *#askMain(bytes: Buffer, peer: Client): AsyncGenerator<Buffer, void, undefined> {
    const { call, result } = this.#main.open('answer', bytes, peer);
    this.#report({ kind: 'call', call });
    const late = new AbortController();
    const timeout = sleep(mainReplyMs, undefined, { signal: late.signal, ref: false }).then(() => {
      throw new Error(`the main thread has not answered within ${mainReplyMs} ms`);
    });
    try {
      const reply = await Promise.race([result, timeout]);
      if (reply !== undefined) yield Buffer.from(reply);
    } finally {
      late.abort();
      timeout.catch(() => {});
    }
  }

  async #listen(listens: readonly Listen[]): Promise<Closable | undefined> {
    const { transport, tcp } = this.#start;
    const batched = transport === 'batched' ? await openBatchedUdp() : undefined;
    const unavailable = batched !== undefined && 'unavailable' in batched ? batched.unavailable : undefined;
    const udp = batched === undefined || 'unavailable' in batched ? dgramUdp : batched;
    udp.yieldTo(this.#isBusy);
    const opened = (descriptor: number) => this.#report({ kind: 'opened', descriptor });
    const deps = { handler: this.handler, counters: this.#counters, tcp, udp, reusePort: true, opened };
    const server = await listenDns(listens, deps);
    if ('failed' in server) return this.#failed(server);
    this.#report({ kind: 'listening', listens: server.listens, transport: udp.name, unavailable });
    return server;
  }

  async #listenTls(listens: readonly Listen[], pair: KeyPair): Promise<Closable | undefined> {
    stepBack();
    this.#pair = pair;
    const deps = { handler: this.handler, counters: this.#counters, tcp: this.#start.tcp, pair };
    const server = await listenTls(listens, deps);
    if ('failed' in server) return this.#failed(server);
    // It may have come meanwhile.
    if (this.#pair !== pair) server.renew(this.#pair);
    this.#tls = server;
    this.#report({ kind: 'listening', listens: server.listens, transport: 'dgram', unavailable: undefined });
    return server;
  }

  #failed({ failed, error }: ListenFailure): undefined {
    this.#report({ kind: 'failed', failed, code: error.code, message: error.message });
  }

  #fault(error: unknown, question: string): void {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#faultSecond) this.#faults = 0;
    this.#faultSecond = second;
    if (++this.#faults <= faultsPerSecondMax) this.#report({ kind: 'fault', error, question });
  }

  async #close(server: Closable | undefined): Promise<undefined> {
    if (server === undefined) return;
    this.#report({ kind: 'closing' });
    await server.close();
  }
}
