// Connections of one listening stream socket that ask one question and end, as those do that were told by TC to come back
// over TCP: each is accepted, read, answered and closed by a call of the system each, without an object of Node's, which
// costs more than all of them. A connection that does anything else goes to the service that answers on all streams
// (tcp-service.ts), with what was read of it: one with a second question, several at once or a part of one, with a reply
// that is to come later or cannot be sent at once, or one that is silent for `briefMs`. So its limits go for all but these few.
// Limits: `briefMax` connections a listener, the oldest goes to the service; where the process has no descriptors left,
// accepting rests for `restMs`.

import { Socket } from 'node:net';
import { tcpOctetsMax } from '../../message/message.ts';
import type { DnsCounters } from '../../server/counters.ts';
import type { Handler } from '../../server/handler.ts';
import { LaterReply, type Peer } from '../../server/peer.ts';
import type { Begun, TcpService } from '../tcp-service.ts';
import { TurnBudget } from '../turn-budget.ts';
import type { BoundSocket } from './bound-socket.ts';
import type { LibC } from './libc.ts';
import {
  AF_INET,
  EAGAIN,
  EINTR,
  EMFILE,
  ENFILE,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  POLLIN,
  pollfd,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  sockaddr,
  sockaddr6,
} from './linux.ts';
import { hostOf } from './socket-address.ts';

export const briefMax = 64;
/** A client on this network has read its reply and closed by then. */
const briefMs = 20;
/** Out of descriptors: they come back when others close theirs. */
const restMs = 100;
const lengthOctets = 2;
/** More than the question of any client. */
const requestOctets = 4096;
/** Bounds closing, as with other streams: so many rounds, however much comes in meanwhile. */
const lastRoundsMax = 64;

/** A place for a connection, used again for others: what is made for each is soon garbage that outlives its collection. */
interface Brief {
  readonly peer: Peer;
  /** Where the client's address is. */
  readonly name: Buffer;
  fd: number;
  /** Its arrival, or that of its question. */
  sinceMs: number;
  isAnswered: boolean;
}

export class BriefStreams {
  readonly #libc: LibC;
  readonly #fd: number;
  readonly #handler: Handler;
  readonly #counters: DnsCounters;
  readonly #service: Pick<TcpService, 'serve'>;
  readonly #budget = new TurnBudget();
  /** The first `#count` hold connections, the longest idle first: the service counts them in the order in which it gets them. */
  readonly #places: Brief[];
  #count = 0;
  /** Of these, the connections that the last `lay` has laid. */
  #laid = 0;
  #restsUntilMs = 0;
  /** Only the listener is waited for, and has been laid where it is. */
  isIdle = false;
  /** Some went to the service in this turn. */
  #hasHandedOver = false;
  readonly #request = Buffer.alloc(requestOctets);
  readonly #frame = Buffer.alloc(lengthOctets + tcpOctetsMax);
  readonly #addressOctets = Buffer.alloc(4);

  constructor(
    libc: LibC,
    { fd, family }: Pick<BoundSocket, 'fd' | 'family'>,
    handler: Handler,
    counters: DnsCounters,
    service: Pick<TcpService, 'serve'>,
  ) {
    this.#libc = libc;
    this.#fd = fd;
    this.#places = Array.from({ length: briefMax }, () => {
      const name = Buffer.alloc(sockaddr6.octets);
      return { peer: new StreamPeer(name, family), name, fd: -1, sinceMs: 0, isAnswered: false };
    });
    this.#handler = handler;
    this.#counters = counters;
    this.#service = service;
  }

  /** Writes what is to be waited for, to `at` in what `poll` reads; returns how many descriptors. `briefMax` and one at most. */
  lay(into: Buffer, at: number, nowMs: number): number {
    const isResting = nowMs < this.#restsUntilMs;
    this.isIdle = this.#count === 0 && !isResting;
    // Less than nothing is left out by `poll`.
    layOne(into, at, isResting ? -1 : this.#fd);
    for (let index = 0; index < this.#count; index++) layOne(into, at + index + 1, (this.#places[index] as Brief).fd);
    this.#laid = this.#count;
    return this.#laid + 1;
  }

  /** How many descriptors were laid. */
  get laid(): number {
    return this.#laid + 1;
  }

  /** Milliseconds until `exchange` is to be called though nothing has arrived. */
  leftMs(nowMs: number): number {
    const oldest = this.#places[0] as Brief;
    const briefLeftMs = this.#count === 0 ? Number.POSITIVE_INFINITY : oldest.sinceMs + briefMs - nowMs;
    const restLeftMs = this.#restsUntilMs > nowMs ? this.#restsUntilMs - nowMs : Number.POSITIVE_INFINITY;
    return Math.max(0, Math.min(briefLeftMs, restLeftMs));
  }

  /**
   * Answers what has arrived, within a turn's time, and accepts. `polled`: what was laid at `at`, as `poll` has left it; `isReady`:
   * it has found some. True: the event loop has connections to take up.
   */
  exchange(polled: Buffer, at: number, nowMs: number, isReady = true): boolean {
    this.#hasHandedOver = false;
    this.#budget.begin();
    const laid = isReady ? this.#laid : 0;
    const count = this.#count;
    let kept = 0;
    for (let index = 0; index < count; index++) {
      const brief = this.#places[index] as Brief;
      const isReadable = index < laid && eventsAt(polled, at + index + 1) !== 0 && !this.#budget.isSpent;
      const isOurs = isReadable ? this.#read(brief, nowMs) : nowMs - brief.sinceMs < briefMs || this.#handOver(brief);
      if (isOurs) this.#swap(index, kept++);
    }
    this.#count = kept;
    this.#sort();
    if (isReady && eventsAt(polled, at) !== 0 && !this.#budget.isSpent) this.#accept(nowMs);
    this.isIdle = false;
    return this.#hasHandedOver;
  }

  /** Takes no new connection, answers what has arrived, and closes all. */
  close(): void {
    const polled = Buffer.alloc((briefMax + 1) * pollfd.octets);
    for (let round = 0; round < lastRoundsMax; round++) {
      const nowMs = performance.now();
      const count = this.lay(polled, 0, nowMs);
      if (this.#libc.poll(polled, count, 0) <= 0) break;
      this.exchange(polled, 0, nowMs);
    }
    this.#libc.close(this.#fd);
    for (const brief of this.#places.slice(0, this.#count)) this.#closeOne(brief);
    this.#count = 0;
  }

  /** Most are in their order, but for those that were just answered. */
  #sort(): void {
    const places = this.#places;
    for (let index = 1; index < this.#count; index++) {
      const { sinceMs } = places[index] as Brief;
      for (let at = index; at > 0 && (places[at - 1] as Brief).sinceMs > sinceMs; at--) this.#swap(at, at - 1);
    }
  }

  #swap(index: number, other: number): void {
    if (index === other) return;
    const brief = this.#places[index] as Brief;
    this.#places[index] = this.#places[other] as Brief;
    this.#places[other] = brief;
  }

  #accept(nowMs: number): void {
    for (let accepted = 0; accepted < briefMax; accepted++) {
      if (this.#count === briefMax) this.#makeRoom();
      const brief = this.#places[this.#count] as Brief;
      this.#addressOctets.writeUInt32LE(brief.name.length);
      const fd = this.#libc.accept4(this.#fd, brief.name, this.#addressOctets, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        const errno = this.#libc.errno();
        if (errno === EINTR) continue;
        if (errno === EAGAIN) return;
        // Out of descriptors, or a connection that was gone before it was accepted.
        this.#counters.tcpRefused++;
        if (errno === EMFILE || errno === ENFILE) this.#restsUntilMs = nowMs + restMs;
        return;
      }
      // Takes no place from those who may ask.
      if (this.#handler.gate?.verdict(brief.peer) === 'drop') {
        this.#libc.close(fd);
        continue;
      }
      this.#counters.tcpConnections++;
      this.#count++;
      brief.fd = fd;
      brief.sinceMs = nowMs;
      brief.isAnswered = false;
    }
  }

  /** The oldest goes to the service. */
  #makeRoom(): void {
    this.#handOver(this.#places[0] as Brief);
    for (let index = 1; index < this.#count; index++) this.#swap(index, index - 1);
    this.#count--;
  }

  /** True: it goes on being ours. */
  #read(brief: Brief, nowMs: number): boolean {
    const { fd, peer } = brief;
    const request = this.#request;
    const octets = this.#libc.recv(fd, request, requestOctets, MSG_DONTWAIT);
    if (octets < 0) {
      const errno = this.#libc.errno();
      if (errno === EAGAIN || errno === EINTR) return true;
      return this.#closeOne(brief);
    }
    if (octets === 0) return this.#closeOne(brief);
    const isOne = octets > lengthOctets && octets === lengthOctets + request.readUInt16BE(0);
    if (brief.isAnswered || !isOne)
      return this.#handOver(brief, { received: Buffer.from(request.subarray(0, octets)) });
    const reply = this.#handler(request.subarray(lengthOctets, octets), peer);
    // What cannot even be refused is no DNS client.
    if (reply === undefined) return this.#closeOne(brief);
    if (reply instanceof LaterReply) return this.#handOver(brief, { later: reply });
    brief.isAnswered = true;
    brief.sinceMs = nowMs;
    return this.#send(brief, reply);
  }

  #send(brief: Brief, reply: Buffer): boolean {
    const frame = this.#frame;
    const end = lengthOctets + reply.length;
    frame.writeUInt16BE(reply.length);
    frame.set(reply, lengthOctets);
    const sent = this.#libc.send(brief.fd, frame, end, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent === end) return true;
    if (sent < 0 && this.#libc.errno() !== EAGAIN && this.#libc.errno() !== EINTR) return this.#closeOne(brief);
    return this.#handOver(brief, { unsent: Buffer.from(frame.subarray(Math.max(0, sent), end)) });
  }

  #closeOne({ fd }: Brief): false {
    this.#counters.tcpConnections--;
    this.#libc.close(fd);
    return false;
  }

  /** The descriptor is Node's from now on, which counts it again. */
  #handOver({ fd }: Brief, begun: Begun = {}): false {
    this.#counters.tcpConnections--;
    this.#hasHandedOver = true;
    const socket = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
    socket.setNoDelay(true);
    this.#service.serve(socket, begun);
    return false;
  }
}

/** The client of one connection. Its address becomes text when it is asked for, which is rare. */
class StreamPeer implements Peer {
  readonly transport = 'tcp';
  readonly #name: Buffer;
  readonly octets: Uint8Array;

  constructor(name: Buffer, family: BoundSocket['family']) {
    this.#name = name;
    const [start, octets] = family === AF_INET ? [sockaddr.address, 4] : [sockaddr6.address, 16];
    this.octets = name.subarray(start, start + octets);
  }

  get address(): string {
    return hostOf(this.#name, 0);
  }
}

function layOne(into: Buffer, index: number, fd: number): void {
  const at = index * pollfd.octets;
  into.writeInt32LE(fd, at);
  into.writeUInt32LE(POLLIN, at + pollfd.events);
}

function eventsAt(polled: Buffer, index: number): number {
  return polled.readUInt16LE(index * pollfd.octets + pollfd.revents);
}
