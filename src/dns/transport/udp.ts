// The datagram transport on Node's own sockets, one per address. A reply that cannot be sent is counted and forgotten, as
// UDP allows; nothing here can throw out. Node hands over up to 32 datagrams at once: those that come when the turn's
// time is spent are queued for the next one.
// Limits: `queuedMax` datagrams in the queue and `laterMax` replies that are still to come; what is beyond is dropped and
// counted.

import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Listen, ListenFailure } from '../../model/listen.ts';
import { udpOctetsMax } from '../message/message.ts';
import { firstMessage } from '../server/answer-message.ts';
import type { DnsCounters } from '../server/counters.ts';
import type { Handler } from '../server/handler.ts';
import { LaterReply, type Peer } from '../server/peer.ts';
import type { listenTcp } from './tcp.ts';
import { TurnBudget } from './turn-budget.ts';

/** Bursts wait here while the loop does other work: about 4000 queries. The kernel may cap it lower. */
const receiveBufferOctets = 4 * 1024 * 1024;

export interface UdpListener {
  /** Where Node does not own the socket: it outlives its thread unless it is closed. */
  readonly descriptor?: number;
  readonly listen: Listen;
  /** Answers what has arrived, then closes. */
  close(): Promise<void>;
}

/** How datagrams come and go. */
export interface UdpTransport {
  readonly name: 'dgram' | 'batched';
  /** At a wildcard, replies leave from the address that was asked. */
  readonly takesWildcards: boolean;
  /** `reusePort`: other sockets of this user may listen there too, and each gets a share of the clients (SO_REUSEPORT). */
  listen(
    listen: Listen,
    handler: Handler,
    counters: DnsCounters,
    reusePort?: boolean,
  ): Promise<UdpListener | ListenFailure>;
  /** How streams are accepted; Node's own listener unless given. */
  readonly listenTcp?: typeof listenTcp;
  /** The thread has work besides its descriptors while `isBusy` is true: the transport then never waits for datagrams. */
  yieldTo(isBusy: () => boolean): void;
}

/** Shares the event loop with all else. */
export const dgramUdp: UdpTransport = { name: 'dgram', takesWildcards: false, listen: listenUdp, yieldTo: () => {} };

/** `reusePort`: other sockets of this user may listen there too, and each gets a share of the clients (SO_REUSEPORT). */
export function listenUdp(
  listen: Listen,
  handler: Handler,
  counters: DnsCounters,
  reusePort = false,
): Promise<UdpListener | ListenFailure> {
  const type = isIPv6(listen.host) ? 'udp6' : 'udp4';
  // Replies go to addresses, never to names: without this, every send would take a turn through the name look-up.
  const socket = createSocket({
    type,
    ipv6Only: type === 'udp6',
    reusePort,
    lookup: (host, _options, done) => done(null, host, type === 'udp6' ? 6 : 4),
  });
  const answering = new DatagramAnswers(socket, handler, counters);
  socket.on('message', (bytes, { address, port }) => answering.received({ bytes, address, port }));
  return new Promise((resolve) => {
    socket.once('error', (error) => {
      socket.close();
      resolve({ failed: listen, error });
    });
    socket.bind({ address: listen.host, port: listen.port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      // A reply that could not be sent, or ECONNREFUSED from an ICMP message about an earlier one. Not a callback of
      // `send`: that would cost a turn of the event loop for every reply.
      socket.on('error', () => counters.sendErrors++);
      setReceiveBuffer(socket);
      resolve({
        listen: { host: listen.host, port: socket.address().port },
        close: () => closed(socket, answering),
      });
    });
  });
}

interface Datagram {
  readonly bytes: Buffer;
  readonly address: string;
  readonly port: number;
}

/** A second of a client that asks for the dearest answers. */
const queuedMax = 1024;
/** Replies of one socket that are worked on. */
export const laterMax = 1024;

class DatagramAnswers {
  readonly #socket: Socket;
  readonly #handler: Handler;
  readonly #counters: DnsCounters;
  readonly #cached = Buffer.alloc(udpOctetsMax);
  readonly #budget = new TurnBudget();
  readonly #queue: Datagram[] = [];
  #hasTurn = false;
  #later = 0;
  #isClosed = false;
  /** So far. */
  count = 0;

  constructor(socket: Socket, handler: Handler, counters: DnsCounters) {
    this.#socket = socket;
    this.#handler = handler;
    this.#counters = counters;
  }

  received(datagram: Datagram): void {
    this.count++;
    // No client sends from port 0, and a send to it fails.
    if (datagram.port === 0) return;
    if (!this.#hasTurn) {
      this.#hasTurn = true;
      this.#budget.begin();
      setImmediate(this.#nextTurn);
    }
    if (this.#queue.length === 0 && !this.#budget.isSpent) this.#answer(datagram);
    else if (this.#queue.length < queuedMax) this.#queue.push(datagram);
    else this.#counters.dropped++;
  }

  /** Answers what is queued, however long it takes: before closing. */
  finish(): void {
    for (const datagram of this.#queue.splice(0)) this.#answer(datagram);
    this.#isClosed = true;
  }

  readonly #nextTurn = (): void => {
    this.#hasTurn = false;
    if (this.#queue.length === 0) return;
    this.#hasTurn = true;
    this.#budget.begin();
    setImmediate(this.#nextTurn);
    let answered = 0;
    for (const datagram of this.#queue) {
      this.#answer(datagram);
      answered++;
      if (this.#budget.isSpent) break;
    }
    this.#queue.splice(0, answered);
  };

  #answer({ bytes, address, port }: Datagram): void {
    const peer: Peer = { transport: 'udp', address };
    const octets = this.#handler.fromCache?.(bytes, 0, bytes.length, this.#cached, 0, peer) ?? 0;
    if (octets < 0) return;
    // A copy, since a socket that cannot send at once keeps it.
    const reply = octets > 0 ? Buffer.from(this.#cached.subarray(0, octets)) : this.#handler(bytes, peer);
    if (reply instanceof LaterReply) void this.#sendLater(reply, address, port);
    else if (reply !== undefined) this.#socket.send(reply, 0, reply.length, port, address);
  }

  async #sendLater(reply: LaterReply, address: string, port: number): Promise<void> {
    if (this.#later >= laterMax) {
      this.#counters.dropped++;
      return;
    }
    this.#later++;
    const message = await firstMessage(reply);
    this.#later--;
    if (message !== undefined && !this.#isClosed) this.#socket.send(message, 0, message.length, port, address);
  }
}

function setReceiveBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(receiveBufferOctets);
  } catch {
    // Only a shorter queue: the kernel's default stays.
  }
}

/** Bounds draining, so that a steady sender cannot hold the socket open: rounds of the event loop, each of 32 datagrams. */
const lastRoundsMax = 128;

/** Closes once a round of reading has brought nothing. */
async function closed(socket: Socket, answering: DatagramAnswers): Promise<void> {
  for (let round = 0, before = -1; round < lastRoundsMax && before !== answering.count; round++) {
    before = answering.count;
    // Two, because the first may end the round in which this was called, whose reading is over.
    await nextTurn();
    await nextTurn();
  }
  answering.finish();
  await new Promise<void>((resolve) => {
    socket.close(resolve);
  });
}
