// DNS over streams, however they were accepted (RFC 7766, RFC 9210): frames of a two-octet length and a message, any number a
// connection. `serve` takes a connected socket, so a TLS server can hand in its own.
// Limits, each against an abuse that has been seen: connections in all and per client address (tcp-connections.ts), a
// time within which a whole message must arrive (not an octet now and then), no reading from a client that does not read
// its replies, and `laterMax` replies of a connection that are still to come.

import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { Transport } from '../message/message.ts';
import type { DnsCounters } from '../server/counters.ts';
import type { Handler } from '../server/handler.ts';
import { addressOctets, LaterReply, type Peer } from '../server/peer.ts';
import { TcpConnections, type TcpLimits } from './tcp-connections.ts';
import { TcpFrames } from './tcp-frames.ts';
import { TcpTurns, type TurnTaker } from './tcp-turns.ts';

/** Unsent replies after which no more requests are read (CVE-2024-0760: a client that never reads). */
const unsentOctetsMax = 65_536;
/** Replies of one connection that are worked on: a transfer or two, and some forwarded questions. */
const laterMax = 16;
/** Bounds closing, so that a steady sender cannot hold it up: so many rounds of the event loop, then connections end. */
const lastRoundsMax = 64;

/** What was done on a connection before it came to the service: octets that were read, or of a reply that were not sent. */
export interface Begun {
  readonly received?: Buffer;
  readonly unsent?: Buffer;
  readonly later?: LaterReply;
}

export class TcpService {
  readonly #handler: Handler;
  readonly #connections: TcpConnections;
  readonly #turns = new TcpTurns();
  readonly #transport: Transport;

  constructor(handler: Handler, counters: DnsCounters, limits: TcpLimits, transport: 'tcp' | 'tls' = 'tcp') {
    this.#handler = handler;
    this.#transport = transport;
    this.#connections = new TcpConnections(limits, counters);
  }

  /** Queries have arrived whose turn is to come. */
  get hasWaiting(): boolean {
    return this.#turns.isWaiting;
  }

  /** Answers on a connected socket until it ends. The socket should allow half-open (RFC 7766 §6.2.3). */
  serve(socket: Socket, begun: Begun = {}): void {
    const address = socket.remoteAddress;
    socket.on('error', () => socket.destroy());
    // Gone before it was accepted.
    if (address === undefined) {
      socket.destroy();
      return;
    }
    const peer: Peer = { transport: this.#transport, address, octets: addressOctets(address) };
    // Takes no place from those who may ask.
    if (this.#handler.gate?.verdict(peer) === 'drop') {
      socket.destroy();
      return;
    }
    this.#connections.admit(socket, address);
    new TcpConnection(socket, peer, this.#handler, this.#connections, this.#turns).begin(begun);
  }

  /**
   * Closes once all that the kernel had taken for us has been read and answered: until a round of reading brings nothing.
   * Later replies that have not come by then are lost. The caller has stopped accepting.
   */
  async close(): Promise<void> {
    const connections = this.#connections;
    for (let round = 0, answered = -1; round < lastRoundsMax && answered !== connections.answered; round++) {
      answered = connections.answered;
      // Two, because a connection that was paused is read again from the next round on.
      await setImmediate();
      await setImmediate();
      this.#turns.finish();
    }
    // `end` sends what was answered; a client that does not close its side is cut off by the idle timer or by exit.
    for (const socket of connections.sockets()) {
      socket.end();
      socket.destroySoon();
    }
  }
}

class TcpConnection {
  readonly #socket: Socket;
  readonly #peer: Peer;
  readonly #handler: Handler;
  readonly #connections: TcpConnections;
  readonly #turns: TcpTurns;
  readonly #frames = new TcpFrames();
  /** Replies that are still to come. */
  #later = 0;

  constructor(socket: Socket, peer: Peer, handler: Handler, connections: TcpConnections, turns: TcpTurns) {
    this.#socket = socket;
    this.#peer = peer;
    this.#handler = handler;
    this.#connections = connections;
    this.#turns = turns;
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('drain', () => turns.add(this.#take));
    // Comes also while reading is paused, so perhaps with messages still to answer.
    socket.on('end', () => {
      if (!this.#frames.isWaiting) this.#end();
    });
    socket.on('close', () => turns.delete(this.#take));
  }

  begin({ received, unsent, later }: Begun): void {
    if (unsent !== undefined) this.#socket.write(unsent);
    if (later !== undefined) void this.#sendLater(later);
    if (received !== undefined) this.#received(received);
  }

  #received(chunk: Buffer): void {
    this.#frames.push(chunk);
    if (!this.#frames.isWaiting) return;
    if (this.#frames.isSingle && this.#turns.takesAtOnce()) {
      this.#answerAtOnce();
      return;
    }
    // What has arrived is answered before more is read.
    this.#socket.pause();
    this.#turns.add(this.#take);
  }

  /** The client has too much to read, or to wait for, before it may ask on. */
  get #isFull(): boolean {
    return this.#socket.writableLength > unsentOctetsMax || this.#later >= laterMax;
  }

  readonly #take: TurnTaker = (limit, budget) => {
    const socket = this.#socket;
    socket.cork();
    for (let answered = 0; answered < limit && !this.#isFull && !socket.destroyed; answered++) {
      if (answered > 0 && budget.isSpent) break;
      const message = this.#frames.next();
      if (message === undefined) break;
      this.#answer(message);
    }
    socket.uncork();
    const hasMore = this.#frames.isWaiting && !socket.destroyed;
    if (!hasMore && !this.#isFull) {
      if (socket.readableEnded) this.#end();
      else socket.resume();
    }
    return hasMore && !this.#isFull;
  };

  #answerAtOnce(): void {
    const message = this.#frames.next();
    if (message !== undefined) this.#answer(message);
    if (this.#isFull) this.#socket.pause();
  }

  #answer(message: Buffer): void {
    const reply = this.#handler(message, this.#peer);
    // What cannot even be refused (a response, a fragment of a header) is no DNS client.
    if (reply === undefined) this.#socket.destroy();
    else if (reply instanceof LaterReply) void this.#sendLater(reply);
    else this.#send(reply);
  }

  #send(reply: Buffer): void {
    this.#connections.touch(this.#socket);
    // Copied, since two buffers are a dearer call of the system than one.
    const frame = Buffer.allocUnsafe(2 + reply.length);
    frame[0] = reply.length >> 8;
    frame[1] = reply.length;
    frame.set(reply, 2);
    this.#socket.write(frame);
  }

  /** Its messages go out as they come, between other replies (RFC 7766 §6.2.1.1), no faster than the client reads. */
  async #sendLater({ messages }: LaterReply): Promise<void> {
    const socket = this.#socket;
    this.#later++;
    try {
      for await (const message of messages) {
        if (socket.destroyed) break;
        socket.cork();
        this.#send(message);
        socket.uncork();
        if (socket.writableLength > unsentOctetsMax) await drained(socket);
      }
    } catch {
      // What was sent is incomplete, and nothing else shows it.
      socket.destroy();
    }
    this.#later--;
    if (!socket.destroyed) this.#turns.add(this.#take);
  }

  /**
   * Our side ends when all is sent. Where the kernel has it all, closing does as well as shutting down first and is one
   * call of the system less; TLS has a message of its own for it (RFC 8446 §6.1).
   */
  #end(): void {
    if (this.#later > 0) return;
    const socket = this.#socket;
    if (this.#peer.transport === 'tcp' && socket.writableLength === 0) socket.destroy();
    else socket.end();
  }
}

/** Resolves when the client has read, or is gone. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
    if (socket.destroyed) done();
  });
}
