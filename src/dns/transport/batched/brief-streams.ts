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

interface Brief {
  readonly fd: number;
  readonly peer: Peer;
  readonly sinceMs: number;
  isAnswered: boolean;
}

export class BriefStreams {
  readonly #libc: LibC;
  readonly #fd: number;
  readonly #family: BoundSocket['family'];
  readonly #handler: Handler;
  readonly #counters: DnsCounters;
  readonly #service: Pick<TcpService, 'serve'>;
  readonly #budget = new TurnBudget();
  /** In the order of their arrival. */
  #open: Brief[] = [];
  /** Of `#open`, those that the last `lay` has laid. */
  #laid = 0;
  #restsUntilMs = 0;
  /** Only the listener is waited for, and has been laid where it is. */
  isIdle = false;
  /** Those that have ended in this turn. */
  readonly #left = new Set<Brief>();
  /** Some went to the service in this turn. */
  #hasHandedOver = false;
  readonly #request = Buffer.alloc(requestOctets);
  readonly #frame = Buffer.alloc(lengthOctets + tcpOctetsMax);
  readonly #address = Buffer.alloc(sockaddr6.octets);
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
    this.#family = family;
    this.#handler = handler;
    this.#counters = counters;
    this.#service = service;
  }

  /** Writes what is to be waited for, to `at` in what `poll` reads; returns how many descriptors. `briefMax` and one at most. */
  lay(into: Buffer, at: number, nowMs: number): number {
    const isResting = nowMs < this.#restsUntilMs;
    this.isIdle = this.#open.length === 0 && !isResting;
    // Less than nothing is left out by `poll`.
    layOne(into, at, isResting ? -1 : this.#fd);
    for (let index = 0; index < this.#open.length; index++)
      layOne(into, at + index + 1, (this.#open[index] as Brief).fd);
    this.#laid = this.#open.length;
    return this.#laid + 1;
  }

  /** How many descriptors were laid. */
  get laid(): number {
    return this.#laid + 1;
  }

  /** Milliseconds until `exchange` is to be called though nothing has arrived. */
  leftMs(nowMs: number): number {
    const [oldest] = this.#open;
    const briefLeftMs = oldest === undefined ? Number.POSITIVE_INFINITY : oldest.sinceMs + briefMs - nowMs;
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
    const connections = this.#open;
    const laid = isReady ? this.#laid : 0;
    let hasLeft = false;
    for (let index = 0; index < connections.length; index++) {
      const brief = connections[index] as Brief;
      const isReadable = index < laid && eventsAt(polled, at + index + 1) !== 0 && !this.#budget.isSpent;
      const isOurs = isReadable ? this.#read(brief) : nowMs - brief.sinceMs < briefMs || this.#handOver(brief);
      if (isOurs) continue;
      hasLeft = true;
      this.#left.add(brief);
    }
    if (hasLeft) {
      this.#open = connections.filter((brief) => !this.#left.has(brief));
      this.#left.clear();
    }
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
    for (const brief of this.#open) this.#closeOne(brief);
    this.#open = [];
  }

  #accept(nowMs: number): void {
    for (let accepted = 0; accepted < briefMax; accepted++) {
      this.#addressOctets.writeUInt32LE(this.#address.length);
      const fd = this.#libc.accept4(this.#fd, this.#address, this.#addressOctets, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        const errno = this.#libc.errno();
        if (errno === EINTR) continue;
        if (errno === EAGAIN) return;
        // Out of descriptors, or a connection that was gone before it was accepted.
        this.#counters.tcpRefused++;
        if (errno === EMFILE || errno === ENFILE) this.#restsUntilMs = nowMs + restMs;
        return;
      }
      const peer = new StreamPeer(Buffer.from(this.#address), this.#family);
      // Takes no place from those who may ask.
      if (this.#handler.gate?.verdict(peer) === 'drop') {
        this.#libc.close(fd);
        continue;
      }
      if (this.#open.length === briefMax) this.#handOver(this.#open.shift() as Brief);
      this.#counters.tcpConnections++;
      this.#open.push({ fd, peer, sinceMs: nowMs, isAnswered: false });
    }
  }

  /** True: it goes on being ours. */
  #read(brief: Brief): boolean {
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
