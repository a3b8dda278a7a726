// DNS over TLS (RFC 7858, RFC 8310): accepts connections, has Node's TLS talk to them, and hands the streams to the service
// that answers on TCP, so that limits, turns and reuse of connections are the same. ALPN is `dot`; a client that offers
// none is served, one that offers only others is refused. Sessions are resumed by tickets; early data (0-RTT), which could
// be sent again by others, and renegotiation are not spoken.
// A new certificate counts for handshakes from then on and brings new keys for tickets: connections stay, sessions do not.
// Limits: `handshakeMs` for a handshake, `handshakesMax` of them at a time. The oldest makes room, since a legitimate one takes
// a few round trips and the oldest of a flood takes for ever.

import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { Listen, ListenFailure } from '../../model/listen.ts';
import { tlsPolicy } from '../../runtime/tls-policy.ts';
import type { DnsCounters } from '../server/counters.ts';
import type { Handler } from '../server/handler.ts';
import { addressOctets } from '../server/peer.ts';
import { wildcardsOf } from './listen.ts';
import type { TcpLimits } from './tcp-connections.ts';
import { TcpService } from './tcp-service.ts';

const handshakeMs = 5000;
const handshakesMax = 256;

/** PEM: a certificate with its chain, and its key. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface DnsTlsDeps {
  readonly handler: Handler;
  readonly counters: DnsCounters;
  readonly tcp: TcpLimits;
  readonly pair: KeyPair;
}

export interface TlsServer {
  /** With the ports that were given for port 0. */
  readonly listens: readonly Listen[];
  renew(pair: KeyPair): void;
  /** Takes no new connection, answers what has arrived, closes all. */
  close(): Promise<void>;
}

/** All open or none. One service for all addresses. */
export async function listenTls(wanted: readonly Listen[], deps: DnsTlsDeps): Promise<TlsServer | ListenFailure> {
  const service = new TcpService(deps.handler, deps.counters, deps.tcp, 'tls');
  const handshakes = new Handshakes(deps, (socket) => service.serve(socket));
  const open: { readonly listen: Listen; close(): Promise<void> }[] = [];
  const close = async () => {
    const areClosed = open.map((one) => one.close());
    handshakes.close();
    await service.close();
    await Promise.all(areClosed);
  };
  for (const listen of wanted.flatMap(wildcardsOf)) {
    const opened = await listenOn(listen, (socket) => handshakes.begin(socket), deps.counters);
    if ('failed' in opened) {
      await close();
      return opened;
    }
    open.push(opened);
  }
  return {
    listens: open.map(({ listen }) => listen),
    renew: (pair) => handshakes.renew(pair),
    close,
  };
}

function listenOn(
  { host, port }: Listen,
  accept: (socket: Socket) => void,
  counters: DnsCounters,
): Promise<{ readonly listen: Listen; close(): Promise<void> } | ListenFailure> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, accept);
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  return new Promise((resolve) => {
    server.once('error', (error) => resolve({ failed: { host, port }, error }));
    server.listen({ host, port, ipv6Only: true, exclusive: true, backlog: 511 }, () => {
      server.removeAllListeners('error');
      // Out of descriptors: the connection is refused, the server goes on.
      server.on('error', () => counters.tcpRefused++);
      resolve({ listen: { host, port: (server.address() as { port: number }).port }, close });
    });
  });
}

/** Connections whose handshake is in progress, the oldest first. */
class Handshakes {
  readonly #handshakes = new Map<string, Socket>();
  readonly #tls: ReturnType<typeof createTlsServer>;
  readonly #handler: Handler;
  readonly #counters: DnsCounters;

  constructor({ handler, counters, pair }: DnsTlsDeps, done: (socket: TLSSocket) => void) {
    this.#handler = handler;
    this.#counters = counters;
    this.#tls = createTlsServer({
      ...contextOf(pair),
      ALPNProtocols: ['dot'],
      handshakeTimeout: handshakeMs,
      allowHalfOpen: true,
    });
    this.#tls.on('secureConnection', (socket) => {
      this.#handshakes.delete(keyOf(socket));
      counters.tlsHandshakes++;
      if (socket.isSessionReused()) counters.tlsResumed++;
      done(socket);
    });
    this.#tls.on('tlsClientError', (_error, socket) => {
      counters.tlsFailed++;
      socket.destroy();
    });
  }

  begin(socket: Socket): void {
    const { remoteAddress: address } = socket;
    socket.on('error', () => socket.destroy());
    // Gone already, or of a network that may not ask: it costs no handshake.
    const peer = { transport: 'tls', address: address ?? '', octets: addressOctets(address ?? '') } as const;
    if (address === undefined || this.#handler.gate?.verdict(peer) === 'drop') {
      socket.destroy();
      return;
    }
    if (this.#handshakes.size >= handshakesMax) this.#endOldest();
    const key = keyOf(socket);
    this.#handshakes.set(key, socket);
    socket.once('close', () => {
      if (this.#handshakes.get(key) === socket) this.#handshakes.delete(key);
    });
    this.#tls.emit('connection', socket);
  }

  renew(pair: KeyPair): void {
    this.#tls.setSecureContext(contextOf(pair));
  }

  close(): void {
    for (const socket of this.#handshakes.values()) socket.destroy();
  }

  #endOldest(): void {
    for (const [key, socket] of this.#handshakes) {
      this.#handshakes.delete(key);
      this.#counters.tcpRefused++;
      socket.destroy();
      return;
    }
  }
}

function contextOf({ cert, key }: KeyPair) {
  return { cert, key, ...tlsPolicy } as const;
}

/** A stream over TLS has the addresses of the connection below it. */
function keyOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`;
}
