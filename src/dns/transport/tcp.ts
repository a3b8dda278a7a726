// The TCP listener: accepts connections and hands them to the service that answers on them (tcp-service.ts).

import { createServer } from 'node:net';
import type { Listen, ListenFailure } from '../../model/listen.ts';
import type { DnsCounters } from '../server/counters.ts';
import type { Handler } from '../server/handler.ts';
import type { TcpLimits } from './tcp-connections.ts';
import { TcpService } from './tcp-service.ts';

export interface TcpListener {
  /** Where Node does not own the socket: it outlives its thread unless it is closed. */
  readonly descriptor?: number;
  readonly listen: Listen;
  /** Queries have arrived whose turn is to come. */
  readonly hasWaiting: boolean;
  /** Takes no new connection, answers what has arrived, closes all. */
  close(): Promise<void>;
}

/** `reusePort`: as with listenUdp. */
export function listenTcp(
  listen: Listen,
  handler: Handler,
  counters: DnsCounters,
  limits: TcpLimits,
  reusePort = false,
): Promise<TcpListener | ListenFailure> {
  const service = new TcpService(handler, counters, limits);
  // Half-open is legal: a client may send its queries, close its side and wait for the answers (RFC 7766 §6.2.3).
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => service.serve(socket));
  const close = async () => {
    const isClosed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    await service.close();
    await isClosed;
  };
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
          return service.hasWaiting;
        },
        close,
      });
    });
  });
}
