// The stream transport (RFC 7766, RFC 9210): frames of a two-octet length and a message, any number a connection.
// Limits, each against an abuse that has been seen: connections in all and per client address (the longest idle one
// makes room for a new one), a time within which a whole message must arrive (not an octet now and then), and no
// reading from a client that does not read its replies.

import { createServer, type Server, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { DnsCounters } from '../server/counters.ts';
import type { Handler, Peer } from '../server/handler.ts';
import type { Listen, ListenFailure } from './listen.ts';
import { TcpFrames } from './tcp-frames.ts';
import { TcpTurns } from './tcp-turns.ts';

export interface TcpLimits {
  /** From connecting, or from the last whole message, to the next whole message. */
  readonly idleMs: number;
  readonly connectionsMax: number;
  readonly connectionsPerClientMax: number;
}

export interface TcpListener {
  readonly listen: Listen;
  /** Queries have arrived whose turn is to come. */
  readonly hasWaiting: boolean;
  /** Takes no new connection, answers what has arrived, closes all. */
  close(): Promise<void>;
}

/** Unsent replies after which no more requests are read (CVE-2024-0760: a client that never reads). */
const unsentOctetsMax = 65_536;

/** `reusePort`: as with listenUdp. */
export function listenTcp(
  listen: Listen,
  handler: Handler,
  counters: DnsCounters,
  limits: TcpLimits,
  reusePort = false,
): Promise<TcpListener | ListenFailure> {
  const connections = new Connections(limits, counters);
  const turns = new TcpTurns();
  // Half-open is legal: a client may send its queries, close its side and wait for the answers (RFC 7766 §6.2.3).
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const address = socket.remoteAddress;
    // Gone before it was accepted.
    if (address === undefined) {
      socket.destroy();
      return;
    }
    connections.admit(socket, address);
    serve(socket, handler, { transport: 'tcp', address }, connections, turns);
  });
  return new Promise((resolve) => {
    server.once('error', (error) => resolve({ failed: listen, error }));
    const { host, port } = listen;
    server.listen({ host, port, ipv6Only: true, exclusive: true, reusePort, backlog: 511 }, () => {
      server.removeAllListeners('error');
      // Out of descriptors: the connection is refused, the server goes on.
      server.on('error', () => counters.tcpRefused++);
      const { port: taken } = server.address() as { port: number };
      resolve({
        listen: { host, port: taken },
        get hasWaiting() {
          return turns.isWaiting;
        },
        close: () => closed(server, connections, turns),
      });
    });
  });
}

function serve(socket: Socket, handler: Handler, peer: Peer, connections: Connections, turns: TcpTurns): void {
  const frames = new TcpFrames();
  /** The client has too much to read before it may ask on. */
  let isFull = false;
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    frames.push(chunk);
    if (!frames.isWaiting) return;
    // What has arrived is answered before more is read.
    socket.pause();
    turns.add(take);
  });
  socket.on('drain', () => {
    isFull = false;
    turns.add(take);
  });
  // Comes also while reading is paused, so perhaps with messages still to answer.
  socket.on('end', () => {
    if (!frames.isWaiting) socket.end();
  });
  socket.on('close', () => turns.delete(take));

  function take(limit: number): { answered: number; hasMore: boolean } {
    let answered = 0;
    socket.cork();
    while (answered < limit && !isFull && !socket.destroyed) {
      const message = frames.next();
      if (message === undefined) break;
      answered++;
      answer(message);
    }
    socket.uncork();
    const hasMore = frames.isWaiting && !socket.destroyed;
    if (!hasMore && !isFull) {
      if (socket.readableEnded) socket.end();
      else socket.resume();
    }
    return { answered, hasMore: hasMore && !isFull };
  }

  function answer(message: Buffer): void {
    const reply = handler(message, peer);
    // What cannot even be refused (a response, a fragment of a header) is no DNS client.
    if (reply === undefined) {
      socket.destroy();
      return;
    }
    connections.touch(socket);
    const length = Buffer.allocUnsafe(2);
    length.writeUInt16BE(reply.length);
    socket.write(length);
    socket.write(reply);
    isFull = socket.writableLength > unsentOctetsMax;
  }
}

/** Who is connected, the longest idle first, and how many of each client. */
class Connections {
  readonly #limits: TcpLimits;
  readonly #counters: DnsCounters;
  /** In order of the last whole message. */
  readonly #idle = new Map<Socket, { readonly address: string; readonly timer: NodeJS.Timeout }>();
  readonly #perClient = new Map<string, number>();
  /** Whole messages so far. */
  answered = 0;

  constructor(limits: TcpLimits, counters: DnsCounters) {
    this.#limits = limits;
    this.#counters = counters;
  }

  /** The longest idle connection, of this client or of all, makes room for one too many. */
  admit(socket: Socket, address: string): void {
    const { connectionsMax, connectionsPerClientMax, idleMs } = this.#limits;
    if ((this.#perClient.get(address) ?? 0) >= connectionsPerClientMax) this.#closeLongestIdle(address);
    if (this.#idle.size >= connectionsMax) this.#closeLongestIdle();
    // A timer of our own: socket.setTimeout starts again with every octet.
    const timer = setTimeout(() => socket.destroy(), idleMs);
    this.#idle.set(socket, { address, timer });
    this.#perClient.set(address, (this.#perClient.get(address) ?? 0) + 1);
    this.#counters.tcpConnections++;
    socket.once('close', () => this.#forget(socket));
  }

  /** A whole message was answered. */
  touch(socket: Socket): void {
    this.answered++;
    const connection = this.#idle.get(socket);
    if (connection === undefined) return;
    connection.timer.refresh();
    this.#idle.delete(socket);
    this.#idle.set(socket, connection);
  }

  sockets(): Socket[] {
    return [...this.#idle.keys()];
  }

  #closeLongestIdle(ofClient?: string): void {
    for (const [socket, { address }] of this.#idle) {
      if (ofClient !== undefined && address !== ofClient) continue;
      this.#counters.tcpRefused++;
      this.#forget(socket);
      socket.destroy();
      return;
    }
  }

  #forget(socket: Socket): void {
    const connection = this.#idle.get(socket);
    if (connection === undefined) return;
    clearTimeout(connection.timer);
    this.#idle.delete(socket);
    const left = (this.#perClient.get(connection.address) ?? 1) - 1;
    if (left === 0) this.#perClient.delete(connection.address);
    else this.#perClient.set(connection.address, left);
    this.#counters.tcpConnections--;
  }
}

/** A client that keeps sending does not keep the server: so many rounds of the event loop, then its connection ends. */
const lastRoundsMax = 64;

/** Closes once all that the kernel had taken for us has been read and answered: until a round of reading brings nothing. */
async function closed(server: Server, connections: Connections, turns: TcpTurns): Promise<void> {
  const isClosed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  for (let round = 0, answered = -1; round < lastRoundsMax && answered !== connections.answered; round++) {
    answered = connections.answered;
    // Two, because a connection that was paused is read again from the next round on.
    await setImmediate();
    await setImmediate();
    turns.finish();
  }
  // `end` sends what was answered; a client that does not close its side is cut off by the idle timer or by exit.
  for (const socket of connections.sockets()) {
    socket.end();
    socket.destroySoon();
  }
  return isClosed;
}
