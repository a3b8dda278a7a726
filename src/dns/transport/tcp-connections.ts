// Open connections, the longest idle first, and how many each client has. The longest idle one makes room for a new one,
// and a connection without a whole message for the idle time is closed.

import type { Socket } from 'node:net';
import type { DnsCounters } from '../server/counters.ts';

export interface TcpLimits {
  /** From connecting, or from the last whole message, to the next whole message. */
  readonly idleMs: number;
  readonly connectionsMax: number;
  readonly connectionsPerClientMax: number;
}

export class TcpConnections {
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
