// One DNS thread without the thread: a replica of the registry, the zones over it, the handler and its sockets, told
// what to do by postings. It is the main thread's DNS side once more, with the replica in the registry's place.

import { sharedClock } from '../../runtime/shared-clock.ts';
import { Draws } from '../message/rotation.ts';
import { DnsCounters } from '../server/counters.ts';
import { explain } from '../server/explain.ts';
import { createHandler, type Handler } from '../server/handler.ts';
import { OutstandingAnswers } from '../server/outstanding-answers.ts';
import { LiveZones } from '../services/live-zones.ts';
import { openBatchedUdp } from '../transport/batched/batched-udp.ts';
import type { Listen } from '../transport/listen.ts';
import { type DnsServer, listenDns } from '../transport/server.ts';
import { dgramUdp } from '../transport/udp.ts';
import { zoneOfShared } from '../zone/shared-zone.ts';
import { ZoneTable } from '../zone/zone-table.ts';
import { tellApplied } from './applied-numbers.ts';
import { Replica, type ReplicaListener } from './replica.ts';
import type { Report, ThreadMessage, ThreadStart, Told } from './thread-message.ts';
import { readUpdates } from './update.ts';

/** One bug may be met by every query: so many reports a second say enough. */
const faultsPerSecondMax = 10;

export class PlaneThread {
  readonly #start: ThreadStart;
  readonly #report: (report: Report) => void;
  readonly #isBusy: () => boolean;
  readonly #replica: Replica;
  readonly #zones = new ZoneTable();
  readonly #live: LiveZones;
  readonly #counters: DnsCounters;
  readonly #handouts: OutstandingAnswers;
  readonly #monotonicMs: () => number;
  /** Of the replica. */
  readonly #listener: ReplicaListener;
  readonly handler: Handler;
  #isReady: boolean;
  #opening: Promise<DnsServer | undefined> = Promise.resolve(undefined);
  #faultSecond = 0;
  #faults = 0;

  /** `isBusy`: postings wait for their turn. `monotonicMs`: the lease clock. */
  constructor(
    start: ThreadStart,
    report: (report: Report) => void,
    isBusy: () => boolean,
    monotonicMs = sharedClock(start.clock),
  ) {
    const { origin, negativeTtlSeconds, nameServer, hosts, cacheOctetsMax, identity } = start;
    this.#start = start;
    this.#report = report;
    this.#isBusy = isBusy;
    this.#isReady = start.isReady;
    this.#replica = new Replica(start.revision);
    this.#counters = new DnsCounters(start.counters);
    // Of what the thread had handed out whose place it takes nothing is known, but that it was before.
    this.#handouts = new OutstandingAnswers(monotonicMs());
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
      wallMs: () => Date.now(),
    });
    for (const parcel of start.zones) this.#live.serve(zoneOfShared(parcel));
    this.#live.serveMissing();
    this.#listener = {
      changed: (change) => {
        this.#live.changed(change);
        this.#handouts.changed(change, monotonicMs());
      },
      shortened: (instance) => this.#live.shortened(instance),
    };
    this.handler = createHandler({
      zones,
      counters: this.#counters,
      handouts: this.#handouts,
      cacheOctetsMax,
      identity,
      monotonicMs,
      wallMs: () => Date.now(),
      isReady: () => this.#isReady,
      onFault: (error, question) => this.#fault(error, question),
    });
  }

  /** Does what a posting says; changes of data are in every answer from then on. */
  apply(posting: ThreadMessage): void {
    switch (posting.kind) {
      case 'updates':
        for (const update of readUpdates(posting.rows)) this.#replica.apply(update, this.#listener);
        break;
      case 'zone':
        this.#replica.touch(posting.revision);
        this.#live.serve(zoneOfShared(posting.parcel));
        break;
      case 'ready':
        this.#isReady = true;
        break;
      case 'reach':
        this.#report({ kind: 'reached' });
        break;
      case 'listen':
        this.#opening = this.#listen(posting.listens);
        break;
      case 'handedOut':
        this.#tell(posting.sequence, this.#handouts.of(posting.instance, this.#monotonicMs()));
        break;
      case 'explain':
        this.#tell(posting.sequence, this.#explained(posting.name, posting.type));
        break;
      case 'nothing':
        break;
      case 'close':
        this.#opening = this.#opening.then((server) => this.#close(server));
    }
    this.#counters.zones = this.#zones.size;
    tellApplied(this.#start.applied, this.#start.slot, posting.sequence);
  }

  /** Resolves when all sockets that were asked for are open, or closed again. */
  async settled(): Promise<void> {
    await this.#opening;
  }

  #tell(sequence: number, told: Told): void {
    this.#report({ kind: 'told', sequence, told });
  }

  #explained(name: string, type: string): Told {
    try {
      return explain(name, type, this.#zones, this.#monotonicMs());
    } catch (error) {
      this.#fault(error, `${name} ${type}`);
      return undefined;
    }
  }

  async #listen(listens: readonly Listen[]): Promise<DnsServer | undefined> {
    const { transport, tcp } = this.#start;
    const batched = transport === 'batched' ? await openBatchedUdp() : undefined;
    const unavailable = batched !== undefined && 'unavailable' in batched ? batched.unavailable : undefined;
    const udp = batched === undefined || 'unavailable' in batched ? dgramUdp : batched;
    udp.yieldTo(this.#isBusy);
    const opened = (descriptor: number) => this.#report({ kind: 'opened', descriptor });
    const deps = { handler: this.handler, counters: this.#counters, tcp, udp, reusePort: true, opened };
    const server = await listenDns(listens, deps);
    if ('failed' in server) {
      const { failed, error } = server;
      this.#report({ kind: 'failed', failed, code: error.code, message: error.message });
      return undefined;
    }
    this.#report({ kind: 'listening', listens: server.listens, transport: udp.name, unavailable });
    return server;
  }

  #fault(error: unknown, question: string): void {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#faultSecond) this.#faults = 0;
    this.#faultSecond = second;
    if (++this.#faults <= faultsPerSecondMax) this.#report({ kind: 'fault', error, question });
  }

  async #close(server: DnsServer | undefined): Promise<undefined> {
    if (server === undefined) return;
    this.#report({ kind: 'closing' });
    await server.close();
  }
}
