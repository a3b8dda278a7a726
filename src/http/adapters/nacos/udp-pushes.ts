// Pushes to clients of Nacos 1.x: a client that lists a service and names a UDP port gets the new list as a datagram at each
// change, and acknowledges it. Its list carries the clusters that it asked with, since clients keep their lists by them.
// A subscription lasts until the client has not listed for `subscribedMs`. A push that is not acknowledged is repeated once, and
// the subscription ends then: the next list begins it again.
// Datagrams go to the address that the call came from (behind a trusted proxy, the one that it names), and never to one that
// a parameter names: that would let any client send datagrams to hosts that only the server reaches.
// Limits: `subscribersMax`, `clustersOctetsMax`; a list that is over a datagram is not pushed, and clients ask again after 10 s.

import { createSocket, type Socket } from 'node:dgram';
import { isIPv4 } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Control } from '../../../control/control.ts';
import { type Scheduler, systemScheduler } from '../../../runtime/scheduler.ts';
import { cacheMs, type ServiceInfos } from './service-info.ts';
import { clustersOctetsMax, type NacosService } from './service-name.ts';
import { Topics } from './topics.ts';

/** Each takes 500 octets. */
const subscribersMax = 20_000;
/** Clients list every 10 s. */
const subscribedMs = cacheMs + 5000;
const ackMs = 10_000;
const checkMs = 1000;
/** Above it the original compresses, and so do we. */
const plainOctetsMax = 1024;
/** What one datagram of IPv4 holds. */
const datagramOctetsMax = 65_507;

export interface UdpSubscription {
  /** Where its call came from. */
  readonly seenAt: string;
  readonly port: number;
  readonly clusters: string;
}

interface Subscriber {
  readonly name: NacosService;
  readonly clusters: string;
  readonly address: string;
  readonly port: number;
  untilMs: number;
  pending: Push | undefined;
}

interface Push {
  readonly id: number;
  readonly datagram: Buffer;
  sentMs: number;
  isRepeated: boolean;
}

export interface UdpPushesDeps {
  readonly control: Pick<Control, 'view' | 'pushes' | 'visible'>;
  readonly infos: ServiceInfos;
  readonly scheduler?: Scheduler;
}

export class UdpPushes {
  readonly #deps: Required<UdpPushesDeps>;
  readonly #topics: Topics<Subscriber>;
  readonly #pending = new Map<number, Subscriber>();
  readonly #sockets = new Map<4 | 6, Socket>();
  #lastId = Date.now() * 1000;
  #endCheck: (() => void) | undefined;
  #isClosed = false;

  constructor(deps: UdpPushesDeps) {
    this.#deps = { scheduler: systemScheduler, ...deps };
    this.#topics = new Topics(deps.control, (subscribers) => this.#changed(subscribers));
  }

  get subscribers(): number {
    return this.#topics.size;
  }

  /** Pushes that wait for their acknowledgement. */
  get unacknowledged(): number {
    return this.#pending.size;
  }

  subscribe(name: NacosService, given: UdpSubscription): void {
    const { clusters, port, seenAt } = given;
    if (this.#isClosed || Buffer.byteLength(clusters) > clustersOctetsMax) return;
    const address = seenAt.startsWith(mapped) ? seenAt.slice(mapped.length) : seenAt;
    const key = `${name.grouped} ${clusters} ${address} ${port}`;
    const untilMs = this.#deps.scheduler.nowMs() + subscribedMs;
    const known = this.#topics.get(name, key);
    if (known !== undefined) {
      known.untilMs = untilMs;
      return;
    }
    if (this.#topics.size >= subscribersMax) return;
    this.#topics.add(name, key, { name, clusters, address, port, untilMs, pending: undefined });
    this.#check();
  }

  close(): void {
    this.#isClosed = true;
    this.#endCheck?.();
    this.#topics.close();
    this.#pending.clear();
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }

  #changed(subscribers: Iterable<Subscriber>): void {
    const texts = new Map<string, string>();
    for (const subscriber of subscribers) {
      const { name, clusters } = subscriber;
      const form = `${name.grouped} ${clusters}`;
      const text = texts.get(form) ?? this.#deps.infos.text(name, { clusters, isHealthyOnly: false }, 'http');
      texts.set(form, text);
      this.#push(subscriber, text);
    }
  }

  #push(subscriber: Subscriber, data: string): void {
    if (subscriber.pending !== undefined) this.#pending.delete(subscriber.pending.id);
    // Clients that read it as a double get it back as it was.
    const id = ++this.#lastId;
    const plain = Buffer.from(JSON.stringify({ type: 'dom', data, lastRefTime: id }));
    const datagram = plain.length > plainOctetsMax ? gzipSync(plain) : plain;
    if (datagram.length > datagramOctetsMax) return;
    subscriber.pending = { id, datagram, sentMs: this.#deps.scheduler.nowMs(), isRepeated: false };
    this.#pending.set(id, subscriber);
    this.#send(subscriber, datagram);
  }

  #send({ address, port }: Subscriber, datagram: Buffer): void {
    // What cannot be sent is as good as lost, and repeated.
    this.#socketFor(isIPv4(address) ? 4 : 6).send(datagram, port, address, () => {});
  }

  #socketFor(family: 4 | 6): Socket {
    const open = this.#sockets.get(family);
    if (open !== undefined) return open;
    const socket = createSocket(family === 4 ? 'udp4' : 'udp6');
    socket.on('error', () => {
      if (this.#sockets.get(family) === socket) this.#sockets.delete(family);
      socket.close();
    });
    socket.on('message', (datagram) => this.#acknowledged(datagram));
    socket.unref();
    this.#sockets.set(family, socket);
    return socket;
  }

  #acknowledged(datagram: Buffer): void {
    // `{"type":"push-ack","lastRefTime":…,"data":""}`: Java writes the number as a text.
    const id = Number(/"lastRefTime"\s*:\s*"?(\d{1,16})\b/.exec(datagram.toString('latin1', 0, 200))?.[1]);
    const subscriber = this.#pending.get(id);
    if (subscriber === undefined) return;
    this.#pending.delete(id);
    subscriber.pending = undefined;
  }

  /** While there is a subscriber. */
  #check(): void {
    if (this.#topics.size === 0 || this.#endCheck !== undefined) return;
    this.#endCheck = this.#deps.scheduler.after(checkMs, () => {
      this.#endCheck = undefined;
      this.#sweep();
      this.#check();
    });
  }

  #sweep(): void {
    const nowMs = this.#deps.scheduler.nowMs();
    this.#topics.deleteWhere((subscriber) => {
      const isOver = this.#isOver(subscriber, nowMs);
      if (isOver && subscriber.pending !== undefined) this.#pending.delete(subscriber.pending.id);
      return isOver;
    });
  }

  /** Also repeats what was not acknowledged. */
  #isOver(subscriber: Subscriber, nowMs: number): boolean {
    if (subscriber.untilMs <= nowMs) return true;
    const { pending } = subscriber;
    if (pending === undefined || nowMs - pending.sentMs < ackMs) return false;
    if (pending.isRepeated) return true;
    pending.isRepeated = true;
    pending.sentMs = nowMs;
    this.#send(subscriber, pending.datagram);
    return false;
  }
}

/** IPv4 on a socket of IPv6. */
const mapped = '::ffff:';
