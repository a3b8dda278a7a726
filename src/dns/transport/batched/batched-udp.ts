// The datagram transport that makes one system call do the work of 64 (recvmmsg, sendmmsg). For a thread of its own: it
// waits for datagrams itself, since Node's event loop can watch no descriptor that Node has not opened. So that TCP,
// messages and timers of the same thread live on, it waits for the event loop's own descriptor as well (see
// loop-descriptor.ts): whatever wakes the loop wakes it, and a change that the main thread posts is applied at once.
// Nothing spins: an idle thread wakes up `waitMs` apart for the timers, which no descriptor announces.
// A turn of ours is an immediate of the loop. It waits only when two turns before it had nothing to do for the loop: what
// the loop's callbacks start, it passes to the kernel only in its next turn. Work that no descriptor shows
// (immediates of its own) announces it through `yieldTo`.
// Streams are accepted here as well, and those that ask one question are answered here (brief-streams.ts).
// Limits: a flood of datagrams gives the loop a turn whenever it has something, after 64 datagrams a socket at most.

import type { Listen, ListenFailure } from '../../../model/listen.ts';
import type { DnsCounters } from '../../server/counters.ts';
import type { Handler } from '../../server/handler.ts';
import type { TcpListener } from '../tcp.ts';
import type { TcpLimits } from '../tcp-connections.ts';
import { TcpService } from '../tcp-service.ts';
import type { UdpListener, UdpTransport } from '../udp.ts';
import { openStreamSocket } from './bound-socket.ts';
import { BriefStreams, briefMax } from './brief-streams.ts';
import { openDatagramSocket } from './datagram-socket.ts';
import { type LibC, loadLibC, type Unavailable } from './libc.ts';
import { EINTR, POLLIN, POLLNVAL, pollfd } from './linux.ts';
import { findLoopDescriptor } from './loop-descriptor.ts';
import { DatagramRing, slotCount } from './ring.ts';

/** By so much a timer of this thread may be late: they are for connections, of ten seconds and more. Each wake costs 0.1 ms. */
const waitMs = 500;
/** Turns without work of the event loop before the thread waits. */
const quietTurnsMin = 2;
/** A socket that is closed answers what has arrived: so many rings, however much comes in meanwhile. */
const lastRingsMax = 64;

interface Served {
  readonly fd: number;
  readonly ring: DatagramRing;
}

/** Batched sockets of this thread, or why there are none. To be called on the thread that is to serve them. */
export async function openBatchedUdp(): Promise<UdpTransport | Unavailable> {
  const libc = await loadLibC();
  if ('unavailable' in libc) return libc;
  const loop = await findLoopDescriptor(libc);
  return typeof loop === 'number' ? new BatchedUdp(libc, loop) : loop;
}

class BatchedUdp implements UdpTransport {
  readonly name = 'batched';
  readonly takesWildcards = true;
  readonly #libc: LibC;
  readonly #loop: number;
  readonly #neighbours: (() => boolean)[] = [];
  #sockets: readonly Served[] = [];
  #streams: readonly BriefStreams[] = [];
  /** What `poll` reads: the event loop's descriptor, then those of the sockets, then those of the streams. */
  #descriptors = Buffer.alloc(0);
  #isRunning = false;
  #quietTurns = 0;
  /** Of streams: some wait for a time, and for how long at most. */
  #hasBrief = false;
  #streamsLeftMs = waitMs;

  constructor(libc: LibC, loop: number) {
    this.#libc = libc;
    this.#loop = loop;
  }

  listen(
    listen: Listen,
    handler: Handler,
    counters: DnsCounters,
    reusePort = false,
  ): Promise<UdpListener | ListenFailure> {
    const socket = openDatagramSocket(this.#libc, listen, reusePort);
    if ('failed' in socket) return Promise.resolve(socket);
    const served = { fd: socket.fd, ring: new DatagramRing(this.#libc, socket, handler, counters) };
    this.#serve([...this.#sockets, served], this.#streams);
    const close = () => Promise.resolve(this.#close(served));
    return Promise.resolve({ listen: socket.listen, descriptor: socket.fd, close });
  }

  readonly listenTcp = (
    listen: Listen,
    handler: Handler,
    counters: DnsCounters,
    limits: TcpLimits,
    reusePort = false,
  ): Promise<TcpListener | ListenFailure> => {
    const socket = openStreamSocket(this.#libc, listen, reusePort);
    if ('failed' in socket) return Promise.resolve(socket);
    const service = new TcpService(handler, counters, limits);
    const streams = new BriefStreams(this.#libc, socket, handler, counters, service);
    this.#serve(this.#sockets, [...this.#streams, streams]);
    const close = async () => {
      if (!this.#streams.includes(streams)) return;
      this.#serve(
        this.#sockets,
        this.#streams.filter((other) => other !== streams),
      );
      streams.close();
      await service.close();
    };
    return Promise.resolve({
      listen: socket.listen,
      descriptor: socket.fd,
      get hasWaiting() {
        return service.hasWaiting;
      },
      close,
    });
  };

  yieldTo(isBusy: () => boolean): void {
    this.#neighbours.push(isBusy);
  }

  readonly #turn = (): void => {
    if (this.#sockets.length + this.#streams.length === 0) {
      this.#isRunning = false;
      return;
    }
    if (this.#hasWaiting || this.#neighbours.some((isBusy) => isBusy())) this.#quietTurns = 0;
    if (this.#quietTurns < quietTurnsMin) {
      const isLoopReady = this.#poll(0);
      this.#quietTurns = isLoopReady ? 0 : this.#quietTurns + 1;
    } else {
      this.#waitAndServe();
    }
    setImmediate(this.#turn);
  };

  /** Serves datagrams until the loop has something to do, or may have. */
  #waitAndServe(): void {
    const endMs = performance.now() + waitMs;
    for (let leftMs = waitMs; leftMs > 0; leftMs = endMs - performance.now()) {
      // Deferred requests have given the loop its turn.
      if (this.#poll(Math.ceil(leftMs)) || this.#hasWaiting) {
        this.#quietTurns = 0;
        return;
      }
    }
    this.#quietTurns = quietTurnsMin - 1;
  }

  /** Waits for `timeoutMs` at most, answers what is there, a ring of each socket. True: the event loop has something to do. */
  #poll(timeoutMs: number): boolean {
    const streamsAt = this.#sockets.length + 1;
    const count = this.#layStreams(streamsAt);
    const ready = this.#libc.poll(this.#descriptors, count, Math.min(timeoutMs, this.#streamsLeftMs));
    if (ready < 0 && this.#libc.errno() !== EINTR) throw new Error(`poll failed: errno ${this.#libc.errno()}`);
    if (ready <= 0 && !this.#hasWaiting) return this.#hasBrief && this.#exchangeStreams(streamsAt, ready);
    for (let index = 0; index < this.#sockets.length; index++) {
      const { ring } = this.#sockets[index] as Served;
      if (this.#eventsOf(index + 1) !== 0 || ring.hasWaiting) ring.exchange();
    }
    const hasHandedOver = this.#exchangeStreams(streamsAt, ready);
    return this.#eventsOf(0) !== 0 || hasHandedOver;
  }

  /** Returns how many descriptors there are then. */
  #layStreams(at: number): number {
    if (this.#areStreamsIdle) return at + this.#streams.length;
    const nowMs = performance.now();
    let [next, leftMs] = [at, Number.POSITIVE_INFINITY];
    for (const streams of this.#streams) {
      next += streams.lay(this.#descriptors, next, nowMs);
      leftMs = Math.min(leftMs, streams.leftMs(nowMs));
    }
    this.#hasBrief = leftMs !== Number.POSITIVE_INFINITY;
    this.#streamsLeftMs = this.#hasBrief ? Math.ceil(leftMs) : waitMs;
    return next;
  }

  /** True: the loop has connections to take up. `ready`: what `poll` has returned. */
  #exchangeStreams(at: number, ready: number): boolean {
    if (this.#areStreamsIdle && !this.#hasEventsFrom(at)) return false;
    const nowMs = performance.now();
    let next = at;
    let hasHandedOver = false;
    for (const streams of this.#streams) {
      const { laid } = streams;
      if (streams.exchange(this.#descriptors, next, nowMs, ready > 0)) hasHandedOver = true;
      next += laid;
    }
    return hasHandedOver;
  }

  /** Nothing but their listeners is to be waited for, and these have been laid. */
  get #areStreamsIdle(): boolean {
    for (const streams of this.#streams) if (!streams.isIdle) return false;
    return true;
  }

  #hasEventsFrom(at: number): boolean {
    for (let index = at; index < at + this.#streams.length; index++) if (this.#eventsOf(index) !== 0) return true;
    return false;
  }

  get #hasWaiting(): boolean {
    return this.#sockets.some(({ ring }) => ring.hasWaiting);
  }

  #eventsOf(index: number): number {
    const events = this.#descriptors.readUInt16LE(index * pollfd.octets + pollfd.revents);
    if ((events & POLLNVAL) !== 0) throw new Error('a descriptor of the datagram transport was closed elsewhere');
    return events;
  }

  #serve(sockets: readonly Served[], streams: readonly BriefStreams[]): void {
    this.#sockets = sockets;
    this.#streams = streams;
    for (const one of streams) one.isIdle = false;
    this.#descriptors = Buffer.alloc((1 + sockets.length + streams.length * (briefMax + 1)) * pollfd.octets);
    if (!this.#isRunning && sockets.length + streams.length > 0) {
      this.#isRunning = true;
      setImmediate(this.#turn);
    }
    for (const [index, fd] of [this.#loop, ...sockets.map((served) => served.fd)].entries()) {
      this.#descriptors.writeInt32LE(fd, index * pollfd.octets);
      this.#descriptors.writeUInt16LE(POLLIN, index * pollfd.octets + pollfd.events);
    }
  }

  /** Idempotent. */
  #close(served: Served): void {
    if (!this.#sockets.includes(served)) return;
    const { ring } = served;
    // One that a turn has begun is the first.
    if (ring.hasWaiting) ring.exchange(true);
    for (let rings = 0; rings < lastRingsMax && ring.exchange(true) === slotCount; rings++);
    ring.close();
    this.#libc.close(served.fd);
    this.#serve(
      this.#sockets.filter((other) => other !== served),
      this.#streams,
    );
  }
}
